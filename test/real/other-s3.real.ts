import { afterAll, beforeAll } from 'vitest'
import { bucketContract } from '../contracts/bucket.ts'
import { CREDENTIALS, REGION } from '../support/bucket.ts'
import { type Aws, startAws } from './aws.ts'
import { type S3Gateway, startS3Gateway } from './s3-gateway.ts'

// The contract of the bucket, on two S3s that are not the project's own.

let moto: Aws
let gateway: S3Gateway
beforeAll(async () => {
  ;[moto, gateway] = await Promise.all([startAws(), startS3Gateway(CREDENTIALS, REGION)])
})
afterAll(() => Promise.all([moto.close(), gateway.close()]))

const access = { credentials: CREDENTIALS, region: REGION }
bucketContract('a bucket of moto', () => ({ ...access, endpoint: moto.variables.AWS_ENDPOINT_URL ?? '' }))
bucketContract('a bucket of versitygw', () => ({ ...access, endpoint: gateway.url }))
