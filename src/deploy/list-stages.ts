import { type Current, readCurrent } from '../records/deployments.ts'
import { type StageRef, stagesPrefix } from '../records/keys.ts'
import { nullIfMalformed } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { type Hold, readHold } from './hold.ts'

/** The current deployment of a stage, the last attempt, and the hold. Each may be null, but not all at once. */
export type StageState = {
  stage: string
  deployed: Current['deployed']
  latest: Current['latest'] | null
  hold: Hold | null
}

const MOST_STAGES = 100

/** The stages of a repository that were ever deployed or are held, at most `most`. Unreadable records are left out. */
export async function listStages(store: Store, project: string, most = MOST_STAGES): Promise<StageState[]> {
  const found = await Promise.all(
    (await stageNames(store, project, most)).map(stage => readStage(store, { project, stage })),
  )
  return found.filter(({ latest, hold }) => latest !== null || hold !== null)
}

async function readStage(store: Store, ref: StageRef): Promise<StageState> {
  const [current, hold] = await Promise.all([
    readCurrent(store, ref).catch(nullIfMalformed),
    readHold(store, ref).catch(nullIfMalformed),
  ])
  return { stage: ref.stage, deployed: current?.deployed ?? null, latest: current?.latest ?? null, hold }
}

/** Lists names stage by stage, and skips their deployments, of which there may be thousands. */
async function stageNames(store: Store, project: string, most: number): Promise<string[]> {
  const prefix = stagesPrefix(project)
  const names: string[] = []
  for (let after = prefix; names.length < most; ) {
    const [first] = await store.list(prefix, { startAfter: after, limit: 1 })
    const name = first?.key.slice(prefix.length).split('/')[0]
    if (!name) break
    names.push(name)
    after = `${prefix}${name}/\uffff`
  }
  return names
}
