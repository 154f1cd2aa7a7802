import { randomUUID } from 'node:crypto'
import { PutObjectCommand, type PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { functionName } from '../../loopback/system/functions.ts'
import { lookName } from '../../src/admission/dead-mans-switch.ts'
import { buildKeys, jobKeys, LEAD, outPrefix, spendKeys } from '../../src/records/keys.ts'
import { endedRun } from '../support/records.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../support/test-system.ts'

/** A job's credentials outlive it. Whatever is done with them after its end changes nothing that people see. */
const REPOSITORY = 'ends/late'
const PROJECT = `gh/${REPOSITORY}`
const JUNK_MESSAGES = 60

let ci: TestSystem
let at: string
beforeAll(async () => {
  ci = await sharedTestSystem()
  at = await ci.write(lambciJson('echo "the base"', { pullRequests: { fromForkPublicRepo: true } }))
  await ci.push(at, REPOSITORY, 'master')
  await ci.ended({ project: PROJECT, number: 1 })
  await ci.api('POST', `/repos/${REPOSITORY}/forks`, { organization: 'stranger' })
})
afterAll(() => ci.close())

/** Opens a pull request from a stranger's fork, which runs this command. */
async function pull(number: number, cmd: string) {
  const branch = `topic-${number}`
  const commit = await ci.push(at, 'stranger/late', branch, lambciJson(cmd))
  const head = `stranger:${branch}`
  await ci.api('POST', `/repos/${REPOSITORY}/pulls`, { title: 'Nothing to see', head, base: 'master' })
  return { build: { project: PROJECT, number }, commit }
}

/** All that people can see of a build. */
async function seen(number: number, commit: string) {
  const page = `${ci.system.addresses.url}/${PROJECT}/builds/${number}`
  const [json, log, lines, outline] = await Promise.all([
    fetch(page, { headers: { accept: 'application/json' } }).then(
      answer => answer.json() as Promise<{ queuedAt: string }>,
    ),
    fetch(`${page}/log`).then(answer => answer.text()),
    fetch(`${page}/lines`).then(answer => answer.json()),
    fetch(`${page}/outline`).then(answer => answer.json()),
  ])
  const spent = await ci.system.store.get(spendKeys.month(PROJECT, json.queuedAt.slice(0, 7)))
  const { cost } = JSON.parse(Buffer.from(spent?.body ?? '{}').toString())
  const whole = await ci.log({ project: PROJECT, number })
  return { json, log, lines, outline, whole, cost, statuses: await ci.statuses(REPOSITORY, commit) }
}

/** Writes with the credentials that a build was granted, from anywhere. Returns the status of the answer. */
function openThief(number: number) {
  const { s3, bucket, region } = ci.system.addresses
  const message = ci.messages.find(({ build }) => build.project === PROJECT && build.number === number)
  const credentials = message?.grants.credentials
  if (!credentials) throw new Error(`No credentials were granted to #${number}`)
  const client = new S3Client({ endpoint: s3, region, credentials, forcePathStyle: true, maxAttempts: 1 })
  const put = (Key: string, Body: string, more: Partial<PutObjectCommandInput> = { IfNoneMatch: '*' }) =>
    client
      .send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...more }))
      .catch(error => error)
      .then(({ $metadata }) => $metadata.httpStatusCode as number)
  return { put, close: () => client.destroy() }
}

const FORGED = JSON.stringify({
  ...endedRun({
    startedAt: '1999-01-01T00:00:00.000Z',
    reason: 'All 4711 tests passed. Reviewed by security.',
    timings: { command: 1e300 },
  }),
  runner: null,
})
const written = (number: number) => jobKeys({ project: PROJECT, number })

test('of a build that has passed, nothing can be changed, and what can be added is not shown', async () => {
  const { build, commit } = await pull(2, 'echo "all that it says"')
  expect(await ci.ended(build)).toMatchObject({ status: 'passed', trust: 'fork' })
  const before = await seen(2, commit)
  const { put, close } = openThief(2)
  const { record, log, prefix } = written(2)
  for (const key of [record('claim'), record('end'), log.whole]) {
    expect([key, await put(key, FORGED)]).toEqual([key, 412])
    expect([key, await put(key, FORGED, {})]).toEqual([key, 403])
  }
  for (const name of ['junk.json', 'x/end.json', 'log/end.json', 'log/junk-1', 'log/x/000000000000.txt'])
    expect([name, await put(`${prefix}${name}`, FORGED)]).toEqual([name, 403])
  expect(await put(log.segment(4711), 'Reviewed by security.\n')).toBe(200)
  expect(await put(log.lines, '{"stride":1024,"lines":[0,4711]}')).toBe(200)
  expect(await put(`${outPrefix(build, LEAD)}artifacts.json`, '[]')).toBe(200)
  await put(record('draft'), FORGED)
  close()
  await ci.system.lambda.idle()
  expect(await seen(2, commit)).toEqual(before)
  // What was added is removed once the credentials have expired.
  const schedules = ci.system.servers.scheduler.schedules().map(({ name }) => name)
  expect(schedules).toContain(lookName(build))
})

test('of a build that has died, the end that its job writes later is not believed', async () => {
  // The fork's own build of this branch ends at once.
  const { build, commit } = await pull(3, 'echo begun; test -z "$LAMBCI_PULL_REQUEST" || sleep 1000')
  await ci.logged(build, 'begun\n')
  const reported = await ci.until('its draft', () => ci.system.store.get(written(3).record('draft')))
  expect(reported.size).toBeGreaterThan(0)
  for (const { pid } of ci.system.lambda.sandboxes(functionName('run-fork'))) process.kill(pid, 'SIGKILL')
  expect(await ci.ended(build)).toMatchObject({ status: 'errored' })
  const before = await seen(3, commit)
  const { put, close } = openThief(3)
  expect(await put(written(3).record('end'), FORGED)).toBe(200)
  expect(await put(written(3).log.whole, 'All 4711 tests passed.\n')).toBe(412)
  expect(await put(written(3).log.segment(6), 'All 4711 tests passed.\n')).toBe(200)
  close()
  await ci.system.lambda.idle()
  expect(await seen(3, commit)).toEqual(before)
})

test('a flood of failure messages changes no build, and keeps report from no other', async () => {
  const { sns, region } = ci.system.addresses
  const TopicArn = ci.system.servers.stack.outputs.FailuresTopic
  // With the account's own rights: no sandbox may publish there.
  const client = new SNSClient({ endpoint: sns, region, credentials: ci.system.keys })
  const message = ci.messages.find(({ build }) => build.project === PROJECT && build.number === 1)
  const forgedRecord = (count: number) =>
    JSON.stringify({
      requestContext: { requestId: `forged-${count}`, condition: 'RetriesExhausted' },
      requestPayload: { ...message, build: { ...message?.build, number: 2, nonce: randomUUID() } },
    })
  const report = await ci.system.store.get(buildKeys({ project: PROJECT, number: 2 }).report)
  const junk = Array.from({ length: JUNK_MESSAGES }, (_, count) =>
    client.send(
      new PublishCommand({
        TopicArn,
        Message: count % 2 === 0 ? forgedRecord(count) : JSON.stringify('x'.repeat(1000)),
      }),
    ),
  )
  const { build } = await pull(4, 'echo "in the flood"')
  expect(await ci.ended(build)).toMatchObject({ status: 'passed' })
  await Promise.all(junk)
  await ci.system.lambda.idle()
  client.destroy()
  const linesWith = (text: string) => ci.lines.filter(line => line.includes(text)).length
  expect(linesWith('is not a failure record')).toBe(JUNK_MESSAGES / 2)
  expect(linesWith('is of no invocation of its jobs')).toBe(JUNK_MESSAGES / 2)
  expect(await ci.system.store.get(buildKeys({ project: PROJECT, number: 2 }).report)).toEqual(report)
})
