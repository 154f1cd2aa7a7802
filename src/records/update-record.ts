import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../model/user-error.ts'
import type { z } from '../model/zod.ts'
import { keepWrite, takeWrite } from './last-writes.ts'
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
 * request that was repeated recognises its own first attempt. With `known`, the record is not read before the first write, nor is one
 * that this process has written a moment ago: the write is lost if others have changed it since.
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
  codec: Codec<T>,
  change: (current: T | null) => N | Promise<N>,
  known?: Versioned<T>,
): Promise<Updated<N>> {
  const last = known === undefined ? takeWrite(store, key) : null
  const first = last && (await tryUpdate(store, key, codec, change, versionOf(last, codec.parse)))
  // Only the current record can show that there is nothing to change.
  if (first && 'updated' in first && first.isWritten) return first.updated
  let current = first && 'standing' in first ? first.standing : known
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (current === undefined) current = versionOf(await store.get(key), codec.parse)
    const tried = await tryUpdate(store, key, codec, change, current)
    if ('updated' in tried) return tried.updated
    current = tried.standing
    // Of several writers, one wins each time: the others must not all try again at once.
    await sleep(Math.random() * Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS))
  }
  throw new ContentionError(`${key} was changed by others ${ATTEMPTS} times in a row. Try again.`)
}

/** Changes an object whose version is `current`. If others have changed it since, returns their version. */
async function tryUpdate<T extends object, N extends T | null>(
  store: Store,
  key: string,
  { parse, serialize, isOwn }: Codec<T>,
  change: (current: T | null) => N | Promise<N>,
  current: Versioned<T>,
): Promise<{ updated: Updated<N>; isWritten: boolean } | { standing: Versioned<T> }> {
  const value = await change(current?.value ?? null)
  if (value === null || value === current?.value)
    return { updated: { value, version: current as Updated<N>['version'] }, isWritten: false }
  const condition = current ? { ifMatch: current.etag } : ({ ifNoneMatch: '*' } as const)
  const text = serialize(value)
  const write = await store.putIf(key, text, condition)
  const written = (etag: string) => ({ updated: { value, version: { value, etag } }, isWritten: true })
  if (write.isWritten) {
    keepWrite(store, key, text, write.etag)
    return written(write.etag)
  }
  const stored = await store.get(key)
  if (stored && isOwn(stored.body)) return written(stored.etag)
  return { standing: versionOf(stored, parse) }
}

/** Writes the first version of a record. Returns whether it was written: false if there already is, or may be, another version. */
export async function writeFirst(store: Store, key: string, value: object): Promise<boolean> {
  const text = JSON.stringify(value)
  const write = await store.putIf(key, text, { ifNoneMatch: '*' })
  if (write.isWritten) keepWrite(store, key, text, write.etag)
  return write.isWritten
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

const versionOf = <T>(
  stored: Pick<Stored, 'body' | 'etag'> | null,
  parse: (body: Uint8Array) => T,
): Versioned<T> => stored && { value: parse(stored.body), etag: stored.etag }
