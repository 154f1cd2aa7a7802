import { type BuildRef, buildKeys } from '../records/keys.ts'
import { type LeaseHolder, withLease } from '../records/lease.ts'
import { emptyReport, type Failure, type Report, reportSchema } from '../records/report-record.ts'

/** Of each job: one that is hostile cannot push out those of others. */
const MOST_FAILURES = 10

/** More are looked at as if anything might have changed. */
const MOST_NEWS = 300

/** The news that anything may have changed: an event of another kind, or one that is no job's. */
export const ANYTHING = '*'

/** What an invocation of report knows about a build. */
export type Knowledge = {
  /** Lambda's report that an invocation died. */
  failure: Failure | null
  /** Whether the build's branch was deleted, or its pull request closed. */
  isGone: boolean
  /** When the lead was claimed, according to the bucket. */
  claimedAt?: string
  /** The record of a job that was written, as `<ordinal>/<attempt>/<record>`. Absent: anything may have changed. */
  news?: string
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
    merge: (done, { failures, isGone, claimedAt, news }, seen) => ({
      ...done,
      // Each record is written once: what was seen is no news any more.
      news: news.filter(each => !seen.news.includes(each)),
      failures,
      isGone,
      claimedAt,
      isClosed: done.isClosed && isGone === seen.isGone,
    }),
  })

function enter(report: Report, { failure, isGone, claimedAt, news = ANYTHING }: Knowledge): Report {
  const isNew = failure && report.failures.every(({ requestId }) => requestId !== failure.requestId)
  return {
    ...report,
    ...(claimedAt && { claimedAt }),
    ...(!report.news.includes(news) && { news: [...report.news, news].slice(-MOST_NEWS) }),
    ...(isNew && { failures: withFailure(report.failures, failure) }),
    // There is something to tell again.
    ...(isGone && !report.isGone && { isGone, isClosed: false }),
  }
}

function withFailure(failures: readonly Failure[], failure: Failure): Failure[] {
  const isOfJob = ({ job = 0 }: Failure) => job === (failure.job ?? 0)
  const ofJob = failures.filter(isOfJob)
  const [oldest] = ofJob
  const kept = ofJob.length < MOST_FAILURES ? failures : failures.filter(each => each !== oldest)
  return [...kept, failure]
}
