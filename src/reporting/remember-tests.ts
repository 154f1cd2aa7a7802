import { ONLY_JOB, titleOf } from '../model/job.ts'
import { type Flakiness, flakinessOf } from '../model/test-history.ts'
import type { FailureView } from '../records/failure-view.ts'
import type { Store } from '../records/store.ts'
import { jobIdOf, readTestHistory, recordTests, testIdOf } from '../records/test-history.ts'
import type { View } from '../records/view.ts'
import { attempt } from './attempt.ts'
import type { BuildState } from './build-state.ts'
import { testedJobs } from './tested-jobs.ts'

type Ended = BuildState & { view: View }

/**
 * Records the test results of a build of a branch that may deploy, and returns its view with the flakiness of its first failure. All of
 * that may be repeated, and decides nothing: people are notified of the end despite a fault.
 */
export async function withFlakiness(ended: Ended, store: Store): Promise<View> {
  const { report, view } = ended
  if (!report.end || report.flakiness) return view
  const found = await attempt(() => rememberTests(ended, store))
  const flakiness = 'value' in found ? found.value : null
  return view.failure ? { ...view, failure: { ...view.failure, flakiness } } : view
}

/** The flakiness of the first failure on the branch or, for a pull request, on its base. Null if it is not known to be flaky. */
async function rememberTests({ view, ...state }: Ended, store: Store): Promise<Flakiness | null> {
  const { build, plan } = state
  const { failure } = view
  const { project, branch, number, commit, event, trust, repeats } = build
  const isRemembered = trust === 'protected' && event === 'push' && repeats === null
  const jobs = isRemembered ? await testedJobs(state, store) : []
  if (jobs.length === 0 && !failure) return null
  const history =
    jobs.length > 0
      ? await recordTests(store, { project, branch }, { number, commit, jobs })
      : await readTestHistory(store, project, branch)
  if (!failure?.test) return null
  const whole = wholeOf(failure, plan)
  const found = flakinessOf(history, jobIdOf(whole), testIdOf(whole, failure.test))
  return found && { branch, ...found }
}

/** The title of the job that failed, without its shard. */
function wholeOf({ job: title }: FailureView, plan: BuildState['plan']): string {
  const jobs = plan?.jobs.filter(({ isDeploy }) => !isDeploy) ?? []
  const job = title === null ? jobs[0] : jobs.find(each => titleOf(each) === title)
  return job ? titleOf({ ...job, shard: null }) : (title ?? ONLY_JOB)
}
