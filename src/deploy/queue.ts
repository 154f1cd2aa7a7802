import { z } from '../model/zod.ts'
import { type StageRef, stageKeys } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'

const waitingSchema = z.object({
  build: z.int().positive(),
  commit: z.string(),
  /** When it began to wait. */
  since: z.iso.datetime(),
})
/** A build that waits to deploy. */
export type WaitingBuild = z.infer<typeof waitingSchema>

/** `next.json`: the builds that wait for a stage. */
const queueSchema = z.object({ waiting: z.array(waitingSchema) })
export type Queue = z.infer<typeof queueSchema>

/** No more than this wait, because each of them is read when the stage is passed on. */
export const MOST_WAITING = 100

export const readQueue = async (store: Store, stage: StageRef): Promise<Queue> =>
  (await readRecord(store, stageKeys(stage).next, queueSchema)) ?? { waiting: [] }

/** Puts a build into the queue, once. Returns its entry; null if too many builds wait. */
export async function enqueue(
  store: Store,
  stage: StageRef,
  wanted: WaitingBuild,
): Promise<WaitingBuild | null> {
  const find = (queue: Queue | null) => queue?.waiting.find(({ build }) => build === wanted.build)
  const { value } = await updateRecord(store, stageKeys(stage).next, queueSchema, (standing): Queue => {
    const queue = standing ?? { waiting: [] }
    if (standing && (find(queue) || queue.waiting.length >= MOST_WAITING)) return standing
    return { waiting: [...queue.waiting, wanted] }
  })
  return find(value) ?? null
}

/** Removes builds from the queue, if they are in it. */
export async function dequeue(store: Store, stage: StageRef, builds: readonly number[]): Promise<void> {
  await updateRecord(store, stageKeys(stage).next, queueSchema, standing => {
    const left = standing?.waiting.filter(({ build }) => !builds.includes(build))
    return standing && left && left.length < standing.waiting.length ? { waiting: left } : standing
  })
}
