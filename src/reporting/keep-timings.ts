import type { Build } from '../model/build.ts'
import type { FileSeconds } from '../model/split.ts'
import { timingsKey } from '../records/keys.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'
import type { JobState, Report } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import { readTestRecord } from '../records/test-record.ts'
import { addSeconds, timingsSchema } from '../records/timings.ts'
import { updateRecord } from '../records/update-record.ts'

type Ended = { build: Build; report: Report; plan: PlanRecord | null }

/** How many records are read at the same time. */
const CONCURRENTLY = 8

/**
 * Adds the seconds of the files that divide jobs, as reported by their shards, once the build has ended. Forks and killed shards do not
 * count. Each build counts once.
 */
export async function keepTimings({ build, report, plan }: Ended, store: Store): Promise<void> {
  if (!plan?.splits || !report.end || build.trust === 'fork') return
  for (const { job } of plan.splits) {
    const shards = plan.jobs.flatMap(each => {
      const state = report.jobs.find(({ key }) => key === each.key)
      return each.name === job && state && hasRun(each, state) ? [state] : []
    })
    const measured = meansOf(await readSeconds(store, build, shards))
    if (measured.length > 0)
      await updateRecord(store, timingsKey(build.project, job), timingsSchema, standing =>
        addSeconds(standing, measured, build.number),
      )
  }
}

/** Whether a job ended by itself, in this build. */
const hasRun = ({ passedIn }: AcceptedJob, { conclusion, exit, publications }: JobState) =>
  !passedIn &&
  publications > 0 &&
  exit?.kind === 'exited' &&
  (conclusion === 'passed' || conclusion === 'failed')

async function readSeconds(store: Store, build: Build, shards: readonly JobState[]): Promise<FileSeconds[]> {
  const all: FileSeconds[] = []
  for (let at = 0; at < shards.length; at += CONCURRENTLY) {
    const some = shards.slice(at, at + CONCURRENTLY)
    const records = await Promise.all(some.map(state => readTestRecord(store, build, state)))
    all.push(...records.flatMap(record => record?.files ?? []))
  }
  return all
}

/** Cells of a matrix have the same files. */
function meansOf(measured: readonly FileSeconds[]): FileSeconds[] {
  const byPath = Map.groupBy(measured, ({ path }) => path)
  return [...byPath].map(([path, all]) => ({
    path,
    seconds: all.reduce((sum, { seconds }) => sum + seconds, 0) / all.length,
  }))
}
