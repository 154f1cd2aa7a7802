import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { AssumeRoleCommand, type Credentials, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { expect, onTestFinished, test } from 'vitest'
import { isAllowed } from '../../iam/evaluate.ts'
import type { Guard } from '../../iam/guard.ts'
import { policySchema } from '../../iam/policy.ts'
import { startScheduler } from '../../scheduler/scheduler.ts'
import { startSns } from '../../sns/sns.ts'
import type { RoleDefinition } from '../../sts/assume-role.ts'
import { type Sts, startSts } from '../../sts/sts.ts'

// The guarantees of our own server only. The contract of STS is in sts-contract.test.ts.
const OWN = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-of-the-tests' }
const region = 'us-east-1'
const arn = (name: string) => `arn:aws:iam::000000000000:role/${name}`
const policy = (...Statement: object[]) => policySchema.parse({ Version: '2012-10-17', Statement })
const role = (name: string, trusted: string, ...statements: object[]): RoleDefinition => ({
  name,
  arn: arn(name),
  trust: policy({ Effect: 'Allow', Principal: { AWS: arn(trusted) }, Action: 'sts:AssumeRole' }),
  policies: statements.length > 0 ? [policy(...statements)] : [],
})
const TOPIC = 'arn:aws:sns:us-east-1:000000000000:jobs'
const allow = (Action: string, Resource: string) => ({ Effect: 'Allow', Action, Resource })
const ROLES = [
  role('http', 'nobody', allow('sts:AssumeRole', arn('session')), allow('sns:Publish', TOPIC)),
  role('build', 'nobody'),
  role('session', 'http', allow('sns:*', '*')),
]

function scratch() {
  const directory = mkdtempSync(join(tmpdir(), 'lambci-sts-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function start(options: Partial<Parameters<typeof startSts>[0]> = {}) {
  const credentials = (id: string) => (id === OWN.accessKeyId ? OWN : undefined)
  const sts = await startSts({ directory: scratch(), credentials, roles: ROLES, ...options })
  let isOpen = true
  const close = async () => {
    if (isOpen) await sts.close()
    isOpen = false
  }
  onTestFinished(close)
  return { ...sts, close }
}

const clientOf = (
  sts: Sts,
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
) => {
  const client = new STSClient({ endpoint: sts.url, region, credentials, maxAttempts: 1 })
  onTestFinished(() => client.destroy())
  return client
}
const assume = (client: STSClient, change: object = {}) =>
  client.send(new AssumeRoleCommand({ RoleArn: arn('session'), RoleSessionName: 'job', ...change }))
const keysOf = ({
  AccessKeyId = '',
  SecretAccessKey = '',
  SessionToken = '',
}: Partial<Credentials> = {}) => ({
  accessKeyId: AccessKeyId,
  secretAccessKey: SecretAccessKey,
  sessionToken: SessionToken,
})

const guardOf = (sts: Sts): Guard => ({
  credentials: sts.credentials,
  allows: (id, request) => {
    const principal = sts.principalOf(id)
    return principal !== undefined && isAllowed(principal, request)
  },
})

test('only a caller that the role trusts, and that may assume it, gets a session, of at most an hour', async () => {
  const sts = await start()
  const http = clientOf(sts, sts.issue(arn('http')))
  expect((await http.send(new GetCallerIdentityCommand({}))).Arn).toBe(
    'arn:aws:sts::000000000000:assumed-role/http/http',
  )
  expect((await assume(http, { DurationSeconds: 3600 })).Credentials).toBeDefined()
  await expect(assume(http, { DurationSeconds: 3601 })).rejects.toMatchObject({ name: 'ValidationError' })
  await expect(assume(http, { RoleArn: arn('build') })).rejects.toMatchObject({ name: 'AccessDenied' })
  await expect(assume(clientOf(sts, sts.issue(arn('build'))))).rejects.toMatchObject({
    name: 'AccessDenied',
    message: expect.stringMatching(
      /^User: .*\/build is not authorized to perform: sts:AssumeRole on resource/,
    ),
  })
  const session = keysOf((await assume(http)).Credentials)
  await expect(assume(clientOf(sts, session))).rejects.toMatchObject({ name: 'AccessDenied' })
})

test.each([
  ['a wrong secret', { secretAccessKey: 'guessed' }, 'SignatureDoesNotMatch'],
  ['a wrong token', { sessionToken: 'guessed' }, 'InvalidClientTokenId'],
  ['an unknown key', { accessKeyId: 'ASIA0000000000000000' }, 'InvalidClientTokenId'],
])('%s is rejected', async (_, change, name) => {
  const sts = await start()
  const client = clientOf(sts, { ...sts.issue(arn('http')), ...change })
  await expect(assume(client)).rejects.toMatchObject({ name })
})

test('a session survives a restart, expires in time, and is invalid without its role', async () => {
  const directory = scratch()
  const clock = { time: Date.now(), now: () => clock.time }
  const first = await start({ directory, clock })
  const keys = keysOf((await assume(clientOf(first, first.issue(arn('http'))))).Credentials)
  await first.close()

  const second = await start({ directory, clock })
  const client = clientOf(second, keys)
  expect((await client.send(new GetCallerIdentityCommand({}))).Arn).toMatch(/assumed-role\/session\/job$/)
  expect(second.credentials(keys.accessKeyId)?.expiration?.getTime()).toBe(clock.time + 3_600_000)
  await second.close()

  const third = await start({ directory, clock, roles: ROLES.filter(({ name }) => name !== 'session') })
  expect(third.credentials(keys.accessKeyId)).toBeUndefined()
  expect(third.principalOf(keys.accessKeyId)).toBeUndefined()
  await third.close()

  clock.time += 3_700_000
  const fourth = await start({ directory, clock })
  expect(fourth.credentials(keys.accessKeyId)?.expiration?.getTime()).toBeLessThan(clock.time)
})

test('SNS allows what the role allows, and verifies signatures', async () => {
  const sts = await start()
  const guard = guardOf(sts)
  const options = { directory: scratch(), topics: [{ name: 'jobs' }, { name: 'other' }], guard }
  const sns = await startSns({ ...options, onLambda: () => {}, onMail: () => {} })
  onTestFinished(sns.close)
  const publish = (credentials: ReturnType<typeof keysOf>, TopicArn = TOPIC) => {
    const client = new SNSClient({ endpoint: sns.url, region, credentials, maxAttempts: 1 })
    onTestFinished(() => client.destroy())
    return client.send(new PublishCommand({ TopicArn, Message: 'x' }))
  }
  const http = sts.issue(arn('http'))
  expect((await publish(http)).MessageId).toBeDefined()
  const denied = { name: 'AuthorizationErrorException', message: expect.stringContaining('sns:Publish') }
  await expect(publish(http, sns.topicArn('other'))).rejects.toMatchObject(denied)
  await expect(publish(sts.issue(arn('build')))).rejects.toMatchObject(denied)
  await expect(publish({ ...http, secretAccessKey: 'guessed' })).rejects.toMatchObject({
    name: 'SignatureDoesNotMatch',
  })
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [allow('sns:Publish', TOPIC)] })
  const narrowed = keysOf((await assume(clientOf(sts, http), { Policy })).Credentials)
  expect((await publish(narrowed)).MessageId).toBeDefined()
  await expect(publish(narrowed, sns.topicArn('other'))).rejects.toMatchObject(denied)
})

test('creating a schedule requires the right to do so in its group, and to pass its role', async () => {
  const schedules = 'arn:aws:scheduler:us-east-1:000000000000:schedule/lambci/*'
  const passed = { Condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } } }
  const sts = await start({
    roles: [
      role('sets', 'nobody', allow('scheduler:*', schedules), {
        ...allow('iam:PassRole', arn('trigger')),
        ...passed,
      }),
    ],
  })
  const scheduler = await startScheduler({
    directory: scratch(),
    groups: ['lambci'],
    guard: guardOf(sts),
    onTarget: () => {},
  })
  onTestFinished(scheduler.close)
  const credentials = sts.issue(arn('sets'))
  const client = new SchedulerClient({ endpoint: scheduler.url, region, credentials, maxAttempts: 1 })
  onTestFinished(() => client.destroy())
  const create = (GroupName: string, RoleArn: string) =>
    client.send(
      new CreateScheduleCommand({
        Name: 'switch.1_a',
        GroupName,
        ScheduleExpression: 'at(2099-01-01T00:00:00)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { Arn: 'arn:aws:lambda:us-east-1:000000000000:function:report', RoleArn, Input: '{}' },
      }),
    )
  const denied = (action: string) => ({
    name: 'AccessDeniedException',
    message: expect.stringContaining(action),
  })
  await expect(create('default', arn('trigger'))).rejects.toMatchObject(denied('scheduler:CreateSchedule'))
  await expect(create('lambci', arn('admin'))).rejects.toMatchObject(denied('iam:PassRole'))
  expect((await create('lambci', arn('trigger'))).ScheduleArn).toMatch(/schedule\/lambci\/switch\.1_a$/)
})
