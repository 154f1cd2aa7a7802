import type { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LogFacts } from '../../../src/pages/log-facts.ts'
import { buildKeys, type JobRef, jobKeys } from '../../../src/records/keys.ts'
import { buildPath, keyOfPath } from '../../../src/records/links.ts'
import { type Bucket, openDirectBucket, putJson } from '../../support/bucket.ts'
import { openPagesApp } from '../../support/pages-app.ts'
import { endedRun, JOB_STATES, RUNNER_SECRETS, recordsWithJobs, runOf } from '../../support/records.ts'

let bucket: Bucket
let app: Hono
beforeAll(async () => {
  bucket = await openDirectBucket()
  app = openPagesApp(bucket.store)
})
afterAll(() => bucket.close())

const get = (path: string, headers: Record<string, string> = {}) =>
  app.request(`https://ci.example.com${path}`, { headers })
const json = async (path: string) => (await get(path, { accept: 'application/json' })).json()

let numbers = 0
/** Stores a build with these jobs, and logs of some of them. */
async function record(
  jobs: Parameters<typeof recordsWithJobs>[0],
  changes: Parameters<typeof recordsWithJobs>[1] = {},
  logs: [JobRef, string][] = [],
) {
  const number = ++numbers
  const { build, plan, report } = recordsWithJobs(jobs, { ...changes, build: { ...changes.build, number } })
  const keys = buildKeys(build)
  await putJson(bucket.store, keys.build, build)
  await putJson(bucket.store, keys.plan, plan)
  await putJson(bucket.store, keys.report, report)
  for (const [ref, text] of logs) await bucket.store.put(jobKeys(build, ref).log.whole, text, 'text/plain')
  return { build, path: buildPath(build) }
}
const logAt = (key: number, text: string, attempt = 1): [JobRef, string] => [{ key, attempt }, text]
const { failed, running, queued, waiting } = JOB_STATES

test('each job has a page and a log of its own; the page of the build begins with the first red one', async () => {
  const jobs = [
    { name: 'lint' },
    { name: 'unit', state: { ...failed, attempt: 2 } },
    { name: 'last', state: waiting },
  ]
  const logs = [logAt(0, 'linted\n'), logAt(1, 'died\n'), logAt(1, 'wrong\n', 2)]
  const { path } = await record(jobs, {}, logs)
  expect(await (await get(path)).text()).toContain('<pre>wrong</pre>')
  expect(await (await get(`${path}/jobs/0`)).text()).toContain('<pre>linted</pre>')
  expect(await (await get(`${path}/jobs/1/log?from=2`)).text()).toBe('ong\n')
  expect(await (await get(`${path}/jobs/1/lines`)).json()).toBeNull()
  const early = await get(`${path}/jobs/2/log`)
  expect([early.status, await early.text(), early.headers.get('lambci-log-ended')]).toEqual([
    200,
    '',
    'false',
  ])
  const summary = await (await get(`${path}/jobs/1/summary`)).text()
  expect(summary).toMatch(/^<section id="summary" [^>]*data-log="1\/2" data-red="true" data-over="true"/)
  expect(summary).toContain('<nav id="jobs"')
  for (const wrong of ['3', '00', 'lint', '1/2'])
    expect((await get(`${path}/jobs/${wrong}`)).status).toBe(404)
})

test('an attempt that died has a page and a log of its own, to which the page of its job leads', async () => {
  const jobs = [{ name: 'lint' }, { shard: { index: 1, count: 2 }, state: { attempt: 2 } }]
  const { path } = await record(jobs, { build: { isPrivate: true } }, [
    logAt(1, 'died\n'),
    logAt(1, 'fine\n', 2),
  ])
  const key = `?key=${keyOfPath(path, RUNNER_SECRETS.linkKey)}`
  const own = await (await get(`${path}/jobs/1${key}`)).text()
  expect(own).toContain('<pre>fine</pre>')
  expect(own).toContain(`Attempt 1 died: <a href="${path}/jobs/1/attempts/1${key}">see its log</a>`)
  expect(await (await get(`${path}/jobs/0${key}`)).text()).not.toContain('attempt')
  const died = await (await get(`${path}/jobs/1/attempts/1${key}`)).text()
  expect(died).toContain('<pre>died</pre>')
  expect(died).toContain('<h2>unit (1/2), attempt 1</h2>')
  expect(died).toContain(`died; see <a href="${path}/jobs/1${key}">the one that counts</a>`)
  expect(died).toContain(`data-path="${path}/jobs/1/attempts/1"`)
  expect(await (await get(`${path}/jobs/1/attempts/1/log${key}&from=2`)).text()).toBe('ed\n')
  const summary = await (await get(`${path}/jobs/1/attempts/1/summary${key}`)).text()
  expect(summary).toMatch(/data-log="1\/1" data-red="true" data-over="false"/)
  for (const wrong of ['0/attempts/1', '1/attempts/2', '1/attempts/3', '1/attempts/01', '2/attempts/1'])
    expect((await get(`${path}/jobs/${wrong}${key}`)).status).toBe(404)
  expect((await get(`${path}/jobs/1/attempts/1`)).status).toBe(404)
})

test('log.txt leads to the log of a job, or to that of all once the build has ended', async () => {
  const locationOf = async (path: string) => {
    const answer = await get(path)
    expect(answer.status).toBe(303)
    return decodeURIComponent(answer.headers.get('location') ?? '')
  }
  const jobs = [
    { cell: { A: 'x/y' }, shard: { index: 1, count: 2 } },
    { name: 'last', state: running },
  ]
  const { path } = await record(jobs)
  expect(await locationOf(`${path}/jobs/0/log.txt?download=1`)).toMatch(
    /\/jobs\/0\/1\/log\.txt\?.*filename="ada-web-\d+-unit-A-x-y-1-2\.txt"/,
  )
  expect(await locationOf(`${path}/jobs/1/log.txt`)).toBe(`${path}/jobs/1/log`)
  expect(await locationOf(`${path}/log.txt`)).toBe(`${path}/log`)
  const end = {
    conclusion: 'passed',
    reason: null,
    deploy: null,
    endedAt: '2026-11-20T10:01:00.000Z',
  } as const
  const ended = await record([{}, { name: 'last' }], { report: { end } })
  expect(await locationOf(`${ended.path}/log.txt`)).toMatch(/\/builds\/\d+\/log\.txt\?/)
  expect(await (await get(ended.path)).text()).toContain(`<a href="${ended.path}/log.txt">All logs</a>`)
})

test('the outline of a job is that of the attempt that counts', async () => {
  const state = { ...failed, attempt: 2, record: 'end' } as const
  const died = { ...failed, record: null }
  const { build, path } = await record([
    { name: 'lint' },
    { name: 'unit', state },
    { name: 'e2e', state: died },
  ])
  for (const [key, attempt] of [
    [0, 1],
    [1, 1],
    [1, 2],
    [2, 1],
  ] as const) {
    const run = endedRun({ outline: { phases: [], groups: [], times: [[key + 1, attempt]] } })
    await putJson(bucket.store, jobKeys(build, { key, attempt }).record('end'), run)
  }
  const timesOf = async (log: string) => {
    const facts = (await json(`${path}/jobs/${log}/outline`)) as LogFacts
    return facts.outline?.times ?? null
  }
  expect(await timesOf('1')).toEqual([[2, 2]])
  expect(await timesOf('1/attempts/1')).toBeNull()
  expect(await timesOf('0')).toEqual([[1, 1]])
  // It was written after report had given the job up.
  expect(await timesOf('2')).toBeNull()
})

test('the key of a private build opens its jobs, and is passed on', async () => {
  const { path } = await record([{}, { name: 'last' }], { build: { isPrivate: true } })
  const key = keyOfPath(path, RUNNER_SECRETS.linkKey)
  for (const name of ['', '/log', '/lines', '/outline', '/summary', '/log.txt'])
    expect((await get(`${path}/jobs/0${name}`)).status).toBe(404)
  const page = await (await get(`${path}/jobs/0?key=${key}`)).text()
  expect(page).toContain(`href="${path}/jobs/1?key=${key}"`)
})

test('a job that was taken over has the log of the build that ran it, behind the key of the page; the link to that build has its own', async () => {
  const { build: old } = await record([{}], { build: { isPrivate: true } }, [logAt(0, 'linted there\n')])
  const passedIn = { build: old.number, key: 0, attempt: 1, startedAt: null, endedAt: null }
  const { path } = await record([{ key: 1, passedIn, state: { publications: 0 } }], {
    build: { isPrivate: true, retryOf: old.number },
  })
  const key = keyOfPath(path, RUNNER_SECRETS.linkKey)
  expect(await (await get(`${path}/jobs/1/log?key=${key}`)).text()).toBe('linted there\n')
  expect((await get(`${path}/jobs/1/log`)).status).toBe(404)
  const whole = await get(`${path}/jobs/1/log.txt?key=${key}`)
  expect(new URL(whole.headers.get('location') ?? '').pathname).toContain(jobKeys(old).log.whole)
  const page = await (await get(`${path}?key=${key}`)).text()
  expect(page).toContain('<pre>linted there</pre>')
  const keyOfOld = keyOfPath(buildPath(old), RUNNER_SECRETS.linkKey)
  expect(page).toContain(`<a href="${buildPath(old)}?key=${keyOfOld}">#${old.number}</a>`)
})

test('JSON has the jobs of every build', async () => {
  const shard = { index: 1, count: 2 }
  const { path } = await record([{ shard }, { name: 'last', state: waiting }], {
    plan: { leftOut: [{ name: 'docs', reason: 'No file has changed.' }] },
  })
  const { jobs } = (await json(path)) as { jobs: object[] }
  expect(jobs).toEqual([
    {
      ...{ key: 0, attempt: 1, name: 'unit', title: 'unit (1/2)', shard, status: 'passed' },
      ...{
        isAllowedFailure: false,
        isDeploy: false,
        needs: [],
        reason: null,
        passedIn: null,
        tests: null,
        isFlaky: false,
      },
      ...{ exit: { kind: 'exited', code: 0 }, cost: 0.001, executor: 'lambda', log: `${path}/jobs/0/log` },
      ...{ startedAt: '2026-11-20T10:00:02.000Z', endedAt: '2026-11-20T10:00:44.000Z' },
    },
    expect.objectContaining({ key: 1, attempt: null, status: 'waiting', executor: null, log: null }),
    expect.objectContaining({ key: null, name: 'docs', status: 'left-out', reason: 'No file has changed.' }),
  ])
  const { build } = await record([])
  await bucket.store.remove(buildKeys(build).report)
  expect(await json(buildPath(build))).toMatchObject({
    jobs: [{ key: 0, attempt: 1, title: 'build', status: 'queued', log: `${buildPath(build)}/jobs/0/log` }],
  })
})

test('a job is running once it is claimed, and until then it is queued', async () => {
  const { build, path } = await record([
    { name: 'first', state: queued },
    { name: 'other', state: queued },
  ])
  await putJson(
    bucket.store,
    jobKeys(build, { key: 1, attempt: 1 }).record('claim'),
    runOf({ phase: 'claimed' }),
  )
  const { jobs } = (await json(path)) as { jobs: { status: string; startedAt: string | null }[] }
  expect(jobs.map(({ status, startedAt }) => [status, startedAt])).toEqual([
    ['queued', null],
    ['running', '2026-11-20T10:00:02.000Z'],
  ])
})
