import { packCounts, type TestCounts, type TestFailure, unpackCounts } from '../model/tests.ts'
import type { JobRun } from './job-run.ts'
import type { Report } from './report-record.ts'

/** What the first red job of which tests failed says of itself, and its title; of a build of one job, it has none. */
export type FailedJob = { title: string | null; run: Pick<JobRun, 'tests'> }

/** A test that made a build red, as its report describes it. `job`: which of several jobs. */
export type FailureView = TestFailure & { job: string | null }

type Tested = { run: JobRun | null; report: Report | null; failed?: FailedJob | null }

/** What the test reports of a build's only job come to, and the first test that made the build red. */
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

/** What the tests of a job come to, in the same form as in the state of one of several jobs. */
const countsOf = (tests: JobRun['tests']): TestCounts | null =>
  tests ? unpackCounts(packCounts(tests)) : null
