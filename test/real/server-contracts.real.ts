import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from '../../src/model/zod.ts'
import { CREDENTIALS, REGION } from '../support/bucket.ts'
import { type Aws, startAws } from './aws.ts'
import { type S3Gateway, startS3Gateway } from './s3-gateway.ts'

// The contracts of the loopback servers, on servers of others. Each list names what others do in another way than AWS documents it;
// whatever is not in a list, at least two servers do alike.

const ROOT = join(import.meta.dirname, '..', '..')
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
const RUN_MS = 120_000

let moto: Aws
let gateway: S3Gateway
beforeAll(async () => {
  ;[moto, gateway] = await Promise.all([startAws(), startS3Gateway(CREDENTIALS, REGION)])
})
afterAll(() => Promise.all([moto.close(), gateway.close()]))

const resultsSchema = z.object({
  testResults: z.tuple([
    z.object({ assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })).min(4) }),
  ]),
})

/** Runs a server's contract on another server. Returns the names of the tests that fail. */
async function failuresOf(service: string, endpoint: string): Promise<string[]> {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'lambci-contract-'))
  const results = join(directory.path, 'results.json')
  const file = `loopback/test/${service}/${service}-contract.test.ts`
  const options = ['--project', 'system', '--reporter', 'json', '--outputFile', results]
  const { stdout, stderr } = await execa(process.execPath, [VITEST, 'run', file, ...options], {
    cwd: ROOT,
    reject: false,
    timeout: RUN_MS,
    env: {
      [`LAMBCI_TEST_${service.toUpperCase()}_ENDPOINT`]: endpoint,
      LAMBCI_TEST_STS_ROLE: 'arn:aws:iam::123456789012:role/contract',
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
  })
  const text = await readFile(results, 'utf8').catch(() => {
    throw new Error(`Vitest has written no results of ${file}. ${stdout.slice(-500)} ${stderr.slice(-500)}`)
  })
  const [{ assertionResults }] = resultsSchema.parse(JSON.parse(text)).testResults
  return assertionResults.filter(({ status }) => status !== 'passed').map(({ fullName }) => fullName)
}

const motoAt = () => moto.variables.AWS_ENDPOINT_URL ?? ''

test('S3 of versitygw, which keeps objects under the names of their keys', async () => {
  expect(await failuresOf('s3', gateway.url)).toEqual([
    // It stores the encoding of the upload as the object's.
    'an object keeps its own content encoding through a chunked upload',
    // No file has such a name.
    'an object can have the key "dots/../and/./more"',
    'an object can have the key "//slashes//"',
    'an object has a key of at most 1,024 bytes',
    'conditions apply to reads',
    'deleting several objects returns a result for each',
    // 304 instead of 412.
    'copying checks its conditions, and requires a source',
    'listing encodes keys if requested',
    // Of two errors it names the other one.
    'a multipart upload rejects parts that are too small, unknown or out of order, and can still be completed',
    'a presigned URL writes, with metadata',
  ])
})

test('S3 of moto, which accepts more', async () => {
  expect(await failuresOf('s3', motoAt())).toEqual([
    'buckets must have valid names',
    'an object has a key of at most 1,024 bytes',
    'a range in another unit returns the whole object',
    'conditions apply to reads',
    'deleting several objects returns a result for each',
    'copying checks its conditions, and requires a source',
    'listing rejects an invalid limit',
    'listing has an older version, ListObjects',
    'a multipart upload copies parts from other objects',
    'a multipart upload rejects parts that are too small, unknown or out of order, and can still be completed',
    // It knows If-None-Match, which the product uses, and not If-Match.
    'a multipart upload completes only if its conditions hold',
    'a multipart upload can be aborted',
    'a multipart upload has a checksum of type FULL_OBJECT',
    'a multipart upload has a checksum of type COMPOSITE',
  ])
})

test('SNS of moto', async () => {
  expect(await failuresOf('sns', motoAt())).toEqual([
    // It posts no attributes.
    'a message is delivered to an HTTP subscription as a notification',
    'an empty message is an invalid parameter',
  ])
})

test('STS of moto, which has no IAM unless it is switched on', async () => {
  expect(await failuresOf('sts', motoAt())).toEqual([
    'a name with a slash is rejected',
    'a name of one character is rejected',
    'less than 15 minutes is rejected',
    'more than 12 hours is rejected',
    'a policy of 2,049 characters is rejected',
    'a policy that is not JSON is rejected',
    'JSON that is not a policy is rejected',
    'a role that does not exist gives the same error as one that may not be assumed',
  ])
})

test('EventBridge Scheduler of moto', async () => {
  expect(await failuresOf('scheduler', motoAt())).toEqual([
    // The conflict has the status 400 instead of 409.
    'creating a second schedule with the same name is a conflict',
  ])
})
