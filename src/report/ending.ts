import type { CancelWish } from '../build/cancel-wish.ts'
import type { Ending, Report } from '../build/report-record.ts'
import type { Records } from '../build/view.ts'
import type { Job } from '../job/job.ts'

/** What report concludes from the records: nothing yet, an ending, or that the job must be handed out once more. */
export type Verdict = { ending: Ending } | 'again' | null

const ADMISSIONS = 3

/**
 * Whether and how a build has ended; a pure function. The first ending accepted is final. A build that has not ended is
 * dead when Lambda says so of the very invocation that runs it, or when its latest end has passed.
 */
export function judge(
  { job, run, wish }: Records & { wish: CancelWish | null },
  report: Report,
  now: Date,
): Verdict {
  if (report.ending) return { ending: report.ending }
  if (run?.phase === 'ended') {
    const { result, reason, deploy, endedAt } = run
    return { ending: { result: result ?? 'errored', reason, deploy, endedAt: endedAt ?? now.toISOString() } }
  }
  const failures = report.failures.filter(({ nonce }) => nonce === job.nonce)
  const isOverdue = now > new Date(report.latestEnd ?? job.latestEnd)
  if (!run) {
    // Whoever claims it later finds the wish, and ends at once.
    if (wish && (wish.supersededBy === null || endsUnread(job)))
      return { ending: { ...erroredAt(now, wish.why), result: 'cancelled' } }
    // Each attempt that was handed out may fail once before the next one is due.
    if (failures.length < report.admissions && !isOverdue) return null
    if (report.admissions < ADMISSIONS) return 'again'
    const why = failures.at(-1)?.reason ?? 'nothing was heard of it'
    return { ending: erroredAt(now, `The build never started, after ${ADMISSIONS} attempts: ${why}`) }
  }
  // A second delivery of the same order may die while the first one builds on.
  const ownFailure = failures.find(({ requestId }) => requestId === run.runner?.requestId)
  if (!ownFailure && !isOverdue) return null
  const reason = `The build ended without a word: ${ownFailure?.reason ?? 'nothing was heard of it until its latest end'}`
  if (run.phase !== 'deploying' || !run.deploy) return { ending: erroredAt(now, reason) }
  const deploy = { ...run.deploy, status: 'failed' as const, reason }
  return {
    ending: { result: run.result ?? 'errored', reason: run.reason, deploy, endedAt: now.toISOString() },
  }
}

/** What its files say is not known yet; of a pull request it hardly matters. */
const endsUnread = (job: Job) => job.pullRequest !== null

const erroredAt = (now: Date, reason: string): Ending => ({
  result: 'errored',
  reason,
  deploy: null,
  endedAt: now.toISOString(),
})
