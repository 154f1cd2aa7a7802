import { describeDuration } from '../model/duration.ts'
import type { JobStatus, JobView } from './view.ts'

/** Whether a job makes its build red. */
export const isRedJob = ({ status, isAllowedFailure }: JobView) =>
  status === 'errored' || (status === 'failed' && !isAllowedFailure)

const ALLOWED = 'failed, allowed'
const LEFT_OUT = 'left out'
/** For a job or build that has passed, but not at the first attempt. */
export const FLAKY = 'passed (flaky)'

/** The state of a job, in words. */
export const describeJobStatus = ({ status, isAllowedFailure, isFlaky }: JobView): string => {
  if (isFlaky) return FLAKY
  return isAllowedFailure ? ALLOWED : status === 'left-out' ? LEFT_OUT : status
}

/** The state of a job, with the build in which it passed if it was taken over: `passed in #12`. */
export const describeJobState = (job: JobView): string =>
  job.passedIn === null ? describeJobStatus(job) : `${describeJobStatus(job)} in #${job.passedIn}`

/** The order in which states are counted. */
const STATES: readonly (JobStatus | typeof ALLOWED | typeof LEFT_OUT | typeof FLAKY)[] = [
  ...(['passed', FLAKY, 'failed', 'errored', ALLOWED, 'cancelled', 'skipped'] as const),
  ...(['running', 'queued', 'waiting', LEFT_OUT] as const),
]

/** `7 passed (5 earlier), 1 failed` */
export const countStates = (jobs: readonly JobView[]): string =>
  STATES.flatMap(state => {
    const some = jobs.filter(job => describeJobStatus(job) === state)
    const earlier = some.filter(({ passedIn }) => passedIn !== null).length
    const words = `${some.length} ${state === ALLOWED ? 'failed as allowed' : state}`
    return some.length > 0 ? [earlier > 0 ? `${words} (${earlier} earlier)` : words] : []
  }).join(', ')

/** The duration of a job; null unless it has ended. */
export const describeJobDuration = ({ startedAt, endedAt }: JobView): string | null =>
  startedAt && endedAt ? describeDuration(Math.max(0, Date.parse(endedAt) - Date.parse(startedAt))) : null
