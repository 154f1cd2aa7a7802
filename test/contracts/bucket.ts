import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { openStore } from '../../src/aws/bucket.ts'
import type { Store } from '../../src/records/store.ts'
import { storeContract } from './store.ts'

export type S3Access = {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
}

/** What a bucket of every S3 must do. `accessOf` is called within the tests. */
export function bucketContract(name: string, accessOf: () => S3Access): void {
  const buckets = new WeakMap<Store, string>()

  async function withClient<T>(work: (client: S3Client) => Promise<T>): Promise<T> {
    const client = new S3Client({ ...accessOf(), forcePathStyle: true })
    return work(client).finally(() => client.destroy())
  }

  async function openEmpty(): Promise<Store> {
    const bucket = `store-${randomUUID()}`
    await withClient(client => client.send(new CreateBucketCommand({ Bucket: bucket })))
    const store = openStore(bucket, accessOf())
    buckets.set(store, bucket)
    return store
  }

  storeContract(name, openEmpty, (store, key) =>
    withClient(async client => {
      const head = await client.send(new HeadObjectCommand({ Bucket: buckets.get(store), Key: key }))
      return head.ContentType
    }),
  )
}
