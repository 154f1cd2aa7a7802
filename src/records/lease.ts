import { z } from '../model/zod.ts'
import type { Store } from './store.ts'
import { type Updated, updateRecord, type Versioned } from './update-record.ts'

/** Longer than an invocation of report may take: a holder whose lease has run out is dead. */
export const LEASE_SECONDS = 180
/** After this time, a holder leaves requested looks to another invocation, because its own time is limited. */
export const HOLD_SECONDS = 60

/** The fields of a record that only one invocation works on at a time. */
export const leasedFields = {
  /** The invocation that works on the record, and until when it can be alive. */
  lease: z.object({ holder: z.string(), until: z.iso.datetime() }).nullable(),
  /** Set by an invocation that finds the lease taken, so that the holder looks again before it ends. */
  isRerunRequested: z.boolean().default(false),
}
const leasedSchema = z.object(leasedFields)
export type Leased = z.infer<typeof leasedSchema>

export type LeaseHolder = { store: Store; holder: string; now: () => Date }
export type LeasedRecord<T> = { key: string; schema: z.ZodType<T>; empty: T }

type Work<T> = {
  /** Adds this invocation's knowledge, with or without the lease. Returns the same record if there is nothing new. */
  enter(standing: T): T
  /** Does the work, and returns the record with its results. It may request another look itself. */
  work(record: T): Promise<T>
  /** Combines the results with changes by others in the meantime (`standing`; it was `seen` before). */
  merge(done: T, standing: T, seen: T): T
}

/** `taken`: another invocation works on the record. `unfinished`: another look is needed, and no invocation is working on it. */
export type LeaseResult = 'done' | 'taken' | 'unfinished'

/**
 * Lets one invocation at a time work on a record, so that what it tells people keeps its order. An invocation that finds the
 * lease taken enters what it knows and asks the holder to look again. It writes nothing if it knows nothing new and the holder
 * has been asked already. The holder is done when nobody has asked since it last looked.
 */
export async function withLease<T extends Leased>(
  { key, schema, empty }: LeasedRecord<T>,
  { store, holder, now }: LeaseHolder,
  { enter, work, merge }: Work<T>,
): Promise<LeaseResult> {
  const change = <N extends T | null>(to: (standing: T | null) => N, known?: Versioned<T>) =>
    updateRecord(store, key, schema, to, known)
  const holdUntil = now().getTime() + HOLD_SECONDS * 1000
  const isOurs = (record: T | null | undefined) => record?.lease?.holder === holder

  const { version } = await change(standing => {
    const record = enter(standing ?? empty)
    const { lease } = record
    const isHeld = lease !== null && lease.holder !== holder && new Date(lease.until) > now()
    if (isHeld) return record.isRerunRequested ? record : { ...record, isRerunRequested: true }
    const until = new Date(now().getTime() + LEASE_SECONDS * 1000).toISOString()
    return { ...record, lease: { holder, until }, isRerunRequested: false }
  })
  let held = isOurs(version?.value) ? version : null
  if (!held) return 'taken'
  let result: LeaseResult = 'done'
  while (held) {
    const { value: seen } = held
    const done = await work(seen).catch(async error => {
      // The next invocation, especially Lambda's own retry, must not wait until the lease expires.
      await change(standing => (standing && isOurs(standing) ? { ...standing, lease: null } : standing))
      throw error
    })
    const written: Updated<T | null> = await change<T | null>(standing => {
      if (!standing || !isOurs(standing)) return standing
      const isRequested = standing.isRerunRequested || done.isRerunRequested
      const isUnfinished = isRequested && now().getTime() >= holdUntil
      result = isUnfinished ? 'unfinished' : 'done'
      const lease = isRequested && !isUnfinished ? standing.lease : null
      return { ...merge(done, standing, seen), lease, isRerunRequested: isUnfinished }
    }, held)
    held = isOurs(written.version?.value) ? (written.version as Versioned<T>) : null
  }
  return result
}
