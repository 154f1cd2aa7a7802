import type { BuildEnd, JobState, Report } from '../records/report-record.ts'

/**
 * Whether the end of a build with several jobs follows from what this look alone has found, so that another one may find something
 * else.
 */
export const isOnlyKnownHere = (report: Report, end: BuildEnd): boolean =>
  (end.deploy !== null && isWithheld(report)) || report.jobs.some(endedWithoutSaying)

/** Whether a job has ended without an exit of its own, so that its own end, if it comes later, would say something else. */
const endedWithoutSaying = ({ conclusion, exit }: JobState) =>
  exit === null && conclusion !== null && conclusion !== 'passed' && conclusion !== 'skipped'

/** Whether the deploy of a build has ended without having been started. It is the last job. */
const isWithheld = ({ jobs }: Report) => jobs.at(-1)?.publications === 0
