import { expect, test } from 'vitest'
import { candidatesOf, gitHostOf, remotesIn } from '../../../src/cli/commands/repository-here.ts'

const line = (name: string, address: string) => `${name}\t${address} (fetch)\n${name}\t${address} (push)`

test.each([
  ['https://github.com/ada/web.git', 'github.com', 'ada/web'],
  ['https://github.com/ada/web', 'github.com', 'ada/web'],
  ['https://ada:token@github.com/ada/web.git/', 'github.com', 'ada/web'],
  ['git@github.com:Ada/Web.git', 'github.com', 'Ada/Web'],
  ['github.com:ada/web', 'github.com', 'ada/web'],
  ['ssh://git@GitHub.com/ada/web.git', 'github.com', 'ada/web'],
  ['ssh://git@ssh.github.com:443/ada/web.git', 'ssh.github.com:443', 'ada/web'],
  ['http://127.0.0.1:4303/you/project.git', '127.0.0.1:4303', 'you/project'],
  ['git@work:ada/.github.git', 'work', 'ada/.github'],
])('the remote %s is a repository', (address, host, repository) => {
  expect(remotesIn(line('origin', address))).toEqual([{ name: 'origin', host, repository }])
})

test.each([
  ...['/srv/git/ada/web.git', '../ada/web', 'file:///srv/ada/web', 'C:/ada/web', 'https://github.com/ada'],
  ...['https://gitlab.com/group/sub/web.git', 'git@github.com:ada/..', 'git@github.com:ada/web;id', ''],
])('the remote %j is none', address => {
  expect(remotesIn(line('origin', address))).toEqual([])
})

test.each([
  ['https://api.github.com', 'github.com'],
  ['https://github.example.com/api/v3', 'github.example.com'],
  ['http://127.0.0.1:4303/api/v3', '127.0.0.1:4303'],
])('with the API %s, git is on %s', (api, host) => {
  expect(gitHostOf(api)).toBe(host)
})

test('of several remotes those on the GitHub of the stack count, that of the branch first', () => {
  const remotes = remotesIn(
    [
      line('local', 'http://127.0.0.1:4303/you/project.git'),
      line('upstream', 'git@github.com:team/web.git'),
      line('mine', 'git@github.com:ada/web.git'),
      line('origin', 'git@github.com:ada/fork.git'),
    ].join('\n'),
  )
  expect(candidatesOf(remotes, 'github.com', '')).toEqual(['ada/fork', 'team/web', 'ada/web'])
  expect(candidatesOf(remotes, 'github.com', 'mine')).toEqual(['ada/web', 'ada/fork', 'team/web'])
  expect(candidatesOf(remotes, '127.0.0.1:4303', 'mine')).toEqual(['you/project'])
  expect(candidatesOf(remotesIn(line('origin', 'work:ada/web')), 'github.com', '')).toEqual(['ada/web'])
})
