import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startS3 } from '../../loopback/s3/server.ts'
import { openStore } from '../../src/aws/bucket.ts'
import type { Store } from '../../src/records/store.ts'

export const BUCKET = 'builds'
export const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-of-the-tests' }
export const REGION = 'us-east-1'

export type Bucket = { store: Store; url: string; close(): Promise<void> }

/** Opens the production store on a loopback S3 with one empty bucket. */
export async function openBucket(): Promise<Bucket> {
  const directory = await mkdtemp(join(tmpdir(), 'lambci-bucket-'))
  const credentials = (id: string) => (id === CREDENTIALS.accessKeyId ? CREDENTIALS : undefined)
  const server = await startS3({ directory, buckets: [BUCKET], credentials, region: REGION })
  return {
    store: openAt(server.url),
    url: server.url,
    close: async () => {
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export const openAt = (endpoint: string) =>
  openStore(BUCKET, { credentials: CREDENTIALS, endpoint, region: REGION })

/** Every key in the bucket. */
export const keysIn = async ({ store }: Bucket, prefix = '') =>
  (await store.list(prefix)).map(({ key }) => key)

export const putJson = (store: Store, key: string, value: unknown) =>
  store.put(key, typeof value === 'string' ? value : JSON.stringify(value), 'application/json')

export async function readJson(store: Store, key: string): Promise<unknown> {
  const stored = await store.get(key)
  return stored && JSON.parse(Buffer.from(stored.body).toString())
}
