import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../model/user-error.ts'
import type { z } from '../model/zod.ts'
import type { Store, Stored } from './store.ts'

/** A value, with the version for a conditional write. Null for a missing object. */
export type Versioned<T> = { value: T; etag: string } | null
export type Updated<T> = { value: T; version: Versioned<NonNullable<T>> }

/** The functions to read and write an object. `isOwn` recognises the result of a write whose answer was lost. */
type Codec<T> = {
  parse(body: Uint8Array): T
  serialize(value: T): string
  isOwn(body: Uint8Array): boolean
}

/** Others changed an object at each attempt to write it. */
export class ContentionError extends UserError {}

const ATTEMPTS = 100
const FIRST_PAUSE_MS = 10
const LONGEST_PAUSE_MS = 200

/**
 * Changes a JSON record that others may change at the same time. `change` gets the current value (null if there is none) and
 * may be called several times; nothing is written if it returns the same value. All its attempts carry one `writeId`, so that a
 * request that was repeated recognises its own first attempt. With `known`, the record is not read before the first write.
 * @throws ContentionError after 100 attempts
 */
export async function updateRecord<T extends object, N extends T | null>(
  store: Store,
  key: string,
  schema: z.ZodType<T>,
  change: (current: T | null) => N | Promise<N>,
  known?: Versioned<T>,
): Promise<Updated<N>> {
  const writeId = randomUUID()
  const json = (body: Uint8Array) => JSON.parse(Buffer.from(body).toString('utf8'))
  const codec: Codec<T> = {
    parse: body => schema.parse(json(body)),
    serialize: value => JSON.stringify({ ...value, writeId }),
    isOwn: body => json(body)?.writeId === writeId,
  }
  return updateObject(store, key, codec, change, known)
}

/** Reads a JSON record for `updateRecord`. @throws ZodError or SyntaxError if the object has another shape */
export const readVersion = async <T extends object>(
  store: Store,
  key: string,
  schema: z.ZodType<T>,
): Promise<Versioned<T>> =>
  versionOf(await store.get(key), body => schema.parse(JSON.parse(Buffer.from(body).toString('utf8'))))

/** As `updateRecord`, for objects of any form. */
export async function updateObject<T extends object, N extends T | null>(
  store: Store,
  key: string,
  { parse, serialize, isOwn }: Codec<T>,
  change: (current: T | null) => N | Promise<N>,
  known?: Versioned<T>,
): Promise<Updated<N>> {
  let current = known
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (current === undefined) current = versionOf(await store.get(key), parse)
    const value = await change(current?.value ?? null)
    if (value === null || value === current?.value)
      return { value, version: current as Updated<N>['version'] }
    const condition = current ? { ifMatch: current.etag } : ({ ifNoneMatch: '*' } as const)
    const write = await store.putIf(key, serialize(value), condition)
    if (write.isWritten) return { value, version: { value, etag: write.etag } }
    const stored = await store.get(key)
    if (stored && isOwn(stored.body)) return { value, version: { value, etag: stored.etag } }
    current = versionOf(stored, parse)
    // Of several writers, one wins each time: the others must not all try again at once.
    await sleep(Math.random() * Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS))
  }
  throw new ContentionError(`${key} was changed by others ${ATTEMPTS} times in a row. Try again.`)
}

/**
 * Creates an object that is never changed. Returns the object that exists if it `isOwn`, and null if another writer was first.
 */
export async function createRecord<T extends object>(
  store: Store,
  key: string,
  value: T,
  { read, isOwn }: { read: () => Promise<T | null>; isOwn: (existing: T) => boolean },
): Promise<T | null> {
  const write = await store.putIf(key, JSON.stringify(value), { ifNoneMatch: '*' })
  if (write.isWritten) return value
  const existing = await read()
  return existing && isOwn(existing) ? existing : null
}

const versionOf = <T>(stored: Stored | null, parse: (body: Uint8Array) => T): Versioned<T> =>
  stored && { value: parse(stored.body), etag: stored.etag }
