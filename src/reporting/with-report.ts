import type { Build } from '../model/build.ts'
import { buildKeys } from '../records/keys.ts'
import { type LeaseHolder, type LeaseResult, withLease } from '../records/lease.ts'
import { type Failure, firstReportOf, type Report, reportSchema } from '../records/report-record.ts'

/** For each attempt of a job, so that a hostile one cannot push out those of others. */
const MOST_FAILURES = 10

/** An invocation's knowledge about a build. */
export type Knowledge = {
  /** Lambda's report that an invocation died. */
  failure: Failure | null
  /** Whether the build's branch was deleted, or its pull request closed. */
  isGone: boolean
  /** When the lead was claimed, according to the bucket. */
  claimedAt?: string
}

/** Lets one invocation at a time work on a build's report. */
export const withReport = (
  build: Pick<Build, 'project' | 'number' | 'approval'>,
  holder: LeaseHolder,
  knowledge: Knowledge,
  work: (report: Report) => Promise<Report>,
): Promise<LeaseResult> =>
  withLease({ key: buildKeys(build).report, schema: reportSchema, empty: firstReportOf(build) }, holder, {
    enter: report => enter(report, knowledge),
    work,
    merge: (done, { failures, isGone, claimedAt }, seen) => ({
      ...done,
      failures,
      isGone,
      claimedAt,
      isClosed: done.isClosed && isGone === seen.isGone,
    }),
  })

function enter(report: Report, { failure, isGone, claimedAt }: Knowledge): Report {
  const isNew = failure && report.failures.every(({ requestId }) => requestId !== failure.requestId)
  // The first one counts. A claim after the end does not.
  const isNewClaim = claimedAt !== undefined && report.claimedAt === null && report.end === null
  if (!isNew && !isNewClaim && (!isGone || report.isGone)) return report
  return {
    ...report,
    ...(isNewClaim && { claimedAt }),
    ...(isNew && { failures: withFailure(report.failures, failure) }),
    // There is news again.
    ...(isGone && !report.isGone && { isGone, isClosed: false }),
  }
}

function withFailure(failures: readonly Failure[], failure: Failure): Failure[] {
  const isOfAttempt = ({ job = 0, attempt = 1 }: Failure) =>
    job === (failure.job ?? 0) && attempt === (failure.attempt ?? 1)
  const ofAttempt = failures.filter(isOfAttempt)
  const [oldest] = ofAttempt
  const kept = ofAttempt.length < MOST_FAILURES ? failures : failures.filter(each => each !== oldest)
  return [...kept, failure]
}
