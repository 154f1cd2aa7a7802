import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TemporaryCredentials } from '../../../src/aws/sts.ts'
import { cachePlaces } from '../../../src/records/cache-keys.ts'
import {
  branchKey,
  buildKeys,
  counterKey,
  jobKeys,
  runnerSecretsKey,
  variablesKeys,
} from '../../../src/records/keys.ts'
import { putJson } from '../../support/bucket.ts'
import { makeBuild } from '../../support/records.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

const BASE = 'gh/rights/guarded'
const own = buildKeys({ project: BASE, number: 2 })
const earlier = buildKeys({ project: BASE, number: 1 })
const ownJob = jobKeys({ project: BASE, number: 2 })
const earlierJob = jobKeys({ project: BASE, number: 1 })

/** Keys that a fork's build, #2 of rights/guarded, must not access. */
const FORBIDDEN = [
  'deliveries/0b4e-77.json',
  counterKey(BASE),
  own.build,
  own.report,
  earlier.build,
  earlierJob.record('end'),
  earlier.report,
  earlierJob.log.segment(0),
  earlierJob.log.whole,
  earlier.log,
  own.log,
  ...[
    'x/end.json',
    'log/end.json',
    'log/x/end.json',
    'log/junk-1',
    'other.json',
    'log/x/000000000000.txt',
  ].map(name => `${ownJob.prefix}${name}`),
  jobKeys({ project: BASE, number: 2 }, { key: 1, attempt: 1 }).record('end'),
  jobKeys({ project: BASE, number: 2 }, { key: 0, attempt: 2 }).log.segment(0),
  branchKey(BASE, 'master'),
  `${BASE}/stages/qa/lock.json`,
  `${BASE}/stages/qa/current.json`,
  `cache/${BASE}/fork/npm`,
  `cache/${BASE}/branch/npm`,
  `cache/${BASE}/protected/npm`,
  'config/global.json',
  'config/gh/rights/guarded.json',
  runnerSecretsKey,
  ...variablesKeys(BASE),
  'gh/rights/other/builds/1/jobs/0/1/claim.json',
  'secrets/env/gh/rights/other.json',
]

/**
 * The program of the hostile pull request. It takes the AWS credentials from the environments of its ancestor
 * processes, as a build in Lambda could, and tries every forbidden request with them.
 */
const ATTACK = `
import { readdirSync, readFileSync } from 'node:fs'
const environments = readdirSync('/proc').filter(name => /^\\d+$/.test(name)).flatMap(pid => {
  try {
    const stat = readFileSync('/proc/' + pid + '/stat', 'utf8')
    return [[Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), readFileSync('/proc/' + pid + '/environ', 'utf8')]]
  } catch { return [] }
})
const ancestors = []
for (let pid = process.ppid; pid > 1; ) {
  const found = environments.find(([id]) => id === pid)
  if (!found) break
  ancestors.push(Object.fromEntries(found[2].split('\\0').map(line => line.split(/=(.*)/s))))
  pid = found[1]
}
const stolen = ancestors.find(env => env.AWS_SESSION_TOKEN && env.AWS_LAMBDA_FUNCTION_NAME === 'lambci-run-fork')
if (!stolen) throw new Error('No keys were found to try')
Object.assign(process.env, Object.fromEntries(Object.entries(stolen).filter(([name]) => name.startsWith('AWS_'))))
const [s3, sns, sts] = await Promise.all(['s3', 'sns', 'sts'].map(name => import(MODULES + '/@aws-sdk/client-' + name + '/dist-cjs/index.js')))
const statusOf = sending => sending.then(() => 200, error => error.$metadata?.httpStatusCode ?? String(error))
const bucket = new s3.S3Client({ forcePathStyle: true, maxAttempts: 1 })
const object = Key => ({ Bucket: BUCKET, Key })
for (const key of KEYS) {
  const get = await statusOf(bucket.send(new s3.GetObjectCommand(object(key))))
  const put = await statusOf(bucket.send(new s3.PutObjectCommand({ ...object(key), Body: 'mine' })))
  const remove = await statusOf(bucket.send(new s3.DeleteObjectCommand(object(key))))
  console.log(['tried', key, get, put, remove].join(' '))
}
console.log('tried list ' + await statusOf(bucket.send(new s3.ListObjectsV2Command({ Bucket: BUCKET }))))
const publish = TopicArn => statusOf(new sns.SNSClient({ maxAttempts: 1 }).send(new sns.PublishCommand({ TopicArn, Message: 'x' })))
console.log('tried jobs ' + await publish(JOBS) + ' notifications ' + await publish(NOTIFICATIONS) + ' failures ' + await publish(FAILURES))
const assume = new sts.AssumeRoleCommand({ RoleArn: 'arn:aws:iam::000000000000:role/lambci-session', RoleSessionName: 'mine' })
console.log('tried session ' + await statusOf(new sts.STSClient({ maxAttempts: 1 }).send(assume)))
`

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
  const { system } = ci
  for (const key of FORBIDDEN.filter(each => /stages|cache|rights\/other/.test(each)))
    await putJson(system.store, key, {})
  await putJson(system.store, 'deliveries/0b4e-77.json', {})
  await putJson(system.store, 'config/gh/rights/guarded.json', {})
  await putJson(system.store, variablesKeys(BASE)[0], { GLOBAL: 'never-for-forks' })
  await putJson(system.store, variablesKeys(BASE)[1], { OWN: 'never-for-forks' })
})
afterAll(async () => {
  await ci.system.store.remove(variablesKeys(BASE)[0])
  await ci.close()
})

/** The credentials that a build was granted, which its process holds in memory. */
function grantedCredentials(number: number): TemporaryCredentials {
  const message = ci.messages.find(({ build }) => build.project === BASE && build.number === number)
  if (!message?.grants.credentials) throw new Error(`No credentials were granted to #${number}`)
  return message.grants.credentials
}

function attack(): string {
  const { bucket, jobsTopic, notificationsTopic } = ci.system.addresses
  const constants = {
    KEYS: FORBIDDEN,
    BUCKET: bucket,
    JOBS: jobsTopic,
    NOTIFICATIONS: notificationsTopic,
    FAILURES: ci.system.servers.stack.outputs.FailuresTopic,
    MODULES: `${process.cwd()}/node_modules`,
  }
  const lines = Object.entries(constants).map(([name, value]) => `const ${name} = ${JSON.stringify(value)}`)
  return `${lines.join('\n')}\n${ATTACK}`
}

test('every request that the build of a fork tries is answered with 403', async () => {
  const at = await ci.write(lambciJson('echo "the base"', { pullRequests: { fromForkPublicRepo: true } }))
  await ci.push(at, 'rights/guarded', 'master')
  await ci.ended({ project: BASE, number: 1 })
  await ci.api('POST', '/repos/rights/guarded/forks', { organization: 'stranger' })
  await ci.push(at, 'stranger/guarded', 'theft', { ...lambciJson('node attack.mjs'), 'attack.mjs': attack() })
  await ci.api('POST', '/repos/rights/guarded/pulls', {
    title: 'Nothing to see',
    head: 'stranger:theft',
    base: 'master',
  })
  const view = await ci.ended({ project: BASE, number: 2 })
  const log = await ci.log(view)
  expect(view, log).toMatchObject({ status: 'passed', trust: 'fork' })
  for (const key of FORBIDDEN) expect(log).toContain(`tried ${key} 403 403 403\n`)
  expect(log).toContain('tried list 403\n')
  expect(log).toContain('tried jobs 403 notifications 403 failures 403\n')
  expect(log).toContain('tried session 403\n')
  expect(log).not.toContain('never-for-forks')
})

test("a fork's granted credentials allow only its own records and log", async () => {
  const { s3, bucket, region } = ci.system.addresses
  const credentials = grantedCredentials(2)
  const client = new S3Client({ endpoint: s3, region, credentials, forcePathStyle: true, maxAttempts: 1 })
  const answerOf = (sent: Promise<{ $metadata: { httpStatusCode?: number | undefined } }>) =>
    sent.catch(error => error).then(({ $metadata }) => $metadata.httpStatusCode as number)
  const statusOf = (key: string, options: Partial<PutObjectCommandInput> = {}) =>
    answerOf(client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: '{}', ...options })))
  const once = { IfNoneMatch: '*' }
  for (const key of FORBIDDEN) expect([key, await statusOf(key, once)]).toEqual([key, 403])
  expect(await statusOf(ownJob.log.segment(999), once)).toBe(200)
  expect(await statusOf(own.cancel)).toBe(403)
  // The log cannot be changed by any kind of write.
  const log = await ci.system.store.get(ownJob.log.whole)
  expect(await statusOf(ownJob.log.segment(999))).toBe(403)
  expect(await statusOf(ownJob.log.whole)).toBe(403)
  expect(await statusOf(ownJob.log.whole, { IfMatch: log?.etag })).toBe(403)
  expect(await statusOf(ownJob.log.whole, once)).toBe(412)
  const whole = { Bucket: bucket, Key: ownJob.log.whole }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(whole))
  const part = { ...whole, UploadId, PartNumber: 1 }
  const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: 'All tests passed' }))
  const complete = { ...whole, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }
  expect(await answerOf(client.send(new CompleteMultipartUploadCommand(complete)))).toBe(403)
  expect(await answerOf(client.send(new CompleteMultipartUploadCommand({ ...complete, ...once })))).toBe(412)
  expect(await ci.system.store.get(ownJob.log.whole)).toEqual(log)
  // A record is written once.
  expect(await statusOf(ownJob.record('end'))).toBe(403)
  expect(await statusOf(ownJob.record('end'), once)).toBe(412)
  // Nor can the job write objects that report cannot read.
  expect(await statusOf(ownJob.record('draft'), { ...once, StorageClass: 'GLACIER' })).toBe(403)
  expect(await statusOf(ownJob.record('draft'), { ...once, ServerSideEncryption: 'aws:kms' })).toBe(403)
  expect(await statusOf(ownJob.record('draft'), { ...once, SSECustomerAlgorithm: 'AES256' })).toBe(403)
  client.destroy()
})

test('a protected build may write the caches of its branch, and no other, and no stage', async () => {
  const { s3, bucket, region } = ci.system.addresses
  const credentials = grantedCredentials(1)
  const client = new S3Client({ endpoint: s3, region, credentials, forcePathStyle: true, maxAttempts: 1 })
  const put = (key: string) => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: '{}' }))
  const cacheOf = (branch: string) =>
    `${cachePlaces(makeBuild({ project: BASE, trigger: `push/${branch}`, branch }))[0]?.prefix}npm`
  await put(cacheOf('master'))
  for (const key of [
    cacheOf('main'),
    `cache/${BASE}/protected/npm`,
    `cache/${BASE}/deploy/qa/npm`,
    `cache/${BASE}/branch/npm`,
    ...['lock', 'next', 'current', 'hold', 'branches'].map(name => `${BASE}/stages/qa/${name}.json`),
    'gh/rights/other/stages/qa/lock.json',
    ownJob.record('end'),
    earlier.build,
  ])
    await expect(put(key)).rejects.toMatchObject({ name: 'AccessDenied' })
  client.destroy()
})
