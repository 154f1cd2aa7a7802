import type { DatabaseSync } from 'node:sqlite'
import type { Readable } from 'node:stream'
import { type AccessRequest, accessDeniedMessage } from '../iam/access.ts'
import type { Authorization } from './authorization.ts'
import type { Blob, Blobs } from './blobs.ts'
import { transact } from './catalogue.ts'
import { Fault } from './faults.ts'
import type { Change } from './notification.ts'
import type { S3Request } from './request.ts'
import type { Tables } from './tables.ts'
import type { Xml } from './xml.ts'

/** An authenticated request, and the dependencies of its operation. */
export type Call = {
  request: S3Request
  authorization: Authorization
  database: DatabaseSync
  tables: Tables
  blobs: Blobs
  region: string
  allows(request: AccessRequest): boolean
  notify(change: Pick<Change, 'name' | 'key' | 'object'>): void
}

export type S3Response = {
  status: number
  headers?: Record<string, string>
  body?: Xml | Uint8Array | Readable
}

/** @throws {Fault} AccessDenied */
export function requirePermission(call: Call, request: AccessRequest): void {
  if (!call.allows(request))
    throw new Fault('AccessDenied', accessDeniedMessage(call.authorization.accessKeyId, request))
}

/** @throws {Fault} NoSuchBucket */
export function requireBucket({ tables, request: { bucket } }: Call): void {
  if (!tables.findBucket(bucket)) throw new Fault('NoSuchBucket', undefined, { BucketName: bucket })
}

/**
 * Runs `work` in a transaction. `remove` removes the contents of blobs once nothing in the catalogue has them.
 * @throws {Fault} NoSuchBucket if the bucket has been deleted meanwhile
 */
export function commit<T>(call: Call, work: (remove: (blobs: readonly Blob[]) => void) => T): T {
  const { blobs } = call
  const removed: Blob[] = []
  const result = transact(call.database, () => {
    requireBucket(call)
    return work(unused => {
      blobs.removeContents(unused)
      removed.push(...unused)
    })
  })
  blobs.removeFiles(removed)
  return result
}
