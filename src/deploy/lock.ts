import * as z from 'zod'
import { type StageRef, stageKeys } from '../build/layout.ts'
import { readIfThere } from '../build/records.ts'
import type { Store } from '../build/store.ts'

const holderSchema = z.object({
  build: z.int().positive(),
  order: z.int().positive(),
  /** By then its deploy has ended, whatever happens to it: it is never renewed. */
  until: z.iso.datetime(),
})
export type Holder = z.infer<typeof holderSchema>

/** `lock.json`: who deploys a stage. The fence counts its holders, so that one who comes late is known. */
const lockSchema = z.object({ holder: holderSchema.nullable(), fence: z.int().positive() })

/** A stage in one's hands. */
export type Held = { fence: number; release(): Promise<void> }

const ATTEMPTS = 50

/** Takes a stage, or says who has it. A holder whose time is over no longer counts. */
export async function takeLock(
  store: Store,
  stage: StageRef,
  holder: Holder,
  now: Date,
): Promise<Held | { heldBy: Holder }> {
  const { lock } = stageKeys(stage)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // Written first: whether there is none cannot be learnt by reading.
    const first = await store.putIf(lock, JSON.stringify({ holder, fence: 1 }), { ifNoneMatch: '*' })
    if (first !== 'lost') return held(store, stage, first, 1)
    const standing = await readIfThere(store, lock, lockSchema)
    if (!standing) continue
    const { holder: heldBy, fence } = standing.value
    // A retried request can lose against itself.
    if (heldBy?.build === holder.build) return held(store, stage, standing.etag, fence)
    if (heldBy && new Date(heldBy.until) > now) return { heldBy }
    const next = fence + 1
    const taken = await store.putIf(lock, JSON.stringify({ holder, fence: next }), { ifMatch: standing.etag })
    if (taken !== 'lost') return held(store, stage, taken, next)
  }
  throw new Error(`${lock} was changed by others ${ATTEMPTS} times in a row`)
}

/** Frees a stage that a build held when it died; nothing where it did not. */
export async function freeLock(store: Store, stage: StageRef, build: number): Promise<void> {
  const { lock } = stageKeys(stage)
  const standing = await readIfThere(store, lock, lockSchema)
  if (standing?.value.holder?.build === build)
    await held(store, stage, standing.etag, standing.value.fence).release()
}

/** Who has a stage now; null for nobody. */
export async function readHolder(store: Store, stage: StageRef, now: Date): Promise<Holder | null> {
  const holder = (await readIfThere(store, stageKeys(stage).lock, lockSchema))?.value.holder ?? null
  return holder && new Date(holder.until) > now ? holder : null
}

const held = (store: Store, stage: StageRef, etag: string, fence: number): Held => ({
  fence,
  release: async () => {
    // Lost: another has it already, for our time was over.
    await store.putIf(stageKeys(stage).lock, JSON.stringify({ holder: null, fence }), { ifMatch: etag })
  },
})
