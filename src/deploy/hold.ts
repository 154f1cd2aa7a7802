import { z } from '../model/zod.ts'
import { type StageRef, stageKeys } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'

/** `hold.json`: a person wants nothing to be deployed to a stage but what people ask for. Written by the command line. */
const holdSchema = z.object({ by: z.string().min(1).max(200), at: z.iso.datetime() })
export type Hold = z.infer<typeof holdSchema>

export const readHold = (store: Store, stage: StageRef): Promise<Hold | null> =>
  readRecord(store, stageKeys(stage).hold, holdSchema)

/** Holds a stage. Returns the hold that stands: the first one. */
export async function holdStage(store: Store, stage: StageRef, hold: Hold): Promise<Hold> {
  const { value } = await updateRecord(store, stageKeys(stage).hold, holdSchema, standing => standing ?? hold)
  return value
}

/** Lets pushes deploy to a stage again. Returns the hold that has ended; null if there was none. */
export async function releaseStage(store: Store, stage: StageRef): Promise<Hold | null> {
  const hold = await readHold(store, stage)
  if (hold) await store.remove(stageKeys(stage).hold)
  return hold
}
