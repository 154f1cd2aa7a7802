import { expect, test } from 'vitest'
import type { Build } from '../../../src/model/build.ts'
import { flakinessOf } from '../../../src/model/test-history.ts'
import {
  type TestCounts,
  type TestName,
  type TestRecord,
  testRecordKey,
  titleOfTest,
} from '../../../src/model/tests.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import { LEAD, outPrefix, testHistoryKey } from '../../../src/records/keys.ts'
import { readRecords } from '../../../src/records/read-records.ts'
import type { JobState } from '../../../src/records/report-record.ts'
import { jobIdOf, readTestHistory, testIdOf } from '../../../src/records/test-history.ts'
import { viewOf } from '../../../src/records/view.ts'
import { testedJobs } from '../../../src/reporting/tested-jobs.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { draftedJob, draftWith, planOf, stateWith } from '../../support/plans.ts'
import { endedRun, FORKED, makeBuild, PULL, reportOf } from '../../support/records.ts'
import { ReportWorld } from '../../support/report-world.ts'

const PROJECT = 'gh/ada/web'
const counts = (change: Partial<TestCounts>): TestCounts => ({
  ...{ passed: 0, failed: 0, errored: 0, skipped: 0, flaky: 0 },
  ...change,
})
const named = (name: string): TestName => ({ suite: 'cart', name })
const failure = (name: string) => ({ ...named(name), message: 'no', file: null, line: null })
const recordOf = (failed: string[], flaky: string[] = []): TestRecord => ({
  ...counts({ passed: 5, failed: failed.length, flaky: flaky.length }),
  failures: failed.map(failure),
  ...(flaky.length > 0 && { flakyTests: flaky.map(named) }),
  reports: [],
})
const PASSED = endedRun({ tests: counts({ passed: 5 }) })
const failedBy = (...names: string[]): JobRun =>
  endedRun({
    ...{ conclusion: 'failed', exit: { kind: 'exited', code: 1 }, reason: 'tests failed' },
    tests: counts({ failed: names.length }),
    failure: {
      ...{ source: 'report', test: titleOfTest(named(names[0] ?? '')), excerpt: ['no'] },
      ...{ file: null, line: null, logLine: null },
    },
  })

/** Report, and builds of one job each. */
class TestsWorld extends ReportWorld {
  /** A build ends like this, and report looks at it. `left`: its `tests.json`. */
  async ended(number: number, letter: string, run: JobRun, left: unknown, change: Partial<Build> = {}) {
    const build = await this.build(number, letter, run, change)
    if (left !== null) await this.put(testRecordKey(outPrefix(build, LEAD)), left)
    await this.report(number)
    const records = await readRecords(this.store, build)
    if (!records) throw new Error('There is no such build')
    return viewOf(records)
  }
  history = () => readTestHistory(this.store, PROJECT, 'master')
}

test('a test that failed and passed at one commit of a deploy branch is flaky from then on', async () => {
  const world = new TestsWorld('ab')
  const first = await world.ended(1, 'a', failedBy('total'), recordOf(['total']))
  expect(first.failure).toMatchObject({ test: 'cart › total', flakiness: null })
  await world.ended(2, 'a', PASSED, null, { rebuildOf: 1 })
  const third = await world.ended(3, 'b', failedBy('total', 'other'), recordOf(['total', 'other']))
  expect(third.failure?.flakiness).toEqual({ branch: 'master', failed: 2, of: 3 })
  // It decides nothing.
  expect(third.status).toBe('failed')
  // Another look adds nothing.
  const before = await world.history()
  await world.report(3)
  expect(await world.history()).toEqual(before)
  expect(before.builds.map(({ number }) => number)).toEqual([1, 2, 3])
  const other = await world.ended(4, 'b', failedBy('other'), recordOf(['other']))
  expect(other.failure?.flakiness).toBeNull()
})

test.each<[string, Partial<Build>]>([
  ['a pull request', PULL],
  ['a fork', { ...FORKED, branch: 'master' }],
  ['another branch', { trust: 'branch', branch: 'topic', trigger: 'push/topic' }],
])('a build of %s names what is flaky on its branch, and is not remembered', async (_, change) => {
  const world = new TestsWorld('ab')
  await world.ended(1, 'a', failedBy('total'), recordOf(['total']))
  await world.ended(2, 'a', PASSED, null)
  const before = await world.history()
  const view = await world.ended(3, 'b', failedBy('total'), recordOf(['total']), change)
  expect(await world.history()).toEqual(before)
  expect(await readTestHistory(world.store, PROJECT, 'topic')).toEqual({ builds: [] })
  const known = { branch: 'master', failed: 1, of: 2 }
  expect(view.failure?.flakiness).toEqual(view.branch === 'master' ? known : null)
})

test.each<[string, unknown]>([
  ['of another form', { flaky: 1 }],
  ['with a million names', { ...recordOf([]), failures: Array.from({ length: 1_000_000 }, () => 0) }],
  ['with more failures than are kept', recordOf(Array.from({ length: 21 }, (_, at) => `t${at}`))],
  ['with a name that is too long', recordOf(['x'.repeat(301)])],
  ['that is missing', null],
])('a tests.json %s names nothing, and the build ends as it does', async (_, left) => {
  const world = new TestsWorld('a')
  await world.ended(1, 'a', PASSED, null)
  const view = await world.ended(2, 'a', failedBy('total'), left)
  expect(view).toMatchObject({ status: 'failed', failure: { test: 'cart › total', flakiness: null } })
  const [, second] = (await world.history()).builds
  expect(second?.jobs).toEqual([
    { job: jobIdOf('build'), isPassed: false, isComplete: false, failed: [], flaky: [] },
  ])
})

test('a name can be anything: its hash is recorded', async () => {
  const world = new TestsWorld('a')
  const name = '<script>alert(1)</script>\u001b[31m../../secret'
  await world.ended(1, 'a', failedBy(name), recordOf([name]))
  const stored = await world.store.get(testHistoryKey(PROJECT, 'master'))
  expect(Buffer.from(stored?.body ?? '').toString()).toMatch(/^[\w{}[\]":,-]+$/)
})

test('a history that cannot be read keeps nobody from being told the end', async () => {
  const world = new TestsWorld('a')
  await world.put(testHistoryKey(PROJECT, 'master'), { builds: 'none' })
  const view = await world.ended(1, 'a', failedBy('total'), recordOf(['total']))
  expect(view.failure?.flakiness).toBeNull()
  expect(world.statuses.at(-1)).toMatchObject({ state: 'failure' })
})

/** How the tests of a build of `unit` in two shards ended, and of what was left by these attempts, `<key>/<attempt>`. */
async function tested(states: Partial<JobState>[], left: Record<string, TestRecord>) {
  const plan = planOf(draftWith([draftedJob('unit', { shards: 2, retry: 1 })]))
  const store = openMemoryStore()
  const build = makeBuild()
  for (const [attempt, record] of Object.entries(left)) {
    const [key = 0, of = 0] = attempt.split('/').map(Number)
    const at = testRecordKey(outPrefix(build, { key, attempt: of }))
    await store.put(at, JSON.stringify(record), 'application/json')
  }
  const jobs = states.map((state, at) => stateWith(at + 1, { publications: 1, ...state }))
  return testedJobs({ build, run: null, plan, report: reportOf({ jobs }) }, store)
}
const EXIT = { kind: 'exited', code: 0 } as const
const passed: Partial<JobState> = { conclusion: 'passed', exit: EXIT, tests: [5, 0, 0, 0] }
const failed = (count: number): Partial<JobState> => ({
  ...{ conclusion: 'failed', exit: { kind: 'exited', code: 1 }, tests: [5, count, 0, 0] },
})
const ids = (...names: string[]) => names.map(name => testIdOf('unit', titleOfTest(named(name))))

test('a test that failed in the first attempt of a shard is flaky if the second one passes', async () => {
  const again = { ...passed, attempt: 2, failed: [1] }
  const [job] = await tested([passed, again], { '2/1': recordOf(['total']) })
  expect(job).toEqual({
    job: jobIdOf('unit'),
    ...{ isPassed: true, isComplete: true, failed: [], flaky: ids('total') },
  })
  expect(
    flakinessOf(
      { builds: [{ number: 7, commit: 'a'.repeat(40), jobs: [job as never] }] },
      jobIdOf('unit'),
      ids('total')[0] ?? '',
    ),
  ).toEqual({ failed: 1, of: 1 })
})

test('it is not, if the second attempt fails, too, and one that failed in each is not', async () => {
  const again = { ...failed(1), attempt: 2, failed: [1] }
  const left = { '2/1': recordOf(['total', 'other']), '2/2': recordOf(['other']) }
  const [job] = await tested([passed, again], left)
  expect(job).toMatchObject({ isPassed: false, isComplete: true, failed: ids('other', 'total'), flaky: [] })
})

test('what was flaky in one run is, and a job without reports is not remembered', async () => {
  const [job] = await tested([{ ...passed, tests: [5, 0, 0, 1] }, passed], {
    '1/1': recordOf([], ['total']),
  })
  expect(job).toMatchObject({ isPassed: true, isComplete: true, flaky: ids('total') })
  const { tests: _, ...without } = passed
  expect(await tested([without, without], {})).toEqual([])
})

test('a shard that died leaves unknown what it would have run', async () => {
  const died: Partial<JobState> = { conclusion: 'errored', reason: 'The job died' }
  const [job] = await tested([failed(1), died], { '1/1': recordOf(['total']) })
  expect(job).toMatchObject({ isPassed: false, isComplete: false, failed: ids('total') })
})
