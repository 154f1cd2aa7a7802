import type { Blobs } from './blobs.ts'
import { afterKey, listPage } from './listing.ts'
import type { Tables } from './tables.ts'

export type DirectObject = { bytes: Uint8Array; etag: string; size: number }
export type DirectEntry = { key: string; size: number; modified: string }
export type DirectList = { prefix: string; startAfter?: string; delimiter?: string; limit?: number }

/** Reads of a bucket within the server's process, without a request, signature or permission. */
export type DirectReads = {
  /** At most `length` bytes, starting at `from`; by default, all. Null if the object is missing, or ends before `from`. */
  get(bucket: string, key: string, from?: number, length?: number): Promise<DirectObject | null>
  /** In the order of S3's lists. Common prefixes have no size, and a time in 1970. */
  list(bucket: string, options: DirectList): DirectEntry[]
}

export function openDirectReads(tables: Tables, blobs: Blobs): DirectReads {
  return {
    get: async (bucket, key, from = 0, length = Number.MAX_SAFE_INTEGER) => {
      const object = tables.findObject(bucket, key)
      if (!object || (from > 0 && from >= object.size)) return null
      const { etag, size } = object
      const read = blobs.read(object.blobs, { first: from, last: Math.min(from + length, size) - 1 })
      const bytes = read instanceof Uint8Array ? read : Buffer.concat(await read.toArray())
      return { bytes, etag, size }
    },
    list: (bucket, { prefix, startAfter, delimiter = '', limit = Number.MAX_SAFE_INTEGER }) => {
      const start = startAfter === undefined ? Buffer.alloc(0) : afterKey(startAfter)
      const { objects, prefixes } = listPage((from, to) => tables.objectsBetween(bucket, from, to), {
        prefix,
        delimiter,
        start,
        limit,
      })
      const entries = [
        ...objects.map(({ key, record }) => ({ key, size: record.size, modified: record.modified })),
        ...prefixes.map(key => ({ key, size: 0, modified: new Date(0).toISOString() })),
      ]
      return entries.toSorted((one, other) => Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)))
    },
  }
}
