import * as z from 'zod'
import { type StageRef, stageKeys } from '../build/layout.ts'
import { readIfThere } from '../build/records.ts'
import type { Store } from '../build/store.ts'

const waitingSchema = z.object({ build: z.int().positive(), order: z.int().positive(), commit: z.string() })
/** The one build whose deploy comes next. */
export type Waiting = z.infer<typeof waitingSchema>

/** `next.json`: only the newest waits; whatever is older would be deployed to be replaced at once. */
const nextSchema = z.object({
  waiting: waitingSchema.nullable(),
  /** Builds that waited here before, and were overtaken; the newest of them. */
  overtaken: z.array(z.int().positive()).default([]),
})
const MOST_OVERTAKEN = 50

const ATTEMPTS = 50

export type Queue = z.infer<typeof nextSchema>

export const readQueue = async (store: Store, stage: StageRef): Promise<Queue> =>
  (await readIfThere(store, stageKeys(stage).next, nextSchema))?.value ?? { waiting: null, overtaken: [] }

/** Puts a build into the queue, unless a newer one waits there: that one is the answer. */
export async function enqueue(store: Store, stage: StageRef, waiting: Waiting): Promise<Waiting> {
  const { next } = stageKeys(stage)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = JSON.stringify({ waiting, overtaken: [] })
    if ((await store.putIf(next, first, { ifNoneMatch: '*' })) !== 'lost') return waiting
    const standing = await readIfThere(store, next, nextSchema)
    if (!standing) continue
    const { waiting: other, overtaken } = standing.value
    if (other && other.order >= waiting.order) return other
    const all = [...overtaken, ...(other ? [other.build] : [])].slice(-MOST_OVERTAKEN)
    const body = JSON.stringify({ waiting, overtaken: all })
    if ((await store.putIf(next, body, { ifMatch: standing.etag })) !== 'lost') return waiting
  }
  throw new Error(`${next} was changed by others ${ATTEMPTS} times in a row`)
}

/** Takes a build out of the queue, if it is there. */
export async function dequeue(store: Store, stage: StageRef, build: number): Promise<void> {
  const { next } = stageKeys(stage)
  const standing = await readIfThere(store, next, nextSchema)
  // Lost: a newer one has come, and stays.
  if (standing?.value.waiting?.build === build)
    await store.putIf(next, JSON.stringify({ ...standing.value, waiting: null }), { ifMatch: standing.etag })
}
