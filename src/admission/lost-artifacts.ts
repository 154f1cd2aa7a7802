import { titleOf } from '../model/job.ts'
import { shortenBytes } from '../model/short-reason.ts'
import { outPrefix } from '../records/keys.ts'
import type { PassedIn, PlanRecord } from '../records/plan-record.ts'
import type { Store } from '../records/store.ts'
import type { TakenOver } from './retry.ts'
import { areStored, leftArtifacts } from './stored-artifacts.ts'

type Needed = { title: string; from: PassedIn }

/** Returns a sentence that names a job whose expired artifacts a retry needs. Null if nothing is missing. */
export async function explainLostArtifacts(
  store: Store,
  project: string,
  plan: PlanRecord,
  takenOver: TakenOver,
): Promise<string | null> {
  const needed = neededOf(plan, takenOver)
  const areLost = await Promise.all(needed.map(each => isLost(store, project, each)))
  const lost = needed.find((_, at) => areLost[at])
  if (!lost) return null
  const { title, from } = lost
  return `The artifacts of ${shortenBytes(title, TITLE_BYTES)} from build #${from.build} are no longer there: artifacts are kept for 30 days.`
}

/** In bytes. */
const TITLE_BYTES = 80

/** The jobs that were taken over whose artifacts a running job needs. */
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

async function isLost(store: Store, project: string, { from }: Needed): Promise<boolean> {
  const build = { project, number: from.build }
  return !(await areStored(store, outPrefix(build, from), await leftArtifacts(store, build, from)))
}
