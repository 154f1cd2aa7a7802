import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DirectReads } from '../../loopback/s3/direct-reads.ts'
import { type S3Options, startS3 } from '../../loopback/s3/server.ts'
import { type BucketAccess, openStore } from '../../src/aws/bucket.ts'
import type { Store } from '../../src/records/store.ts'
import { directStore } from './direct-store.ts'

export const BUCKET = 'builds'
export const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-of-the-tests' }
export const REGION = 'us-east-1'

export type Bucket = { store: Store; url: string; reads: DirectReads; close(): Promise<void> }

/** Opens the production store on a loopback S3 with one empty bucket, in which it may do what `allows` permits. */
export async function openBucket(rights: Pick<S3Options, 'allows'> = {}): Promise<Bucket> {
  const directory = await mkdtemp(join(tmpdir(), 'lambci-bucket-'))
  const credentials = (id: string) => (id === CREDENTIALS.accessKeyId ? CREDENTIALS : undefined)
  const server = await startS3({ directory, buckets: [BUCKET], credentials, region: REGION, ...rights })
  return {
    store: openAt(server.url),
    url: server.url,
    reads: server.reads,
    close: async () => {
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** As `openBucket`. Its store reads without requests, as `directStore` does. */
export async function openDirectBucket(): Promise<Bucket> {
  const bucket = await openBucket()
  return { ...bucket, store: directStore(bucket.store, BUCKET, bucket.reads) }
}

export const openAt = (endpoint: string, access: BucketAccess = {}) =>
  openStore(BUCKET, { credentials: CREDENTIALS, endpoint, region: REGION, ...access })

/** Every key in the bucket. */
export const keysIn = async ({ store }: Pick<Bucket, 'store'>, prefix = '') =>
  (await store.list(prefix)).map(({ key }) => key)

export const putJson = (store: Store, key: string, value: unknown) =>
  store.put(key, typeof value === 'string' ? value : JSON.stringify(value), 'application/json')

export async function readJson(store: Store, key: string): Promise<unknown> {
  const stored = await store.get(key)
  return stored && JSON.parse(Buffer.from(stored.body).toString())
}
