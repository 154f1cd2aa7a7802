import { z } from '../model/zod.ts'
import { type StageRef, stageKeys } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'

const waitingSchema = z.object({ build: z.int().positive(), commit: z.string() })
/** A build that waits to deploy. */
export type WaitingBuild = z.infer<typeof waitingSchema>

const withheldSchema = z.object({
  build: z.int().positive(),
  reason: z.string().max(300),
  /** Whether its deploy has failed by that. Otherwise somebody, or a newer commit, did not want it. */
  hasFailed: z.boolean().optional(),
})
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
const TOO_MANY = `More than ${MOST} builds waited`
const EMPTY: Queue = { waiting: [], withheld: [] }

export const readQueue = async (store: Store, stage: StageRef): Promise<Queue> =>
  (await readRecord(store, stageKeys(stage).next, queueSchema)) ?? EMPTY

/** Puts a build into the queue, once. If too many wait, those that came first will not be deployed. */
export async function enqueue(store: Store, stage: StageRef, waiting: WaitingBuild): Promise<void> {
  await updateRecord(
    store,
    stageKeys(stage).next,
    queueSchema,
    (standing): Queue => {
      const queue = standing ?? EMPTY
      const isKnown = [...queue.waiting, ...queue.withheld].some(({ build }) => build === waiting.build)
      if (standing && isKnown) return standing
      const all = [...queue.waiting, waiting]
      const surplus = all.slice(0, -MOST).map(({ build }) => ({ build, reason: TOO_MANY }))
      return { waiting: all.slice(-MOST), withheld: addWithheld(queue.withheld, surplus) }
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
    const left = standing?.waiting.filter(({ build }) => builds.includes(build)) ?? []
    if (!standing || left.length === 0) return standing
    return {
      waiting: standing.waiting.filter(each => !left.includes(each)),
      withheld: addWithheld(
        standing.withheld,
        withheld.filter(each => left.some(({ build }) => build === each.build)),
      ),
    }
  })
}

/** Decides that a build will not be deployed, whether it still waits or not. The first reason counts. */
export async function withhold(store: Store, stage: StageRef, withheld: WithheldBuild): Promise<void> {
  await updateRecord(store, stageKeys(stage).next, queueSchema, (standing): Queue => {
    const queue = standing ?? EMPTY
    const isWithheld = queue.withheld.some(({ build }) => build === withheld.build)
    if (standing && isWithheld) return standing
    return {
      waiting: queue.waiting.filter(({ build }) => build !== withheld.build),
      withheld: addWithheld(queue.withheld, [withheld]),
    }
  })
}

const addWithheld = (standing: readonly WithheldBuild[], added: readonly WithheldBuild[]) => {
  const isNew = ({ build }: WithheldBuild) => standing.every(each => each.build !== build)
  return [...standing, ...added.filter(isNew)].slice(-MOST)
}
