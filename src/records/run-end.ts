import type { Build } from '../model/build.ts'
import type { Conclusion } from '../model/conclusion.ts'
import { describeDuration } from '../model/duration.ts'
import type { Exit } from '../model/exit.ts'
import type { Deploy, JobRun } from './job-run.ts'

/** How a job says that it ended. */
export type RunEnd = Pick<JobRun, 'exit' | 'reason' | 'deploy'> & { conclusion: Conclusion }

/** The longest reason that a record takes. */
const REASON_LIMIT = 500

export const runEnd = (conclusion: Conclusion, { reason, ...rest }: Partial<RunEnd>): RunEnd => ({
  exit: null,
  deploy: null,
  ...rest,
  reason: reason?.slice(0, REASON_LIMIT) ?? null,
  conclusion,
})

/** A build that was started only to deploy ends as its deploy does; otherwise the conclusion of its tests stays. */
export function endAfterDeploy({ target }: Build, exit: Exit | null, deploy: Deploy): RunEnd {
  if (target && deploy.status === 'cancelled')
    return runEnd('cancelled', { exit, deploy, reason: deploy.reason })
  if (target && deploy.status === 'failed') return runEnd('failed', { exit, deploy, reason: deploy.reason })
  return runEnd('passed', { exit, deploy })
}

const SENTENCES: Record<Conclusion, string> = {
  passed: 'Passed',
  failed: 'The build failed',
  errored: 'The build ended in an error',
  cancelled: 'The build was cancelled',
  skipped: 'The build was skipped',
}

/** The last line of a log, such as `The build failed after 42 s`. */
export function describeRunEnd({ conclusion, reason }: RunEnd, ms: number): string {
  const why =
    conclusion === 'cancelled' && reason ? ` ${reason.startsWith('by ') ? reason : `(${reason})`}` : ''
  return `${SENTENCES[conclusion]}${why} after ${describeDuration(ms)}`
}
