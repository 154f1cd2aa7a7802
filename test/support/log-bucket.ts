import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { startS3 } from '../../loopback/s3/server.ts'
import { openStore } from '../../src/aws/bucket.ts'
import type { LogKeys } from '../../src/log/log-keys.ts'
import type { Store } from '../../src/records/store.ts'

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-of-the-tests' }

/** Opens a store as production does, on a loopback S3 with an empty bucket. */
export async function openBucket(): Promise<{ store: Store; close(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'bucket-'))
  const server = await startS3({
    directory,
    credentials: id => (id === credentials.accessKeyId ? credentials : undefined),
  })
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: server.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  })
  const client = new S3Client({ forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: 'builds' }))
  client.destroy()
  return {
    store: openStore('builds'),
    close: async () => {
      await server.close()
      await rm(directory, { recursive: true })
    },
  }
}

let builds = 0

/** The log keys of another build. */
export function nextBuild(): LogKeys {
  const build = `gh/owner/repo/builds/${++builds}/`
  return {
    segment: firstByte => `${build}log/${String(firstByte).padStart(12, '0')}.txt`,
    lines: `${build}log/lines.json`,
    whole: `${build}log.txt`,
  }
}
