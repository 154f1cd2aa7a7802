import { z } from '../model/zod.ts'
import { type StageRef, stageKeys } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'
import { readCurrent } from './deployments.ts'

const holderSchema = z.object({
  build: z.int().positive(),
  /** When the deploy has certainly ended. The lock is free then; it is never renewed. */
  until: z.iso.datetime(),
})
export type LockHolder = z.infer<typeof holderSchema>

/** `lock.json`: the build that deploys a stage. `fence` counts the holders, which exposes one that comes back late. */
const lockSchema = z.object({ holder: holderSchema.nullable(), fence: z.int().positive() })
type Lock = z.infer<typeof lockSchema>

export type HeldLock = { fence: number; release(): Promise<void> }

/** Takes the lock of a stage; returns its holder if another build has it. */
export async function takeLock(
  store: Store,
  stage: StageRef,
  holder: LockHolder,
  now: Date,
): Promise<HeldLock | { heldBy: LockHolder }> {
  const key = stageKeys(stage).lock
  const take = async (standing: Lock | null): Promise<Lock> => {
    const isHeld = standing?.holder && new Date(standing.holder.until) > now
    const isOurs = standing?.holder?.build === holder.build
    if (standing && (isHeld || isOurs)) return standing
    // Somebody may have deleted the lock to free its stage.
    const last = standing?.fence ?? (await readCurrent(store, stage))?.latest.fence ?? 0
    return { holder, fence: last + 1 }
  }
  const { value, version } = await updateRecord(store, key, lockSchema, take)
  if (value.holder && value.holder.build !== holder.build) return { heldBy: value.holder }
  const { fence } = value
  return { fence, release: () => releaseLock(store, stage, fence, version) }
}

/** The fence of the lock that a build holds, expired or not; null if it holds none. */
export async function readOwnFence(store: Store, stage: StageRef, build: number): Promise<number | null> {
  const lock = await readRecord(store, stageKeys(stage).lock, lockSchema)
  return lock?.holder?.build === build ? lock.fence : null
}

/** Frees the lock of a stage if a build died while it held it. */
export async function freeLock(store: Store, stage: StageRef, build: number): Promise<void> {
  const fence = await readOwnFence(store, stage, build)
  if (fence !== null) await releaseLock(store, stage, fence)
}

/** The build that holds the lock of a stage now; null for none. */
export async function readLockHolder(store: Store, stage: StageRef, now: Date): Promise<LockHolder | null> {
  const holder = (await readRecord(store, stageKeys(stage).lock, lockSchema))?.holder ?? null
  return holder && new Date(holder.until) > now ? holder : null
}

/** Does nothing if another build has taken the lock since: the fence has moved on then. */
async function releaseLock(
  store: Store,
  stage: StageRef,
  fence: number,
  known?: { value: Lock; etag: string } | null,
): Promise<void> {
  await updateRecord(
    store,
    stageKeys(stage).lock,
    lockSchema,
    standing => (standing?.fence === fence && standing.holder ? { holder: null, fence } : standing),
    known,
  )
}
