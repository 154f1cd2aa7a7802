import { hasEnded } from '../../model/conclusion.ts'
import { failedTests, type TestFailure } from '../../model/tests.ts'
import type { FailureView } from '../../records/failure-view.ts'
import { headingOf } from '../../records/failure-wording.ts'
import { isRedJob } from '../../records/job-wording.ts'
import { allJobsOf } from '../../records/json-view.ts'
import type { BuildRef } from '../../records/keys.ts'
import { nullIfMalformed } from '../../records/read-record.ts'
import { readRecords } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import { readTestRecord } from '../../records/test-record.ts'
import { type View, viewOf } from '../../records/view.ts'

/** GitHub's limit for annotations in one request. https://docs.github.com/rest/checks/runs */
export const MOST_FAILURES = 50
/** How many records of jobs are read at once. */
const AT_ONCE = 5

/** A test that failed. `job`: which job, if there are several. `isAllowed`: it does not make the build red. */
export type FailedTest = TestFailure & { job: string | null; isAllowed: boolean }

/** The contents of a check run for a build that has ended. */
export type Details = {
  view: View
  /** The first ones; those that make the build red come first. */
  failures: readonly FailedTest[]
  /** How many tests failed in all. */
  failed: number
  mayRetry: boolean
}

type Context = { own: View | null; store: Store; mayRetry: (view: View) => Promise<boolean> }

/** Reads the details of a build; null if its end is not on record yet. */
export async function readDetails(
  build: BuildRef,
  { own, store, mayRetry }: Context,
): Promise<Details | null> {
  const view = own?.number === build.number ? own : await readView(store, build)
  if (!view || !hasEnded(view.status)) return null
  const [tests, isRetriable] = await Promise.all([readFailures(store, view), mayRetry(view).catch(noButton)])
  return { view, ...tests, mayRetry: isRetriable }
}

/** The end is always shown, even if settings are not valid. */
function noButton(error: unknown): false {
  console.error(error)
  return false
}

async function readView(store: Store, build: BuildRef): Promise<View | null> {
  const records = await readRecords(store, build).catch(nullIfMalformed)
  return records && viewOf(records)
}

/** The failure of a job without test reports, in the form of a failed test of a report. */
function failedTestOf(failure: FailureView): FailedTest {
  const { test, excerpt, file, line, job } = failure
  const name = test ?? headingOf(failure)
  return { suite: '', name, message: excerpt.join('\n'), file, line, job, isAllowed: false }
}

/** The failures in the records of jobs. A build of a hundred red jobs costs no more reads than one of fifty. */
async function readFailures(store: Store, view: View): Promise<Pick<Details, 'failures' | 'failed'>> {
  const jobs = allJobsOf(view).filter(
    ({ tests, ref, isDeploy }) => tests && failedTests(tests) > 0 && ref !== null && !isDeploy,
  )
  const [red, allowed] = [jobs.filter(isRedJob), jobs.filter(job => !isRedJob(job))]
  const left = [...red, ...allowed]
  const failures: FailedTest[] = []
  while (left.length > 0 && failures.length < MOST_FAILURES) {
    const read = left.splice(0, AT_ONCE).map(async (job): Promise<FailedTest[]> => {
      const { ref, title } = job
      const record = ref && (await readTestRecord(store, { ...view, number: ref.build }, ref))
      const which = { job: view.jobs.length > 1 ? title : null, isAllowed: !isRedJob(job) }
      return record ? record.failures.map(failure => ({ ...failure, ...which })) : []
    })
    failures.push(...(await Promise.all(read)).flat())
  }
  const known = failures.length > 0 || !view.failure ? failures : [failedTestOf(view.failure)]
  const counted = jobs.reduce((sum, { tests }) => sum + (tests ? failedTests(tests) : 0), 0)
  return { failures: known.slice(0, MOST_FAILURES), failed: Math.max(counted, known.length) }
}
