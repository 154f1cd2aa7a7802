import type { Build } from '../model/build.ts'
import { costOf } from '../records/cost.ts'
import { type JobRef, jobKeys, LEAD } from '../records/keys.ts'
import type { JobObjects } from '../records/read-records.ts'
import type { Report } from '../records/report-record.ts'

/** The stack's settings for the run functions. */
export type RunFunctions = {
  memoryMb: number
  storageMb: number
  timeoutSeconds: number
  architecture: string
  /** How many jobs of a repository run at once by default. */
  mostJobs: number
}

type Measured = {
  build: Build
  /** Default: the lead. */
  ref?: JobRef
  job: JobObjects
  /** When the lead was claimed, to the millisecond. The claims of other jobs are known to the second. */
  report: Pick<Report, 'claimedAt'>
}
type Measures = { runFunctions: Omit<RunFunctions, 'mostJobs'>; now: () => Date }

/**
 * Estimates what a job that has ended has cost, in US dollars; null if no function has claimed it. The job's own record only proves that it
 * has ended: the times are those of the bucket.
 */
export function measureCost(
  { build, ref = LEAD, job: { run, objects }, report }: Measured,
  { runFunctions, now }: Measures,
): number | null {
  if (!run) return null
  const keys = jobKeys(build, ref)
  const record = objects.find(({ key }) => key === keys.record('end'))
  const claim = objects.find(({ key }) => key === keys.record('claim'))?.modifiedAt.toISOString()
  // If the event of the claim was lost, the time since the request is the upper limit.
  const start = Date.parse((ref.key === 0 ? report.claimedAt : claim) ?? build.queuedAt)
  const latest = now().getTime()
  const end = record ? Math.min(record.modifiedAt.getTime(), latest) : latest
  const seconds = Math.min(Math.max(0, end - start) / 1000, runFunctions.timeoutSeconds)
  const segments = objects.filter(({ key }) => key.startsWith(keys.log.prefix))
  const sizeOf = (entries: typeof objects) => entries.reduce((sum, { size }) => sum + size, 0)
  const whole = objects.filter(({ key }) => key === keys.log.whole)
  const bytes = Math.max(sizeOf(whole), sizeOf(segments))
  return costOf({ ...runFunctions, seconds, segments: segments.length, bytes }, ref.key === 0)
}
