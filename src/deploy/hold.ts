import { z } from '../model/zod.ts'
import { type StageRef, stageKeys } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'

/** `hold.json`: keeps pushes from deploying to a stage. Written by the command line, and by report for a deploy by hand. */
const holdSchema = z.object({
  by: z.string().min(1).max(200),
  at: z.iso.datetime(),
  /** The deploy by hand that holds the stage: pushes before it never deploy, a later one does. Null: no push deploys. */
  build: z.int().positive().nullable().default(null),
  /** The build that has ended it. Null while it stands. */
  endedBy: z.int().positive().nullable().default(null),
})
type HoldRecord = z.infer<typeof holdSchema>
export type Hold = Omit<HoldRecord, 'endedBy'>

const stands = (hold: HoldRecord | null): hold is HoldRecord => hold !== null && hold.endedBy === null

/** The hold that stands; null for none. */
export async function readHold(store: Store, stage: StageRef): Promise<Hold | null> {
  const hold = await readRecord(store, stageKeys(stage).hold, holdSchema)
  if (!stands(hold)) return null
  const { by, at, build } = hold
  return { by, at, build }
}

/** Holds a stage against all pushes. Returns the hold that stands, which is the first one by a person. */
export async function holdStage(
  store: Store,
  stage: StageRef,
  hold: Pick<Hold, 'by' | 'at'>,
): Promise<Pick<Hold, 'by' | 'at'>> {
  const wanted = { ...hold, build: null, endedBy: null }
  const { value } = await updateRecord(store, stageKeys(stage).hold, holdSchema, standing =>
    stands(standing) && standing.build === null ? standing : wanted,
  )
  return value
}

/** Holds a stage for a deploy by hand. A person's hold stays, and so does that of a later deploy. */
export async function holdForDeploy(
  store: Store,
  stage: StageRef,
  hold: Pick<Hold, 'by' | 'at'> & { build: number },
): Promise<void> {
  const wanted = { ...hold, endedBy: null }
  await updateRecord(store, stageKeys(stage).hold, holdSchema, standing =>
    stands(standing) && (standing.build === null || standing.build >= hold.build) ? standing : wanted,
  )
}

/** Ends the hold of a deploy by hand for which `isMeant` is true, because build `endedBy` deploys. A person's hold stays. */
export async function endHold(
  store: Store,
  stage: StageRef,
  endedBy: number,
  isMeant: (build: number) => boolean = () => true,
): Promise<void> {
  await updateRecord(store, stageKeys(stage).hold, holdSchema, standing =>
    stands(standing) && standing.build !== null && isMeant(standing.build)
      ? { ...standing, endedBy }
      : standing,
  )
}

/** Lets pushes deploy to a stage again. Returns the hold that has ended; null if there was none. */
export async function releaseStage(store: Store, stage: StageRef): Promise<Hold | null> {
  const hold = await readHold(store, stage)
  if (hold) await store.remove(stageKeys(stage).hold)
  return hold
}

/** Why the build of a push must not deploy to a stage that is held; null if it may. */
export function explainHold(hold: Hold, number: number): string | null {
  if (hold.build === null) return `Held by ${hold.by}`
  return number < hold.build ? `Superseded by #${hold.build}` : null
}
