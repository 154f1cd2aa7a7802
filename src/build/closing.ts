import type { Job } from '../job/job.ts'
import type { Exit } from './exit.ts'
import type { Result } from './result.ts'
import type { Deploy, Run } from './run-record.ts'

/** What a build says of its own end. */
export type Closing = Pick<Run, 'exit' | 'reason' | 'deploy'> & { result: Result }

export const closed = (result: Result, { reason, ...rest }: Partial<Closing>): Closing => ({
  exit: null,
  deploy: null,
  ...rest,
  // As long as a record takes it.
  reason: reason?.slice(0, 500) ?? null,
  result,
})

/** A deploy that was asked for by itself is all that there is to its build; else the tests' result stays. */
export function closeAfterDeploy({ target }: Job, exit: Exit | null, deploy: Deploy): Closing {
  if (target && deploy.status === 'cancelled')
    return closed('cancelled', { exit, deploy, reason: deploy.reason })
  if (target && deploy.status === 'failed') return closed('failed', { exit, deploy, reason: deploy.reason })
  return closed('passed', { exit, deploy })
}

const VERBS: Record<Result, string> = {
  passed: 'Passed',
  failed: 'The build failed',
  errored: 'The build ended in an error',
  cancelled: 'The build was cancelled',
  skipped: 'The build was skipped',
}

/** The last line of a log, such as `The build failed after 42 s`. */
export const describeClosing = ({ result, reason }: Closing, took: string): string =>
  `${VERBS[result]}${result === 'cancelled' && reason ? ` ${reason.startsWith('by ') ? reason : `(${reason})`}` : ''} after ${took}`
