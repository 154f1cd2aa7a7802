import { afterAll, beforeAll, expect, test } from 'vitest'
import { githubLinks } from '../../../src/pages/github-links.ts'
import { startGitHub } from '../../../test/support/small-process.ts'
import type { GitHub } from '../../github/server.ts'
import { makeDirectory, makeWorkingCopy, removeDirectories } from './working-copy.ts'

const TOKEN = 'the-token'
let github: GitHub
let commits: string[]

beforeAll(async () => {
  github = await startGitHub({ directory: await makeDirectory(), token: TOKEN, webhook: null })
  const copy = await makeWorkingCopy(`${github.url}/ada/web.git`)
  commits = [
    await copy.commit('Open the shop', 'a file.txt', 'one\n'),
    await copy.commit('Paint <b>it</b>', 'a file.txt', 'two\n'),
  ]
  await copy.push('master')
  await copy.git('push', '--quiet', 'origin', 'HEAD:refs/heads/feature/paint%23')
})
afterAll(async () => {
  await github.close()
  await removeDirectories()
})

const get = (url: string, headers: Record<string, string> = {}) => fetch(url, { headers })

test('each link of a build leads to what it names, as text', async () => {
  const [first = '', second = ''] = commits
  const links = githubLinks(
    {
      ...{ repository: 'ada/web', cloneRepository: 'ada/web', commit: second, baseCommit: first },
      ...{ checkoutBranch: 'feature/paint%23', pullRequest: null, author: { name: 'Ada', login: 'ada' } },
    },
    github.url,
  )
  const pages: [string | null, RegExp][] = [
    [links.commit, /Paint <b>it<\/b>.*\n-one\n\+two\n/s],
    [links.comparison, /^commit [0-9a-f]{40}.*Paint <b>it<\/b>(?!.*Open the shop)/s],
    [links.branch, /Paint <b>it<\/b>.*Open the shop/s],
    [links.placeIn('a file.txt', 1), /^two\n$/s],
    [`${github.url}/ada/web`, /Paint <b>it<\/b>/s],
  ]
  for (const [link, expected] of pages) {
    const answer = await get(link ?? '')
    expect([link, answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      ...[link, 200, 'text/plain; charset=utf-8'],
      expect.stringMatching(expected),
    ])
  }
})

test.each([
  ['of an unknown commit', `/ada/web/commit/${'f'.repeat(40)}`],
  ['of an option in place of a commit', '/ada/web/commit/--help'],
  ['of a branch that is an option', '/ada/web/tree/--all'],
  ['of no branch', '/ada/web/tree/missing'],
  ['of a pull request that is not there', '/ada/web/pull/7'],
  ['of a file outside', `/ada/web/blob/COMMIT/..%2f..%2fHEAD`],
  ['of another command', '/ada/web/settings'],
  ['of a path that is not well-formed', '/ada/web/tree/%E0%A4%A'],
  ['of an owner', '/ada'],
])('there is no page %s', async (_, path) => {
  expect((await get(`${github.url}${path.replace('COMMIT', commits[1] ?? '')}`)).status).toBe(404)
})

test('a private repository has pages only for those who may read it', async () => {
  await fetch(`${github.apiUrl}/repos/ada/web`, {
    method: 'PATCH',
    headers: { authorization: `token ${TOKEN}` },
    body: JSON.stringify({ private: true }),
  })
  const page = `${github.url}/ada/web/commit/${commits[1]}`
  expect((await get(page)).status).toBe(401)
  expect((await get(`${github.url}/ada/missing/commit/${commits[1]}`)).status).toBe(401)
  const basic = Buffer.from(`x:${TOKEN}`).toString('base64')
  expect((await get(page, { authorization: `Basic ${basic}` })).status).toBe(200)
})
