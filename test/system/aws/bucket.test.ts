import { afterAll, beforeAll } from 'vitest'
import { bucketContract } from '../../contracts/bucket.ts'
import { type Bucket, CREDENTIALS, openBucket, REGION } from '../../support/bucket.ts'
import { clientConfigFromEnv } from '../../support/loopback-aws.ts'

// Another S3 is tested with LAMBCI_TEST_S3_ENDPOINT and credentials in the environment.
const given = process.env.LAMBCI_TEST_S3_ENDPOINT
const access = given ? clientConfigFromEnv() : { region: REGION, credentials: CREDENTIALS }

let bucket: Bucket | null = null
beforeAll(async () => {
  if (!given) bucket = await openBucket()
})
afterAll(() => bucket?.close())

bucketContract('a bucket of S3', () => ({ ...access, endpoint: given ?? bucket?.url ?? '' }))
