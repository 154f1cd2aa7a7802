import type { BuildEnd, JobState, Report } from '../records/report-record.ts'

/** Whether the end of a build with several jobs depends on findings of this look that another one may not repeat. */
export const isOnlyKnownHere = (report: Report, end: BuildEnd): boolean =>
  (end.deploy !== null && isWithheld(report)) || report.jobs.some(endedWithoutSaying)

/** Whether a job has ended without its own exit, so that its own end, if it comes later, would differ. */
const endedWithoutSaying = ({ conclusion, exit }: JobState) =>
  exit === null && conclusion !== null && conclusion !== 'passed' && conclusion !== 'skipped'

/** Whether the deploy of a build, which is its last job, has ended without being started. */
const isWithheld = ({ jobs }: Report) => jobs.at(-1)?.publications === 0
