import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll } from 'vitest'
import { openStore } from '../../../src/aws/bucket.ts'
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

storeContract('a bucket of S3', async () => {
  const endpoint = given ?? bucket?.url ?? ''
  const name = `store-${randomUUID()}`
  const client = new S3Client({ ...access, endpoint, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: name }))
  client.destroy()
  return openStore(name, { ...access, endpoint })
})
