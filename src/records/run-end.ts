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

/**
 * How a build ends whose command has passed. A failed deploy fails it; one that is withheld does not, unless the build was
 * started only to deploy.
 */
export function endAfterDeploy({ target }: Pick<Build, 'target'>, exit: Exit | null, deploy: Deploy): RunEnd {
  const { stage, status, reason } = deploy
  if (target && status === 'cancelled') return runEnd('cancelled', { exit, deploy, reason })
  if (status !== 'failed') return runEnd('passed', { exit, deploy })
  const failure = `Tests passed, deploy to ${stage} failed${reason === null ? '' : `: ${reason}`}`
  return runEnd('failed', { exit, deploy, reason: target ? reason : failure })
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
