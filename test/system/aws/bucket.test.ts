import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll } from 'vitest'
import { openStore } from '../../../src/aws/bucket.ts'
import type { Store } from '../../../src/records/store.ts'
import { storeContract } from '../../contracts/store.ts'
import { type Bucket, CREDENTIALS, openBucket } from '../../support/bucket.ts'
import { clientConfigFromEnv } from '../../support/loopback-aws.ts'

// Another S3 is tested with LAMBCI_TEST_S3_ENDPOINT and credentials in the environment.
const given = process.env.LAMBCI_TEST_S3_ENDPOINT
const access = given ? clientConfigFromEnv() : { region: 'us-east-1', credentials: CREDENTIALS }

let bucket: Bucket | null = null
beforeAll(async () => {
  if (!given) bucket = await openBucket()
})
afterAll(() => bucket?.close())

const endpointOf = () => given ?? bucket?.url ?? ''
const buckets = new WeakMap<Store, string>()

async function withClient<T>(work: (client: S3Client) => Promise<T>): Promise<T> {
  const client = new S3Client({ ...access, endpoint: endpointOf(), forcePathStyle: true })
  return work(client).finally(() => client.destroy())
}

async function openEmpty(): Promise<Store> {
  const name = `store-${randomUUID()}`
  await withClient(client => client.send(new CreateBucketCommand({ Bucket: name })))
  const store = openStore(name, { ...access, endpoint: endpointOf() })
  buckets.set(store, name)
  return store
}

storeContract('a bucket of S3', openEmpty, (store, key) =>
  withClient(async client => {
    const head = await client.send(new HeadObjectCommand({ Bucket: buckets.get(store), Key: key }))
    return head.ContentType
  }),
)
