import { z } from '../model/zod.ts'
import { type StageRef, stageKeys } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'

const waitingSchema = z.object({
  build: z.int().positive(),
  sequence: z.int().positive(),
  commit: z.string(),
})
/** The build whose deploy is next. */
export type WaitingBuild = z.infer<typeof waitingSchema>

/** `next.json`: only the newest build waits, because an older deploy would be replaced at once. */
const queueSchema = z.object({
  waiting: waitingSchema.nullable(),
  /** Builds that waited here and were superseded, newest last. */
  superseded: z.array(z.int().positive()).default([]),
})
export type Queue = z.infer<typeof queueSchema>

const MOST_SUPERSEDED = 50
const EMPTY: Queue = { waiting: null, superseded: [] }

export const readQueue = async (store: Store, stage: StageRef): Promise<Queue> =>
  (await readRecord(store, stageKeys(stage).next, queueSchema)) ?? EMPTY

/** Puts a build into the queue. Returns the build that waits: this one, or a newer one. */
export async function enqueue(store: Store, stage: StageRef, waiting: WaitingBuild): Promise<WaitingBuild> {
  const add = (standing: Queue | null): Queue => {
    const { waiting: other, superseded } = standing ?? EMPTY
    if (standing && other && other.sequence >= waiting.sequence) return standing
    return {
      waiting,
      superseded: [...superseded, ...(other ? [other.build] : [])].slice(-MOST_SUPERSEDED),
    }
  }
  const { value } = await updateRecord(store, stageKeys(stage).next, queueSchema, add, null)
  return value.waiting ?? waiting
}

/** Takes a build out of the queue, if it still waits there. */
export async function dequeue(store: Store, stage: StageRef, build: number): Promise<void> {
  await updateRecord(store, stageKeys(stage).next, queueSchema, standing =>
    standing?.waiting?.build === build ? { ...standing, waiting: null } : standing,
  )
}
