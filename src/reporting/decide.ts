import { latestEndOfClaimed, switchTimeOf } from '../admission/deadlines.ts'
import { wholeInstead } from '../admission/retry.ts'
import type { Build } from '../model/build.ts'
import type { CancelRequest } from '../records/cancel-request.ts'
import type { BuildEnd, Report } from '../records/report-record.ts'
import type { Records } from '../records/view.ts'

/** The conclusion from the records: how the build ended, that its job must be published again, or nothing yet (null). */
export type Decision = { end: BuildEnd } | 'publish-again' | null

const PUBLICATIONS = 3
/** The reason for a death about which Lambda reports nothing. */
export const NO_END = 'it did not report its end in time'

/** Report's knowledge of a job. */
export type Standing = Pick<Report, 'end' | 'failures' | 'publications' | 'latestEnd'> & {
  subject?: string
  /** Which failures count (`nonceOf`). Default: the build's. */
  nonce?: string
  /** When the job was claimed, by the clock of the bucket. */
  claimTime?: Date | null
}

/**
 * Decides whether and how a build has ended. A pure function. The first end accepted is final. A job that has not ended is dead if Lambda
 * reports the death of the invocation that runs it, or if its latest end has passed (that of its claim, once it is claimed).
 */
export function decide(
  {
    build,
    run,
    report,
    request,
  }: Pick<Records, 'build' | 'run'> & { report: Standing; request: CancelRequest | null },
  now: Date,
): Decision {
  if (report.end) return { end: report.end }
  if (run?.phase === 'ended') {
    const { conclusion, reason, endedAt } = run
    const end = { deploy: null, endedAt: endedAt ?? now.toISOString() }
    if (conclusion !== null) return { end: { conclusion, reason, ...end } }
    return { end: { conclusion: 'errored', reason: reason ?? 'The job did not say how it ended', ...end } }
  }
  const failures = report.failures.filter(({ nonce }) => nonce === (report.nonce ?? build.nonce))
  const isOverdue = now > latestEndOf(build, run && report.claimTime, report)
  if (!run) {
    // An invocation that claims the job later finds the request and ends at once.
    const cancelled = endedBeforeStart(build, request, now)
    if (cancelled) return { end: cancelled }
    // Each publication may fail once before the next one is due.
    if (failures.length < report.publications && !isOverdue) return null
    if (report.publications < PUBLICATIONS) return 'publish-again'
    const why = failures.at(-1)?.reason ?? 'no function has run its job'
    return {
      end: erroredAt(
        now,
        `${report.subject ?? 'The build'} never started, after ${PUBLICATIONS} attempts: ${why}`,
      ),
    }
  }
  // If the message was delivered twice, the second invocation may die while the first one runs the job.
  const ownFailure = failures.find(({ requestId }) => requestId === run.runner?.requestId)
  if (!ownFailure && !isOverdue) return null
  const reason = `The job died: ${ownFailure?.reason ?? NO_END}`
  return { end: erroredAt(now, reason) }
}

/**
 * The latest moment at which a job is dead. The claim says more than the last publication, which report may not have recorded. A minute is
 * for the clock of the bucket, and for an end on its way.
 */
export const latestEndOf = (
  build: Pick<Build, 'latestEnd'>,
  claimTime: Date | null | undefined,
  { latestEnd }: Pick<Report, 'latestEnd'>,
): Date =>
  claimTime
    ? switchTimeOf(latestEndOfClaimed(claimTime).toISOString())
    : new Date(latestEnd ?? build.latestEnd)

/** Like `decide`, for the lead of a build. A retry whose lead has proposed no jobs is an error, because it repeats nothing. */
export function decideLead(known: Parameters<typeof decide>[0], now: Date): Decision {
  const { build, run, report } = known
  const decision = decide(known, now)
  if (build.retryOf === null || run?.draft || report.end || decision === null || decision === 'publish-again')
    return decision
  const { end } = decision
  if (end.conclusion !== 'passed' && end.conclusion !== 'skipped') return decision
  const why = end.reason === null ? '' : ` (${end.reason})`
  const whole = wholeInstead({ repository: build.repository, number: build.retryOf })
  const reason = `The plan is no longer that of #${build.retryOf}: it has no jobs${why}. ${whole}`
  return { end: { ...end, conclusion: 'errored', reason, deploy: null } }
}

/** How a request to cancel ends a build whose job has not been claimed; null if it does not. */
export const endedBeforeStart = (build: Build, request: CancelRequest | null, now: Date): BuildEnd | null =>
  request && (request.supersededBy === null || endsBeforeItsFilesAreRead(build))
    ? { ...erroredAt(now, request.why), conclusion: 'cancelled' }
    : null

/** Its files say whether a newer commit ends a build. For a pull request, the default is good enough. */
const endsBeforeItsFilesAreRead = (build: Build) => build.pullRequest !== null

export const erroredAt = (now: Date, reason: string): BuildEnd => ({
  conclusion: 'errored',
  reason,
  deploy: null,
  endedAt: now.toISOString(),
})
