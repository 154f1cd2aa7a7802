import type { Build } from '../model/build.ts'
import { costOf } from '../records/cost.ts'
import type { JobRun } from '../records/job-run.ts'
import { buildKeys } from '../records/keys.ts'
import type { Report } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'

/** What the stack has set for the run functions. */
export type RunFunctions = {
  memoryMb: number
  storageMb: number
  timeoutSeconds: number
  architecture: string
}

type Measured = { build: Build; run: JobRun | null; report: Pick<Report, 'claimedAt'> }
type Measures = { store: Store; runFunctions: RunFunctions; now: () => Date }

/** Objects of a build that are counted: S3 lists no more at once, and a build of 15 minutes writes about one a second. */
const MOST_OBJECTS = 1000

/**
 * Estimates what a build that has ended has cost, in US dollars; null if no function has claimed its job. Of the job's own
 * record counts only that it is there and says that it has ended: the times are those of the bucket.
 */
export async function measureCost(
  { build, run, report }: Measured,
  { store, runFunctions, now }: Measures,
): Promise<number | null> {
  if (!run) return null
  const keys = buildKeys(build)
  const objects = await store.list(keys.prefix, { limit: MOST_OBJECTS })
  const [record] =
    objects.length < MOST_OBJECTS
      ? objects.filter(({ key }) => key === keys.run)
      : await store.list(keys.run, { limit: 1 })
  // If the event of the claim was lost, the time from the request on is the most that it can be.
  const start = Date.parse(report.claimedAt ?? build.queuedAt)
  const latest = now().getTime()
  const end = run.phase === 'ended' && record ? Math.min(record.modifiedAt.getTime(), latest) : latest
  const seconds = Math.min(Math.max(0, end - start) / 1000, runFunctions.timeoutSeconds)
  const segments = objects.filter(({ key }) => key.startsWith(keys.log.prefix))
  const sizeOf = (entries: typeof objects) => entries.reduce((sum, { size }) => sum + size, 0)
  const whole = objects.filter(({ key }) => key === keys.log.whole)
  const bytes = Math.max(sizeOf(whole), sizeOf(segments))
  return costOf({ ...runFunctions, seconds, segments: segments.length, bytes })
}
