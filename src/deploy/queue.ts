import { z } from '../model/zod.ts'
import { type StageRef, stageKeys } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'

const waitingSchema = z.object({ build: z.int().positive(), commit: z.string() })
/** A build that waits to deploy. */
export type WaitingBuild = z.infer<typeof waitingSchema>

const withheldSchema = z.object({ build: z.int().positive(), reason: z.string().max(300) })
/** A build that waited, and why it will not be deployed. */
export type WithheldBuild = z.infer<typeof withheldSchema>

/** `next.json`: the builds that wait for a stage. */
const queueSchema = z.object({
  waiting: z.array(waitingSchema),
  /** Builds that waited here and will not be deployed, newest last. */
  withheld: z.array(withheldSchema),
})
export type Queue = z.infer<typeof queueSchema>

const MOST = 100
const EMPTY: Queue = { waiting: [], withheld: [] }

export const readQueue = async (store: Store, stage: StageRef): Promise<Queue> =>
  (await readRecord(store, stageKeys(stage).next, queueSchema)) ?? EMPTY

/** Puts a build into the queue, once. */
export async function enqueue(store: Store, stage: StageRef, waiting: WaitingBuild): Promise<void> {
  await updateRecord(
    store,
    stageKeys(stage).next,
    queueSchema,
    (standing): Queue => {
      const queue = standing ?? EMPTY
      if (standing && queue.waiting.some(({ build }) => build === waiting.build)) return standing
      return { ...queue, waiting: [...queue.waiting, waiting].slice(-MOST) }
    },
    null,
  )
}

/** Takes builds out of the queue, as far as they still wait there, and records those among them that will not be deployed. */
export async function dequeue(
  store: Store,
  stage: StageRef,
  builds: readonly number[],
  withheld: readonly WithheldBuild[] = [],
): Promise<void> {
  await updateRecord(store, stageKeys(stage).next, queueSchema, standing => {
    if (!standing?.waiting.some(({ build }) => builds.includes(build))) return standing
    return {
      waiting: standing.waiting.filter(({ build }) => !builds.includes(build)),
      withheld: [...standing.withheld, ...withheld].slice(-MOST),
    }
  })
}
