import type { DirectReads } from '../../loopback/s3/direct-reads.ts'
import type { Store } from '../../src/records/store.ts'

/**
 * A store that reads a bucket of this process without requests, and writes by requests, as others do. Tests look into their bucket
 * whenever something changes: half of that would be the time of a client.
 */
export function directStore(store: Store, bucket: string, reads: DirectReads): Store {
  return {
    ...store,
    get: async key => {
      const found = await reads.get(bucket, key)
      return found && { body: found.bytes, etag: found.etag, size: found.size }
    },
    getRange: async (key, from, length) => {
      const found = await reads.get(bucket, key, from, length)
      // S3 refuses a range of an empty object.
      return found && found.size > 0 ? found.bytes : null
    },
    list: async (prefix, options = {}) =>
      reads
        .list(bucket, { prefix, ...options })
        .map(({ key, size, modified }) => ({ key, size, modifiedAt: new Date(modified) })),
  }
}
