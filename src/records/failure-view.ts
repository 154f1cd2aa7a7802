import { isNamed, type JobFailure } from '../model/failure.ts'
import type { Flakiness } from '../model/test-history.ts'
import { packCounts, type TestCounts, unpackCounts } from '../model/tests.ts'
import type { JobRun } from './job-run.ts'
import type { Report } from './report-record.ts'

/** The first red job that has recorded what it has failed by. */
export type FailedJob = {
  /** Its title and ordinal; null if there is only one. */
  title: string | null
  key: number | null
  run: Pick<JobRun, 'failure'>
}

/**
 * The cause of a red build. `job`: the title of which of several jobs; `key`: its ordinal, null for the only job of a build; `flakiness`:
 * of the test, if it is flaky.
 */
export type FailureView = JobFailure & {
  job: string | null
  key: number | null
  flakiness: Flakiness | null
}

/** Whether the reason of a job names what failed. */
export const hasNamed = ({ conclusion, exit, failure }: JobRun): boolean =>
  conclusion === 'failed' && exit?.kind === 'exited' && failure !== undefined && isNamed(failure)

/** The results that the commands of a build have left. */
export type ResultView = {
  /** Of the only job: what its test reports come to. */
  tests: TestCounts | null
  /** Whether the reason of the only job names what failed. */
  isNamed: boolean
  /** The cause of a red build. */
  failure: FailureView | null
}

type Recorded = { run: JobRun | null; report: Report | null; failed?: FailedJob | null }

/** @param only the state of the only job of a plan */
export function resultsOf(
  { run, report, failed = null }: Recorded,
  hasJobs: boolean,
  only: Pick<ResultView, 'tests' | 'isNamed'> | null,
): ResultView {
  const conclusion = report?.end ? report.end.conclusion : hasJobs ? null : run?.conclusion
  const isRed = conclusion === 'failed' || conclusion === 'errored'
  const red = hasJobs ? failed : run && { title: null, key: null, run }
  const failure = isRed ? red?.run.failure : undefined
  return {
    tests: only ? only.tests : hasJobs ? null : countsOf(run?.tests),
    isNamed: only ? only.isNamed : !hasJobs && run !== null && hasNamed(run),
    failure:
      red && failure
        ? { ...failure, job: red.title, key: red.key, flakiness: report?.flakiness ?? null }
        : null,
  }
}

/** The test counts of a job, in the same form as in the state of one of several jobs. */
const countsOf = (tests: JobRun['tests']): TestCounts | null =>
  tests ? unpackCounts(packCounts(tests)) : null
