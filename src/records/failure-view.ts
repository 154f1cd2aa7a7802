import { packCounts, type TestCounts, type TestFailure, unpackCounts } from '../model/tests.ts'
import type { JobRun } from './job-run.ts'
import type { Report } from './report-record.ts'

/** The failure of the first red job whose tests failed, and its title, which the only job of a build does not have. */
export type FailedJob = { title: string | null; run: Pick<JobRun, 'tests'> }

/** A test that made a build red, as its report describes it. `job`: which of several jobs. */
export type FailureView = TestFailure & { job: string | null }

type Tested = { run: JobRun | null; report: Report | null; failed?: FailedJob | null }

/** The test results of a build's only job, and the first test that made the build red. */
export function testsOf(
  { run, report, failed = null }: Tested,
  hasJobs: boolean,
  only: { tests: TestCounts | null } | null,
): { tests: TestCounts | null; failure: FailureView | null } {
  const conclusion = report?.end ? report.end.conclusion : hasJobs ? null : run?.conclusion
  const isRed = conclusion === 'failed' || conclusion === 'errored'
  const red = hasJobs ? failed : run && { title: null, run }
  const first = isRed ? red?.run.tests?.first : null
  return {
    tests: only ? only.tests : hasJobs ? null : countsOf(run?.tests),
    failure: red && first ? { ...first, job: red.title } : null,
  }
}

/** The test counts of a job, in the same form as in the state of one of several jobs. */
const countsOf = (tests: JobRun['tests']): TestCounts | null =>
  tests ? unpackCounts(packCounts(tests)) : null
