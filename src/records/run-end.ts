import type { Conclusion } from '../model/conclusion.ts'
import { describeDuration } from '../model/duration.ts'
import type { JobRun } from './job-run.ts'

/** The end of a job in its own words. */
export type RunEnd = Pick<JobRun, 'exit' | 'reason'> & { conclusion: Conclusion }

/** The longest reason in a record. */
const REASON_LIMIT = 500

export const runEnd = (conclusion: Conclusion, { reason, ...rest }: Partial<RunEnd>): RunEnd => ({
  exit: null,
  ...rest,
  reason: reason?.slice(0, REASON_LIMIT) ?? null,
  conclusion,
})

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
