import { succeeded } from '../model/exit.ts'
import type { JobRun } from '../records/job-run.ts'
import type { AcceptedJob } from '../records/plan-record.ts'
import type { JobState } from '../records/report-record.ts'

type Ended = {
  job: AcceptedJob
  state: JobState
  run: JobRun | null
  /** Whether the build must end. */
  isCancelled: boolean
}

/**
 * The next attempt of a job whose attempt has ended or died; null if that one counts. A pure function. If one of several equal parts died,
 * it gets one more attempt. A job whose command or tests failed is run again as often as its file says, unless it deploys or its build must
 * end.
 */
export function nextAttempt({
  job,
  state,
  run,
  isCancelled,
}: Ended): Pick<JobState, 'attempt' | 'failed'> | null {
  const { attempt, failed = [] } = state
  const deaths = attempt - 1 - failed.length
  const hasDied = run !== null && run.phase !== 'ended'
  if (hasDied) return job.shard && deaths === 0 ? { attempt: attempt + 1 } : null
  const mayRetry = !job.isDeploy && !isCancelled && failed.length < (job.retry ?? 0)
  return mayRetry && run && hasFailed(run) ? { attempt: attempt + 1, failed: [...failed, attempt] } : null
}

/** Whether a command ended by itself, and it or one of its tests failed. */
const hasFailed = ({ conclusion, exit, tests }: JobRun) =>
  conclusion === 'failed' && exit?.kind === 'exited' && (!succeeded(exit) || tests !== undefined)
