import { artifactKey, artifactListKey } from '../model/artifact.ts'
import { titleOf } from '../model/job.ts'
import { jobKeys, outPrefix } from '../records/keys.ts'
import type { PassedIn, PlanRecord } from '../records/plan-record.ts'
import { readRun } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import type { TakenOver } from './retry.ts'

type Needed = { title: string; from: PassedIn }

/**
 * The title of the first job that was taken over and whose artifacts are needed, but not there any more: they expire. Null if all
 * that is needed is there.
 */
export async function findLostArtifacts(
  store: Store,
  project: string,
  plan: PlanRecord,
  takenOver: TakenOver,
): Promise<string | null> {
  const lost = await Promise.all(
    neededOf(plan, takenOver).map(async needed =>
      (await isLost(store, project, needed)) ? [needed.title] : [],
    ),
  )
  return lost.flat()[0] ?? null
}

/** The jobs taken over of which jobs that run get artifacts. */
function neededOf({ jobs }: PlanRecord, takenOver: TakenOver): Needed[] {
  const names = new Set(
    jobs.flatMap(({ needs }, at) =>
      takenOver[at] ? [] : needs.filter(need => need.hasArtifacts).map(need => need.job),
    ),
  )
  return jobs.flatMap((job, at) => {
    const from = takenOver[at]
    return from && names.has(job.name) ? [{ title: titleOf(job), from }] : []
  })
}

/** The job's own record, which does not expire, says what there was. */
async function isLost(store: Store, project: string, { from }: Needed): Promise<boolean> {
  const build = { project, number: from.build }
  const artifacts = (await readRun(store, jobKeys(build, from).record('end')))?.artifacts ?? []
  if (artifacts.length === 0) return false
  const prefix = outPrefix(build, from)
  const there = new Set((await store.list(prefix, { limit: 100 })).map(({ key }) => key))
  return [artifactListKey(prefix), ...artifacts.map(each => artifactKey(prefix, each))].some(
    key => !there.has(key),
  )
}

/** Says that a job's artifacts have expired. */
export const describeLost = (title: string, number: number) =>
  `The artifacts of ${title}, which has passed before build #${number} or in it, are no longer there: they are kept for 30 days.`
