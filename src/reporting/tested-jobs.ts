import type { Build } from '../model/build.ts'
import { ONLY_JOB, titleOf } from '../model/job.ts'
import { MOST_LISTED, type TestedJob } from '../model/test-history.ts'
import { failedTests, type TestCounts, type TestName, titleOfTest, unpackCounts } from '../model/tests.ts'
import { type JobRef, LEAD } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { jobIdOf, testIdOf } from '../records/test-history.ts'
import { readTestRecord } from '../records/test-record.ts'
import type { BuildState } from './build-state.ts'

/** The most records of tests that are read for a build: those of attempts in which a test failed. */
const MOST_READ = 30

/** The results of a job, or of one of its shards. */
type Part = {
  /** The title of its job, without its shard. */
  whole: string
  isPassed: boolean
  /** The counts of the attempt that counts; null without test reports. */
  counts: TestCounts | null
  last: JobRef
  /** Its earlier attempts that failed. */
  failed: readonly JobRef[]
}

type Ended = Pick<BuildState, 'build' | 'run' | 'plan' | 'report'>

/** The test results of each job of a build that has ended. Jobs without test reports, and those that were taken over, are left out. */
export async function testedJobs(ended: Ended, store: Store): Promise<TestedJob[]> {
  const byWhole = Map.groupBy(partsOf(ended), ({ whole }) => whole)
  const budget = { left: MOST_READ }
  const jobs: TestedJob[] = []
  for (const [whole, parts] of byWhole) {
    if (parts.every(({ counts, failed }) => counts === null && failed.length === 0)) continue
    const read: ReadPart[] = []
    for (const part of parts) read.push(await readPart(part, ended.build, budget, store))
    const [failed, flaky] = [idsOf(read, 'failed'), idsOf(read, 'flaky')]
    jobs.push({
      job: jobIdOf(whole),
      isPassed: read.every(each => each.isPassed),
      isComplete: read.every(each => each.isComplete) && failed.length <= MOST_LISTED,
      failed: failed.slice(0, MOST_LISTED),
      flaky: flaky.slice(0, MOST_LISTED),
    })
  }
  return jobs
}

function partsOf({ run, plan, report }: Ended): Part[] {
  if (!plan) {
    const isPassed = report.end?.conclusion === 'passed'
    return [{ whole: ONLY_JOB, isPassed, counts: run?.tests ?? null, last: LEAD, failed: [] }]
  }
  return plan.jobs.flatMap(job => {
    const state = report.jobs.find(({ key }) => key === job.key)
    if (!state || job.isDeploy || job.passedIn) return []
    const { key, failed = [] } = state
    return {
      whole: titleOf({ ...job, shard: null }),
      isPassed: state.conclusion === 'passed',
      counts: state.tests ? unpackCounts(state.tests) : null,
      last: state,
      failed: failed.map(attempt => ({ key, attempt })),
    }
  })
}

type ReadPart = {
  isPassed: boolean
  /** Whether all failed tests of the attempt that counts are known. */
  isComplete: boolean
  failed: ReadonlySet<string>
  flaky: ReadonlySet<string>
}

/** Reads only the records of attempts in which a test failed. A record that is not credible counts as unknown. */
async function readPart(
  { whole, isPassed, counts, last, failed: earlier }: Part,
  build: Build,
  budget: { left: number },
  store: Store,
): Promise<ReadPart> {
  const read = async (job: JobRef) => {
    budget.left -= 1
    return budget.left < 0 ? null : readTestRecord(store, build, job)
  }
  const idsIn = (tests: readonly TestName[] = []) => tests.map(test => testIdOf(whole, titleOfTest(test)))
  const hasFailed = counts !== null && failedTests(counts) > 0
  const record = counts && (hasFailed || counts.flaky > 0) ? await read(last) : null
  const failed = new Set(idsIn(record?.failures))
  const flaky = new Set(idsIn(record?.flakyTests))
  for (const job of earlier) {
    const before = await read(job)
    for (const id of idsIn(before?.flakyTests)) flaky.add(id)
    // A test that has failed again has not passed.
    for (const id of idsIn(before?.failures)) (isPassed && !failed.has(id) ? flaky : failed).add(id)
  }
  const listed = hasFailed ? (record?.failures.length ?? -1) : 0
  return {
    isPassed: isPassed && !hasFailed,
    isComplete: counts !== null && listed === failedTests(counts),
    ...{ failed, flaky },
  }
}

const idsOf = (parts: readonly ReadPart[], of: 'failed' | 'flaky') => [
  ...new Set(parts.flatMap(part => [...part[of]])),
]
