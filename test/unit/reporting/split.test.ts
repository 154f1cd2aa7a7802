import { beforeEach, expect, test, vi } from 'vitest'
import { nonceOf } from '../../../src/admission/job-nonce.ts'
import type { Build } from '../../../src/model/build.ts'
import { titleOf } from '../../../src/model/job.ts'
import { packFiles, packShards, type Split } from '../../../src/model/split.ts'
import { testRecordKey } from '../../../src/model/tests.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import { buildKeys, jobKeys, outPrefix, timingsKey } from '../../../src/records/keys.ts'
import type { Draft } from '../../../src/records/plan-record.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { readTimings } from '../../../src/records/timings.ts'
import { draftedJob, draftWith } from '../../support/plans.ts'
import { endedRun, FORKED, RUNNER_SECRETS } from '../../support/records.ts'
import { ReportWorld } from '../../support/report-world.ts'

const BUILD = { project: 'gh/ada/web', number: 7 }
/** Files 0 and 3 in the first shard, 1 and 2 in the second one. */
const SPLIT: Split = { job: 'unit', files: 4, digest: 'of-the-files', shardOf: packShards([1, 2, 2, 1]) }
const DRAFT = draftWith([draftedJob('unit', { shards: 2, digest: 'unit' })], { splits: [SPLIT] })
const TESTS = { passed: 2, failed: 0, errored: 0, skipped: 0, flaky: 0, first: null }
const ran = (...positions: number[]) => ({ tests: TESTS, ran: packFiles(positions, 4) })

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

const PLAN = { build: true, reason: 'r', cmd: 'make', stage: null, merge: null, commonDigest: 'common' }
/** A build whose lead has proposed this, and whose shards were started. */
async function worldWith(draft: Draft, change: Partial<Build> = {}): Promise<ReportWorld> {
  const world = new ReportWorld('a')
  await world.build(7, 'a', endedRun({ draft, plan: PLAN }), change)
  await world.report(7)
  return world
}
async function end(world: ReportWorld, key: number, change: Partial<JobRun>, attempt = 1, number = 7) {
  const job = { key, attempt }
  const run = { ...endedRun(change), nonce: 'the-nonce-of-build-7' }
  await world.put(jobKeys({ ...BUILD, number }, job).record('end'), run)
}
const conclusionOf = async ({ store }: ReportWorld, number = 7) => {
  const report = await readReport(store, { ...BUILD, number })
  const { conclusion, reason } = report?.end ?? {}
  return { conclusion, reason, jobs: report?.jobs.map(({ conclusion: own, reason: why }) => [own, why]) }
}

test('each shard gets its own files, and all jobs hear into how many shards they are divided', async () => {
  const world = await worldWith(
    draftWith([draftedJob('unit', { shards: 2 }), draftedJob('lint')], { splits: [SPLIT] }),
  )
  const divided = [{ job: 'unit', shards: 2 }]
  const files = { files: 4, digest: 'of-the-files' }
  expect(
    world.jobs.map(({ job }) => [job.identity && titleOf(job.identity), job.divided, job.files]),
  ).toEqual([
    ['unit (1/2)', divided, { ...files, own: packFiles([0, 3], 4) }],
    ['unit (2/2)', divided, { ...files, own: packFiles([1, 2], 4) }],
    ['lint', divided, undefined],
  ])
})

test.each<[string, Partial<JobRun>, Partial<JobRun>, object]>([
  ['each has run its own', ran(0, 3), ran(1, 2), { conclusion: 'passed' }],
  ['one has also run those of another', ran(0, 1, 2, 3), ran(1, 2), { conclusion: 'passed' }],
  [
    'a file was left out by force',
    ran(0),
    ran(1, 2),
    {
      conclusion: 'errored',
      reason: '1 of 2 jobs ended in an error: unit (1/2). 1 of its 2 files ran nowhere',
    },
  ],
  [
    'another shard has run them instead',
    ran(0, 1, 2, 3),
    ran(),
    {
      conclusion: 'errored',
      reason: '1 of 2 jobs ended in an error: unit (2/2). 2 of its 2 files ran nowhere',
    },
  ],
  ['it says nothing of its files', ran(0, 3), { tests: TESTS }, { conclusion: 'errored' }],
  ['it has no tests at all', ran(0, 3), {}, { conclusion: 'errored' }],
  [
    'a test has failed',
    ran(0),
    { ...ran(1, 2), conclusion: 'failed', reason: 'no' },
    { conclusion: 'errored' },
  ],
])('of two shards that say they have passed, %s', async (_, one, other, expected) => {
  const world = await worldWith(DRAFT)
  await end(world, 1, one)
  await end(world, 2, other)
  await world.report(7)
  expect(await conclusionOf(world)).toMatchObject(expected)
})

test('a shard that crashes is never green, although the others have passed', async () => {
  const world = await worldWith(DRAFT)
  await end(world, 1, ran(0, 3))
  const claim = (attempt: number) =>
    world.put(jobKeys(BUILD, { key: 2, attempt }).record('claim'), {
      ...endedRun({ phase: 'claimed', endedAt: null, conclusion: null, exit: null }),
      runner: { ...endedRun().runner, requestId: `request-${attempt}` },
    })
  const die = (attempt: number) =>
    world.report(7, {
      failure: {
        ...{ job: 2, attempt, requestId: `request-${attempt}`, reason: 'its process was killed' },
        nonce: nonceOf({ ...BUILD, nonce: '' } as Build, { key: 2, attempt }, RUNNER_SECRETS.linkKey),
      },
    })
  await claim(1)
  await die(1)
  // Its second attempt gets the same files.
  expect(world.jobs.at(-1)?.job).toMatchObject({ attempt: 2, files: { own: packFiles([1, 2], 4) } })
  await claim(2)
  await die(2)
  expect(await conclusionOf(world)).toMatchObject({
    conclusion: 'errored',
    jobs: [
      ['passed', null],
      ['errored', expect.anything()],
    ],
  })
})

test.each<[string, Partial<Split>, Parameters<typeof draftedJob>[1]]>([
  ['an empty share', { shardOf: packShards([1, 1, 1, 1]) }, { shards: 2 }],
  ['a file in a shard that does not exist', { shardOf: packShards([1, 2, 3, 1]) }, { shards: 2 }],
  ['fewer files than it says', { shardOf: packShards([1, 2]) }, { shards: 2 }],
  ['more shards than files', { files: 1, shardOf: packShards([1]) }, { shards: 2 }],
  ['no shards', {}, { shards: null }],
  ['a job that is not there', { job: 'e2e' }, { shards: 2 }],
])('a draft with %s is refused', async (_, split, job) => {
  const world = await worldWith(draftWith([draftedJob('unit', job)], { splits: [{ ...SPLIT, ...split }] }))
  expect(world.jobs).toEqual([])
  expect(await conclusionOf(world)).toMatchObject({
    conclusion: 'errored',
    reason: expect.stringMatching(/the files of \w+ are not divided among its shards$/),
  })
})

test('files cannot be divided twice', async () => {
  const world = await worldWith({ ...DRAFT, splits: [SPLIT, SPLIT] })
  expect(await conclusionOf(world)).toMatchObject({ conclusion: 'errored' })
})

const leave = (world: ReportWorld, key: number, files: [string, number][]) =>
  world.put(testRecordKey(outPrefix(BUILD, { key, attempt: 1 })), {
    ...{ passed: 1, failed: 0, errored: 0, skipped: 0, flaky: 0, failures: [], reports: [] },
    files: files.map(([path, seconds]) => ({ path, seconds })),
  })
const timingsOf = async ({ store }: ReportWorld) =>
  Object.fromEntries(await readTimings(store, 'gh/ada/web', 'unit'))

test('the seconds of a build that has ended are kept, half of what they were and half of what they are', async () => {
  const world = await worldWith(DRAFT)
  await world.put(timingsKey('gh/ada/web', 'unit'), {
    files: [
      ['a', 2],
      ['gone', 5],
    ],
    recent: [6],
  })
  await leave(world, 1, [
    ['a', 4],
    ['d', 1.5],
  ])
  await leave(world, 2, [['b', 9]])
  await end(world, 1, ran(0, 3))
  await end(world, 2, { ...ran(1, 2), conclusion: 'failed', exit: { kind: 'exited', code: 1 }, reason: 'no' })
  await world.report(7)
  const expected = { a: 3, d: 1.5, b: 9, gone: 5 }
  expect(await timingsOf(world)).toEqual(expected)
  // Also if report dies before it has recorded that.
  const report = await readReport(world.store, BUILD)
  await world.put(buildKeys(BUILD).report, { ...report, isCounted: false, isClosed: false })
  await world.report(7)
  expect(await timingsOf(world)).toEqual(expected)
})

test.each<[string, Partial<Build>, Partial<JobRun>]>([
  ['a fork', FORKED, {}],
  [
    'a shard that was killed',
    {},
    { conclusion: 'failed', exit: { kind: 'timed-out', afterMs: 1 }, reason: 'late' },
  ],
])('%s has no say in how files are divided later', async (_, build, change) => {
  const world = await worldWith(DRAFT, build)
  await leave(world, 1, [['a', 4]])
  for (const key of [1, 2]) await end(world, key, { ...ran(0, 1, 2, 3), ...change })
  await world.report(7)
  expect((await conclusionOf(world)).conclusion).toBeDefined()
  expect(await timingsOf(world)).toEqual({})
})

test('seconds that cannot be read keep nobody from hearing the end', async () => {
  const world = await worldWith(DRAFT)
  await world.store.put(timingsKey('gh/ada/web', 'unit'), '{', 'application/json')
  await leave(world, 1, [['a', 4]])
  await end(world, 1, ran(0, 3))
  await end(world, 2, ran(1, 2))
  await world.report(7)
  expect(world.statuses.at(-1)).toMatchObject({ state: 'success' })
  expect((await readReport(world.store, BUILD))?.isClosed).toBe(true)
})

/** Build 8 retries build 7, of which the second shard has failed. Its lead divides the files like this. */
async function retryWith(
  splits: Split[],
  shards: number,
  change: Partial<Build> = { retryOf: 7 },
): Promise<ReportWorld> {
  const world = await worldWith(DRAFT)
  await end(world, 1, ran(0, 3))
  await end(world, 2, { ...ran(1, 2), conclusion: 'failed', exit: { kind: 'exited', code: 1 }, reason: 'no' })
  await world.report(7)
  const draft = draftWith([draftedJob('unit', { shards, digest: 'unit' })], { splits })
  world.jobs.length = 0
  await world.build(8, 'a', endedRun({ draft, plan: PLAN }), change)
  await world.report(8)
  return world
}

test('a retry divides the files as they were divided before, whatever its lead proposes', async () => {
  const world = await retryWith([{ ...SPLIT, shardOf: packShards([1, 2, 3, 3]) }], 3)
  expect(world.jobs.map(({ job }) => [job.identity?.shard, job.files?.own])).toEqual([
    [{ index: 2, count: 2 }, packFiles([1, 2], 4)],
  ])
})

test.each<[string, Split[]]>([
  ['other files', [{ ...SPLIT, digest: 'of-others' }]],
  ['none', []],
])('a retry with %s is refused', async (_, splits) => {
  const world = await retryWith(splits, 2)
  expect(world.jobs).toEqual([])
  expect(await conclusionOf(world, 8)).toMatchObject({
    conclusion: 'errored',
    reason: expect.stringMatching(/its test files are others\. Rebuild it whole/),
  })
})

const REPEATED = { rebuildOf: 7, repeats: { job: 'unit (2/2)', times: 2 } }

test('a shard that is repeated runs the files that it ran, whatever is known of their seconds by now', async () => {
  const world = await retryWith([{ ...SPLIT, shardOf: packShards([2, 1, 3, 3]) }], 3, REPEATED)
  expect(world.jobs.map(({ job }) => [job.identity?.shard, job.files?.own])).toEqual(
    [1, 2].map(() => [{ index: 2, count: 2 }, packFiles([1, 2], 4)]),
  )
})

test.each<[string, Split[]]>([
  ['other files', [{ ...SPLIT, digest: 'of-others' }]],
  ['none', []],
])('a shard is not repeated with %s', async (_, splits) => {
  const world = await retryWith(splits, 2, REPEATED)
  expect(world.jobs).toEqual([])
  expect((await conclusionOf(world, 8)).reason).toMatch(/cannot be repeated: its test files are others now$/)
})
