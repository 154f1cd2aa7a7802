import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GitHub } from '../../../loopback/github/server.ts'
import {
  makeDirectory,
  makeWorkingCopy,
  removeDirectories,
} from '../../../loopback/test/github/working-copy.ts'
import { type CheckRun, openChecks } from '../../../src/github/checks.ts'
import { openMayWrite } from '../../../src/github/may-write.ts'
import { type GitHubSecrets, openTokens } from '../../../src/github/tokens.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { startProxy } from '../../support/proxy.ts'
import { startGitHub } from '../../support/small-process.ts'

const TOKEN = 'the-token'
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const githubApp = { id: 4711, privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) }
const APP = {
  ...{ id: githubApp.id, slug: 'builder', owner: 'ada' },
  publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
}
let github: GitHub
let copy: Awaited<ReturnType<typeof makeWorkingCopy>>
/** Whether the answer to the next request with this method is lost. */
let lost: string | null = null
let proxy: Awaited<ReturnType<typeof startProxy>>
beforeAll(async () => {
  github = await startGitHub({
    ...{ directory: await makeDirectory(), token: TOKEN, webhook: null },
    app: { ...APP, permissions: { contents: 'read', statuses: 'write', checks: 'write' } },
  })
  copy = await makeWorkingCopy(`${github.url}/ada/web.git`)
  proxy = await startProxy(github.url, ({ method, url }) => {
    if (method !== lost || !url?.includes('/check-runs')) return false
    lost = null
    return true
  })
})
afterAll(async () => {
  await Promise.all([github.close(), proxy.close()])
  await removeDirectories()
})

const SECRETS: GitHubSecrets = { githubToken: null, cloneToken: null, githubApp }
const tokensOf = (secrets = SECRETS) => openTokens(github.apiUrl, async () => secrets)
const checksWith = (tokens = tokensOf(), apiUrl = github.apiUrl) => openChecks(apiUrl, tokens)

async function api<T>(method: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${github.apiUrl}/repos/ada/web${path}`, {
    ...{ method, headers: { authorization: `token ${TOKEN}` } },
    ...(body && { body: JSON.stringify(body) }),
  })
  return (answer.status === 204 ? null : await answer.json()) as T
}

type Run = {
  id: number
  external_id: string
  status: string
  conclusion: string | null
  output: { annotations_count: number }
}
const runsOf = async (commit: string): Promise<Run[]> =>
  (await api<{ check_runs: Run[] }>('GET', `/commits/${commit}/check-runs?filter=all`)).check_runs

async function newRun(change: Partial<CheckRun> = {}): Promise<CheckRun> {
  const commit = await copy.commit(`Commit ${Math.random()}`)
  await copy.push('master')
  return {
    ...{ repository: 'ada/web', commit, name: 'lambci/push', externalId: 'gh/ada/web#7' },
    ...{ detailsUrl: 'https://ci.example.com/gh/ada/web/builds/7', conclusion: null },
    ...{ title: 'Running', summary: 'A summary', annotations: [], actions: [] },
    ...change,
  }
}
const ENDED = {
  conclusion: 'failure',
  annotations: Array.from({ length: 50 }, (_, line) => ({
    ...{ path: 'a.js', line: line + 1, level: 'failure' as const, title: 'x', message: 'no' },
  })),
  actions: [{ label: 'Re-run all', description: 'Run all jobs again', identifier: 'rerun-all' }],
} as const

test('a check run is created and changed; GitHub has what was sent', async () => {
  const [checks, run] = [checksWith(), await newRun()]
  const id = await checks.put(run, null)
  expect(await runsOf(run.commit)).toMatchObject([{ id, status: 'in_progress', conclusion: null }])
  expect(await checks.put({ ...run, ...ENDED, title: 'Failed' }, id)).toBe(id)
  expect(await runsOf(run.commit)).toMatchObject([
    {
      ...{ id, external_id: 'gh/ada/web#7', status: 'completed', conclusion: 'failure' },
      output: { title: 'Failed', summary: 'A summary', annotations_count: 50 },
    },
  ])
})

test('a check run whose id is not known is found again, and annotations are not added twice', async () => {
  const [checks, run] = [checksWith(), await newRun()]
  const id = await checks.put(run, null)
  expect(await checks.put({ ...run, ...ENDED }, null)).toBe(id)
  expect(await checks.put({ ...run, ...ENDED }, null)).toBe(id)
  expect(await checks.put({ ...run, ...ENDED }, id)).toBe(id)
  expect(await runsOf(run.commit)).toMatchObject([{ id, output: { annotations_count: 50 } }])
  // One that is completed is not opened again, and that of another build is another one.
  const reopened = await checks.put(run, null)
  const other = await checks.put({ ...run, externalId: 'gh/ada/web#8' }, null)
  expect(new Set([id, reopened, other]).size).toBe(3)
})

test('a request whose answer is lost is carried out once', async () => {
  const [checks, run] = [checksWith(tokensOf(), `${proxy.url}/api/v3`), await newRun()]
  lost = 'POST'
  const id = await checks.put(run, null)
  expect(await runsOf(run.commit)).toMatchObject([{ id }])
  lost = 'PATCH'
  await checks.put({ ...run, ...ENDED }, id)
  expect(lost).toBeNull()
  expect(await runsOf(run.commit)).toMatchObject([{ id, output: { annotations_count: 50 } }])
})

test('a check run that GitHub has removed is created again', async () => {
  const [checks, run] = [checksWith(), await newRun()]
  for (const change of [{}, ENDED]) {
    const id = await checks.put({ ...run, ...change }, 999_999)
    expect(await runsOf(run.commit)).toEqual(expect.arrayContaining([expect.objectContaining({ id })]))
  }
})

test('tokens, and an App without the permission, make none', async () => {
  const run = await newRun()
  expect(
    await checksWith(tokensOf({ ...SECRETS, githubApp: null, githubToken: TOKEN })).put(run, null),
  ).toBeNull()
  // GitHub issues no token, or takes none.
  const app = { ...APP, permissions: { contents: 'read', statuses: 'write' } } as const
  const without = await startGitHub({ directory: await makeDirectory(), token: TOKEN, webhook: null, app })
  try {
    await (await makeWorkingCopy(`${without.url}/ada/web.git`)).commit('First')
    await fetch(`${without.apiUrl}/orgs/ada/repos`, {
      ...{ method: 'POST', headers: { authorization: `token ${TOKEN}` }, body: '{"name": "web"}' },
    })
    const tokens = openTokens(without.apiUrl, async () => SECRETS)
    expect(await openChecks(without.apiUrl, tokens).put(run, null)).toBeNull()
    const token = await tokensOf().writing('ada/web')
    const limited = { checking: async () => ({ token, appId: githubApp.id }) }
    expect(await openChecks(github.apiUrl, limited).put(run, null)).toBeNull()
  } finally {
    await without.close()
  }
  expect(await runsOf(run.commit)).toEqual([])
})

test('a refusal of the contents, or of a token that is wrong, is thrown', async () => {
  const run = await newRun()
  await expect(checksWith().put({ ...run, commit: 'f'.repeat(40) }, null)).rejects.toMatchObject({
    status: 422,
  })
  await expect(checksWith().put({ ...run, title: 'x'.repeat(300) }, null)).rejects.toMatchObject({
    status: 422,
  })
  const wrong = { checking: async () => ({ token: 'wrong', appId: 1 }) }
  await expect(openChecks(github.apiUrl, wrong).put(run, null)).rejects.toMatchObject({ status: 401 })
})

test('the newest check runs of a suite name their builds', async () => {
  const [checks, run] = [checksWith(), await newRun()]
  await checks.put({ ...run, ...ENDED }, null)
  await checks.put({ ...run, ...ENDED, externalId: 'gh/ada/web#8' }, null)
  await checks.put({ ...run, name: 'lambci/pr', externalId: 'gh/ada/web#9' }, null)
  const [first] = await api<{ check_runs: { check_suite: { id: number } }[] }>(
    'GET',
    `/commits/${run.commit}/check-runs`,
  ).then(({ check_runs }) => check_runs)
  const ids = await checks.idsInSuite('ada/web', first?.check_suite.id ?? 0)
  expect(ids.toSorted()).toEqual(['gh/ada/web#8', 'gh/ada/web#9'])
  const other = { checking: async () => ({ ...(await tokensOf().checking('ada/web')), appId: 1 }) as never }
  expect(await openChecks(github.apiUrl, other).idsInSuite('ada/web', first?.check_suite.id ?? 0)).toEqual([])
})

test.each([
  ['ada', true],
  ['grace', true],
  ['heidi', true],
  ['reader', false],
  ['mallory', false],
  ['tri', false],
])('who may write, by the repository as it is called now: %s %j', async (login, expected) => {
  const { id } = await api<{ id: number }>('GET', '')
  await api('PUT', '/collaborators/Grace', { permission: 'push' })
  await api('PUT', '/collaborators/heidi', { permission: 'maintain' })
  await api('PUT', '/collaborators/reader', { permission: 'pull' })
  await api('PUT', '/collaborators/tri', { permission: 'triage' })
  const mayWrite = openMayWrite(github.apiUrl, tokensOf())
  expect(await mayWrite({ id, name: 'ada/web' }, login)).toBe(expected)
  expect(await mayWrite({ id: id + 99_999, name: 'ada/web' }, login)).toBe(false)
})

test('without an answer of GitHub nobody knows who may write', async () => {
  const nobody = openMayWrite('http://127.0.0.1:9', { reading: async () => ['x'] })
  await expect(nobody({ id: 1, name: 'ada/web' }, 'ada')).rejects.toThrow(UserError)
})
