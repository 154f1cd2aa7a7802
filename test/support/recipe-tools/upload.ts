/** Puts a file into a bucket with the credentials of the environment: `upload.ts BUCKET KEY FILE`. */
import { readFileSync } from 'node:fs'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'

const [Bucket = '', Key = '', file = ''] = process.argv.slice(2)
await new S3Client({ forcePathStyle: true }).send(
  new PutObjectCommand({ Bucket, Key, Body: readFileSync(file) }),
)
console.log(`upload: ${file} to s3://${Bucket}/${Key}`)
