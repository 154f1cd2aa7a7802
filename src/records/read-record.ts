import { z } from '../model/zod.ts'
import type { Store } from './store.ts'

/**
 * Reads a JSON record that the product wrote; null when there is none.
 * @throws ZodError or SyntaxError if the object has another shape
 */
export async function readRecord<T>(store: Store, key: string, schema: z.ZodType<T>): Promise<T | null> {
  const stored = await store.get(key)
  return stored && schema.parse(JSON.parse(Buffer.from(stored.body).toString('utf8')))
}

/** The most that is read of a small record that a build may have written. */
const SMALL_BYTES = 4096

/** As `readRecord`, for a small record that builds write: no more than 4 KB are read. */
export async function readSmallRecord<T>(store: Store, key: string, schema: z.ZodType<T>): Promise<T | null> {
  const body = await store.getRange(key, 0, SMALL_BYTES)
  return body && schema.parse(JSON.parse(Buffer.from(body).toString('utf8')))
}

/** For a record that builds may have written: one of another shape counts as missing. A failed read does not. */
export function nullIfMalformed(error: unknown): null {
  if (error instanceof z.ZodError || error instanceof SyntaxError) return null
  throw error
}
