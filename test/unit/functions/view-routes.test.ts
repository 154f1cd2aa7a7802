import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addBuildRoutes } from '../../../src/functions/build-routes.ts'
import { addViewRoutes } from '../../../src/functions/view-routes.ts'
import { type Artifact, artifactKey } from '../../../src/model/artifact.ts'
import { artifactNameOf } from '../../../src/model/artifact-name.ts'
import { testRecordKey } from '../../../src/model/tests.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import { buildKeys, jobKeys, LEAD, outPrefix } from '../../../src/records/keys.ts'
import { artifactPath, artifactsPath, buildPath, keyOfPath, testsPath } from '../../../src/records/links.ts'
import type { Store } from '../../../src/records/store.ts'
import type { Records } from '../../../src/records/view.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { HOSTILE } from '../../support/payloads.ts'
import {
  after,
  endedRun,
  makeBuild,
  RUNNER_SECRETS,
  recordsWithJobs,
  reportOf,
  runOf,
} from '../../support/records.ts'

const BUILD = { project: 'gh/ada/web', number: 7 }
const ARCHIVE = Buffer.from('an archive')
const artifact = (name: string, change: Partial<Artifact> = {}): Artifact => ({
  ...{ name, bytes: ARCHIVE.length, sha256: 'a'.repeat(64), unpackedBytes: 3, files: 1, paths: ['dist'] },
  ...change,
})

let store: Store
let app: Hono
let now: Date
beforeEach(() => {
  store = openMemoryStore()
  app = new Hono()
  const host = { store, githubUrl: 'https://github.com', secrets: async () => RUNNER_SECRETS, now: () => now }
  now = new Date('2026-12-20T23:59:59.999Z')
  addBuildRoutes(app, host)
  addViewRoutes(app, host)
})
afterEach(() => store.close())

const put = (key: string, value: unknown) => store.put(key, JSON.stringify(value), 'application/json')
const putRecords = async ({ build, plan, report }: Records) => {
  const keys = buildKeys(build)
  await put(keys.build, build)
  if (plan) await put(keys.plan, plan)
  if (report) await put(keys.report, report)
}
/** Stores what an attempt of a job says of itself, and an archive for each of its artifacts. */
const leave = async (key: number, artifacts: Artifact[], run: Partial<JobRun> = {}, number = 7) => {
  const [build, job] = [
    { ...BUILD, number },
    { key, attempt: 1 },
  ]
  const names = { claimed: 'claim', running: 'draft', ended: 'end' } as const
  const record = endedRun({ artifacts, ...run })
  await put(jobKeys(build, job).record(names[record.phase]), record)
  for (const each of artifacts)
    await store.put(artifactKey(outPrefix(build, job), each), ARCHIVE, 'application/zstd')
}
const end = {
  conclusion: 'passed',
  reason: null,
  deploy: null,
  endedAt: after(44).toISOString(),
} as const
/** A build of one job, which has ended. */
const putOnly = (change: Parameters<typeof makeBuild>[0] = {}, conclusion: 'passed' | 'failed' = 'passed') =>
  putRecords({
    build: makeBuild(change),
    run: null,
    report: reportOf({ end: { ...end, conclusion }, leadRecord: 'end' }),
  })

const get = (path: string, accept = 'text/html') => app.request(path, { headers: { accept } })
const listed = async () => {
  const answer = await get(artifactsPath(BUILD), 'application/json')
  return (await answer.json()) as { name: string; job: string; lastDay: string }[]
}
const namesIn = async () => (await listed()).map(({ name }) => name)
const statusOf = async (name: string) => (await get(artifactPath(BUILD, name))).status

describe('what a build has left', () => {
  test('are the artifacts of its only job, with the last day on which they are kept', async () => {
    await putOnly()
    await leave(LEAD.key, [artifact('dist'), artifact('node/NODE-22')])
    expect(await listed()).toMatchObject([
      { name: 'dist', job: 'build', lastDay: '2026-12-20' },
      { name: 'node/NODE-22', job: 'build' },
    ])
    expect(await statusOf('dist')).toBe(303)
    expect(await statusOf('node/NODE-22')).toBe(303)
    expect(await statusOf('node')).toBe(404)
  })

  test.each<[string, Partial<Records['report'] & object>]>([
    ['has not ended', { end: null }],
    ['has died', { end: { ...end, conclusion: 'errored' }, leadRecord: 'claim' }],
    ['was cancelled before it began', { end: { ...end, conclusion: 'cancelled' }, leadRecord: null }],
  ])('are none if its job %s, whatever that writes later', async (_, report) => {
    await putRecords({ build: makeBuild(), run: null, report: reportOf(report) })
    await leave(LEAD.key, [artifact('dist')])
    expect(await listed()).toEqual([])
    expect(await statusOf('dist')).toBe(404)
    expect(await (await get(buildPath(BUILD))).text()).not.toContain('<details>')
  })

  test('are those of the attempts that report has accepted, with names that the plan has', async () => {
    const job = (name: string, more: object = {}) => ({ name, artifacts: [`${name}-out`], ...more })
    const passedIn = { build: 5, key: 2, attempt: 1, startedAt: after(-86_400).toISOString(), endedAt: null }
    await putRecords(
      recordsWithJobs([
        job('good'),
        job('died', { state: { conclusion: 'errored', record: 'claim' } }),
        job('runs', { state: { conclusion: null, endedAt: null } }),
        job('earlier', { passedIn, state: { publications: 0 } }),
        job('forges'),
        { name: 'none' },
      ]),
    )
    await leave(0, [artifact('good-out')])
    await leave(1, [artifact('died-out')])
    await leave(2, [artifact('runs-out')])
    await leave(2, [artifact('earlier-out')], {}, 5)
    // Names of others, and of a cell that it does not have.
    await leave(4, [artifact('good-out'), artifact('forges-out/x')])
    await leave(5, [artifact('none-out')])
    expect(await listed()).toMatchObject([
      { name: 'good-out', job: 'good', lastDay: '2026-12-20' },
      { name: 'earlier-out', job: 'earlier', lastDay: '2026-12-19' },
    ])
    for (const name of ['died-out', 'runs-out', 'forges-out', 'forges-out/x', 'none-out'])
      expect([name, await statusOf(name)]).toEqual([name, 404])
    expect(await statusOf('earlier-out')).toBe(303)
  })

  test('are none of a record that says another state than its name', async () => {
    await putOnly()
    const record = { ...runOf(), artifacts: [artifact('dist')] }
    await put(jobKeys(BUILD).record('end'), record)
    expect(await listed()).toEqual([])
  })

  test.each(['dist/..', 'dist/.', '..', 'dist/a/b', 'Dist', 'a"b', "a'b", '<b>', 'a\nb', '', 'a/'])(
    'are none if one is called %j',
    async name => {
      await putOnly()
      await leave(LEAD.key, [artifact('dist'), artifact(name)])
      expect(await listed()).toEqual([])
    },
  )
})

describe('one artifact', () => {
  beforeEach(async () => {
    await putOnly()
    await leave(LEAD.key, [artifact('dist')])
  })

  test.each([...HOSTILE, 'dist"; filename="x.html', 'dist\r\nx: y', '%', '%00', 'dist%2F..%2F..', 'dist/'])(
    'is not found as %j',
    async name => {
      for (const path of [artifactPath(BUILD, name), artifactPath(BUILD, encodeURIComponent(name))]) {
        const answer = await get(path)
        // A path with dots leads elsewhere, to a page that is none.
        expect([answer.status, answer.headers.get('location')]).toEqual([404, null])
      }
    },
  )

  test('is a file to save, of another origin, and nothing keeps the link', async () => {
    const answer = await get(artifactPath(BUILD, 'dist'))
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    const archive = await fetch(answer.headers.get('location') ?? '')
    expect(archive.headers.get('content-disposition')).toBe('attachment; filename="ada-web-7-dist.tar.zst"')
    expect(archive.headers.get('content-type')).toBe('application/zstd')
    expect(Buffer.from(await archive.arrayBuffer())).toEqual(ARCHIVE)
  })

  test.each<[string, (key: string) => Promise<unknown>]>([
    ['is missing', key => store.remove(key)],
    ['has another size than its record', key => store.put(key, 'another', 'application/zstd')],
  ])('is gone if its archive %s', async (_, change) => {
    await change(artifactKey(outPrefix(BUILD, LEAD), { name: 'dist' }))
    const error =
      'This artifact is no longer there. Artifacts are kept for 30 days, this one until 2026-12-20.'
    const answer = await get(artifactPath(BUILD, 'dist'), 'application/json')
    expect([answer.status, await answer.json()]).toEqual([404, { error }])
    const page = await get(artifactPath(BUILD, 'dist'))
    expect([page.status, await page.text()]).toEqual([404, expect.stringContaining(`<p>${error}</p>`)])
  })
})

test('the artifacts of a private build need its key, which all links have', async () => {
  await putOnly({ isPrivate: true })
  await leave(LEAD.key, [artifact('dist')])
  const key = keyOfPath(buildPath(BUILD), RUNNER_SECRETS.linkKey)
  const missing = await get('/gh/ada/web/builds/99/artifacts')
  for (const path of [artifactsPath(BUILD), artifactPath(BUILD, 'dist'), artifactPath(BUILD, 'x')])
    for (const query of ['', '?key=', `?key=${'x'.repeat(32)}`]) {
      const answer = await get(`${path}${query}`)
      expect([answer.status, await answer.text()]).toEqual([404, await missing.clone().text()])
    }
  for (const [path, link] of [
    [artifactsPath(BUILD), artifactPath(BUILD, 'dist')],
    [buildPath(BUILD), artifactsPath(BUILD)],
  ])
    expect(await (await get(`${path}?key=${key}`)).text()).toContain(`href="${link}?key=${key}"`)
  expect((await get(`${artifactPath(BUILD, 'dist')}?key=${key}`)).status).toBe(303)
})

test('what others have written is text, and an expired artifact has no link', async () => {
  const job = { name: 'unit', cell: { X: '<img src=x onerror=alert(1)>' }, shard: null }
  await putRecords(recordsWithJobs([{ ...job, artifacts: ['dist'] }]))
  const name = artifactNameOf('dist', job)
  await leave(0, [artifact(name), artifact('dist')])
  const page = await (await get(artifactsPath(BUILD))).text()
  expect(page).toContain('unit (X=&lt;img src=x onerror=alert(1)&gt;)')
  expect(page).toContain(`href="${artifactPath(BUILD, name)}"`)
  expect(page).not.toContain('<img')
  expect(await namesIn()).toEqual([name])

  now = new Date('2026-12-21T00:00:00.000Z')
  const late = await (await get(artifactsPath(BUILD))).text()
  expect(late).toContain('<td>expired</td>')
  expect(late).not.toContain(`href="${artifactPath(BUILD, name)}"`)
})

describe('the tests of a build', () => {
  const failure = (name: string) => ({
    ...{ suite: 'cart', name, message: 'expected 6\n\t<img src=x onerror=alert(1)>' },
    ...{ file: 'test/cart.test.ts', line: 7 },
  })
  const record = (failures: ReturnType<typeof failure>[], failed: number) => ({
    ...{ passed: 3, failed, errored: 0, skipped: 0, flaky: 0 },
    ...{ failures, reports: [{ path: 'r.xml', format: 'junit', tests: 3 + failed }] },
  })
  const tests = { passed: 3, failed: 2, errored: 0, skipped: 0, flaky: 0 }
  const page = async () => (await get(testsPath(BUILD))).text()

  test('are its failures, with their messages, and how many there are beyond those', async () => {
    await putOnly({}, 'failed')
    await leave(LEAD.key, [], { conclusion: 'failed', tests })
    await put(testRecordKey(outPrefix(BUILD, LEAD)), record([failure('<b>adds')], 2))
    const text = await page()
    expect(text).toContain('<h2>Tests: 3 passed, 2 failed</h2>')
    expect(text).toContain('<b class="red">cart › &lt;b&gt;adds</b> <code>test/cart.test.ts:7</code>')
    expect(text).toContain('expected 6\n    &lt;img src=x onerror=alert(1)&gt;</pre>')
    expect(text).toContain('and 1 more, in the log')
    expect(text).not.toContain('<img')
    expect(text).toContain('Tests <span class="count">5</span>')
  })

  test.each([
    ['is missing', null],
    ['cannot be believed', { failures: 'x' }],
    ['is too large', { padding: 'x'.repeat(300_000) }],
  ])('are counted if the record %s', async (_, stored) => {
    await putOnly({}, 'failed')
    await leave(LEAD.key, [], { conclusion: 'failed', tests })
    if (stored) await put(testRecordKey(outPrefix(BUILD, LEAD)), stored)
    expect(await page()).toContain('<h2>Tests: 3 passed, 2 failed</h2>')
  })

  test('are explained if there are none', async () => {
    await putOnly()
    await leave(LEAD.key, [])
    expect(await page()).toContain('No job of this build has reported its tests.')
    // A build without reports has no link to them.
    expect(await (await get(buildPath(BUILD))).text()).not.toContain(`href="${testsPath(BUILD)}"`)
  })
})
