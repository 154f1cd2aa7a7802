import type { Build } from '../model/build.ts'
import { costOf } from '../records/cost.ts'
import { jobKeys } from '../records/keys.ts'
import type { JobObjects } from '../records/read-records.ts'
import type { Report } from '../records/report-record.ts'

/** What the stack has set for the run functions. */
export type RunFunctions = {
  memoryMb: number
  storageMb: number
  timeoutSeconds: number
  architecture: string
}

type Measured = { build: Build; job: JobObjects; report: Pick<Report, 'claimedAt'> }
type Measures = { runFunctions: RunFunctions; now: () => Date }

/**
 * Estimates what a build that has ended has cost, in US dollars; null if no function has claimed its job. Of the job's own
 * record counts only that it is there and says that it has ended: the times are those of the bucket.
 */
export function measureCost(
  { build, job: { run, objects }, report }: Measured,
  { runFunctions, now }: Measures,
): number | null {
  if (!run) return null
  const keys = jobKeys(build)
  const record = objects.find(({ key }) => key === keys.record('end'))
  // If the event of the claim was lost, the time from the request on is the most that it can be.
  const start = Date.parse(report.claimedAt ?? build.queuedAt)
  const latest = now().getTime()
  const end = record ? Math.min(record.modifiedAt.getTime(), latest) : latest
  const seconds = Math.min(Math.max(0, end - start) / 1000, runFunctions.timeoutSeconds)
  const segments = objects.filter(({ key }) => key.startsWith(keys.log.prefix))
  const sizeOf = (entries: typeof objects) => entries.reduce((sum, { size }) => sum + size, 0)
  const whole = objects.filter(({ key }) => key === keys.log.whole)
  const bytes = Math.max(sizeOf(whole), sizeOf(segments))
  return costOf({ ...runFunctions, seconds, segments: segments.length, bytes })
}
