import { describeDuration } from '../model/duration.ts'
import type { JobStatus, JobView } from './view.ts'

/** Whether a job makes its build red. */
export const isRedJob = ({ status, isAllowedFailure }: JobView) =>
  status === 'errored' || (status === 'failed' && !isAllowedFailure)

const ALLOWED = 'failed, allowed'
const LEFT_OUT = 'left out'

/** Where a job stands, in words. */
export const describeJobStatus = ({ status, isAllowedFailure }: JobView): string =>
  isAllowedFailure ? ALLOWED : status === 'left-out' ? LEFT_OUT : status

/** The order in which states are counted. */
const STATES: readonly (JobStatus | typeof ALLOWED | typeof LEFT_OUT)[] = [
  ...(['passed', 'failed', 'errored', ALLOWED, 'cancelled', 'skipped'] as const),
  ...(['running', 'queued', 'waiting', LEFT_OUT] as const),
]

/** `7 passed, 1 failed` */
export const countStates = (jobs: readonly JobView[]): string =>
  STATES.flatMap(state => {
    const count = jobs.filter(job => describeJobStatus(job) === state).length
    return count > 0 ? [`${count} ${state === ALLOWED ? 'failed as allowed' : state}`] : []
  }).join(', ')

/** How long a job ran; null unless it has ended. */
export const describeJobDuration = ({ startedAt, endedAt }: JobView): string | null =>
  startedAt && endedAt ? describeDuration(Math.max(0, Date.parse(endedAt) - Date.parse(startedAt))) : null
