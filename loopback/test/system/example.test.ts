import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startGitHub } from '../../../test/support/small-process.ts'
import { EXAMPLE, pushExample } from '../../system/example.ts'
import { receiveWebhooks } from '../github/webhook-receiver.ts'
import { git, makeDirectory, removeDirectories } from '../github/working-copy.ts'

afterAll(removeDirectories)

test('the example is pushed at each start, also after a first one that was ended before its push', async () => {
  const receiver = await receiveWebhooks()
  const directory = await makeDirectory()
  const webhook = { url: receiver.url, secret: receiver.secret }
  const github = await startGitHub({ directory: join(directory, 'github'), token: 'the-token', webhook })
  const push = (at: string) =>
    pushExample(directory, at, async () => ({ project: `gh/${EXAMPLE}`, number: 1 }))
  const commits = async () =>
    Number(await git(directory, '-C', join(directory, 'example'), 'rev-list', '--count', 'HEAD'))
  try {
    await expect(push('http://127.0.0.1:9')).rejects.toThrow('could not be pushed')
    expect(await commits()).toBe(1)
    await push(github.url)
    expect(await commits()).toBe(2)
    await push(github.url)
    const remote = `${github.url}/${EXAMPLE}.git`
    expect(await git(directory, 'ls-remote', remote, 'refs/heads/master')).toContain(
      (await git(directory, '-C', join(directory, 'example'), 'rev-parse', 'HEAD')).trim(),
    )
  } finally {
    await github.close()
    await receiver.close()
  }
})
