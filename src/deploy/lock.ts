import { z } from '../model/zod.ts'
import { readCurrent } from '../records/deployments.ts'
import { type StageRef, stageKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { readVersion, updateRecord, type Versioned } from '../records/update-record.ts'

const holderSchema = z.object({
  build: z.int().positive(),
  /** When the lock expires. */
  until: z.iso.datetime(),
})
export type LockHolder = z.infer<typeof holderSchema>

/** `lock.json`: the build that deploys a stage. `fence` counts the holders, which exposes a holder that comes back late. */
const lockSchema = z.object({ holder: holderSchema.nullable(), fence: z.int().positive() })
type Lock = z.infer<typeof lockSchema>

/**
 * Takes the lock of a stage if it is free. Returns the build that holds it then. With `known`, the lock is not read before the first
 * write, which fails if it was changed in the meantime.
 */
export async function takeLock(
  store: Store,
  stage: StageRef,
  wanted: LockHolder,
  now: Date,
  known?: Versioned<Lock>,
): Promise<number> {
  const take = async (standing: Lock | null): Promise<Lock> => {
    if (standing?.holder && new Date(standing.holder.until) > now) return standing
    // Somebody may have deleted the lock to free its stage.
    const last = standing?.fence ?? (await readCurrent(store, stage))?.latest.fence ?? 0
    return { holder: wanted, fence: last + 1 }
  }
  const { value } = await updateRecord(store, stageKeys(stage).lock, lockSchema, take, known)
  return value.holder?.build ?? wanted.build
}

/** Keeps a build's lock at least until `until`, even if it had expired. Returns its fence; null if another build has taken it since. */
export async function keepLock(store: Store, stage: StageRef, wanted: LockHolder): Promise<number | null> {
  const { value } = await updateRecord(store, stageKeys(stage).lock, lockSchema, standing =>
    standing?.holder?.build === wanted.build && standing.holder.until < wanted.until
      ? { ...standing, holder: wanted }
      : standing,
  )
  return value?.holder?.build === wanted.build ? value.fence : null
}

/** Frees the lock of a stage if this build holds it. */
export async function freeLock(store: Store, stage: StageRef, build: number): Promise<void> {
  await updateRecord(store, stageKeys(stage).lock, lockSchema, standing =>
    standing?.holder?.build === build ? { ...standing, holder: null } : standing,
  )
}

/** The lock of a stage, as stored; null if no build has ever held it. */
export const readLock = (store: Store, stage: StageRef): Promise<Versioned<Lock>> =>
  readVersion(store, stageKeys(stage).lock, lockSchema)

/** The build that holds a lock; null for none. */
export function holderOf(lock: Versioned<Lock>, now: Date): LockHolder | null {
  const holder = lock?.value.holder ?? null
  return holder && new Date(holder.until) > now ? holder : null
}

/** The build that holds the lock of a stage now; null for none. */
export const readLockHolder = async (store: Store, stage: StageRef, now: Date): Promise<LockHolder | null> =>
  holderOf(await readLock(store, stage), now)
