import { isNamed, type JobFailure } from '../model/failure.ts'
import type { Flakiness } from '../model/test-history.ts'
import { packCounts, type TestCounts, unpackCounts } from '../model/tests.ts'
import type { JobRun } from './job-run.ts'
import type { Report } from './report-record.ts'

/** The first red job that has recorded the cause of its failure. */
export type FailedJob = {
  /** Its title and ordinal; null if there is only one. */
  title: string | null
  key: number | null
  run: Pick<JobRun, 'failure'>
}

/**
 * The cause of a red build. `job`: the title of its job, if there are several; `key`: its ordinal, null for the only job of a build;
 * `flakiness`: that of the test, if it is flaky.
 */
export type FailureView = JobFailure & {
  job: string | null
  key: number | null
  flakiness: Flakiness | null
}

/** Whether the reason of a job names its failure. */
export const hasNamed = ({ conclusion, exit, failure }: JobRun): boolean =>
  conclusion === 'failed' && exit?.kind === 'exited' && failure !== undefined && isNamed(failure)

/** The results of a build's commands. */
export type ResultView = {
  /** The only job's test counts. */
  tests: TestCounts | null
  /** Whether the reason of the only job names its failure. */
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

/** The test counts of a job, in the form of the state of one of several jobs. */
const countsOf = (tests: JobRun['tests']): TestCounts | null =>
  tests ? unpackCounts(packCounts(tests)) : null
