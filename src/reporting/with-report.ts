import { type BuildRef, buildKeys } from '../records/keys.ts'
import { type LeaseHolder, withLease } from '../records/lease.ts'
import { emptyReport, type Failure, type Report, reportSchema } from '../records/report-record.ts'

const MOST_FAILURES = 10

/** What an invocation of report knows about a build. */
export type Knowledge = {
  /** Lambda's report that an invocation died. */
  failure: Failure | null
  /** Whether the build's branch was deleted, or its pull request closed. */
  isGone: boolean
  /** When the job was claimed, according to the bucket. */
  claimedAt?: string
}

/** Lets one invocation at a time work on a build's report. */
export const withReport = (
  build: BuildRef,
  holder: LeaseHolder,
  knowledge: Knowledge,
  work: (report: Report) => Promise<Report>,
): Promise<boolean> =>
  withLease({ key: buildKeys(build).report, schema: reportSchema, empty: emptyReport }, holder, {
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
  return {
    ...report,
    ...(claimedAt && { claimedAt }),
    ...(isNew && { failures: [...report.failures, failure].slice(-MOST_FAILURES) }),
    // There is something to tell again.
    ...(isGone && !report.isGone && { isGone, isClosed: false }),
  }
}
