import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { openJobsTopic } from '../../src/admission/topic.ts'
import { type Sns, startSns } from '../../src/local/sns/sns.ts'
import { Problem } from '../../src/problem.ts'
import { pointAwsAt } from '../aws.ts'
import { admissionWith, FORKED, jobOf } from '../records.ts'

type Received = { to: string; message: unknown }
let sns: Sns
let directory: string
const received: Received[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-topic-'))
  sns = await startSns({
    directory,
    topics: [{ name: 'jobs' }],
    onMail: () => {},
    onLambda: async (to, { Records }) =>
      void received.push({
        to: to.split(':').at(-1) ?? '',
        message: JSON.parse(Records[0]?.Sns.Message ?? ''),
      }),
  })
  pointAwsAt({ sns: sns.url })
  const client = new SNSClient()
  for (const trust of ['fork', 'branch', 'deploy']) {
    await client.send(
      new SubscribeCommand({
        TopicArn: sns.topicArn('jobs'),
        Protocol: 'lambda',
        Endpoint: `arn:aws:lambda:us-east-1:000000000000:function:build-${trust}`,
        Attributes: { FilterPolicy: JSON.stringify({ trust: [trust] }) },
      }),
    )
  }
  client.destroy()
})
beforeEach(() => {
  received.length = 0
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await sns.close()
  await rm(directory, { recursive: true, force: true })
})

test.each([
  ['deploy', {}],
  ['branch', { trust: 'branch' as const }],
  ['fork', FORKED],
])('an order of trust %s reaches that build function alone, as it was', async (trust, change) => {
  const job = jobOf({ ...change, message: 'Ünï\u0001🎉 & <x>' })
  const order = { job, admission: admissionWith() }
  await openJobsTopic(sns.topicArn('jobs'))(order)
  expect(received).toEqual([{ to: `build-${trust}`, message: order }])
})

test('an order that settings make too large is a problem that says where, and is not sent', async () => {
  const job = jobOf({ settings: { global: { env: { BIG: '語'.repeat(25_000) } } } })
  const publish = openJobsTopic(sns.topicArn('jobs'))
  const failed = publish({ job, admission: admissionWith() })
  await expect(failed).rejects.toThrow(Problem)
  await expect(failed).rejects.toThrow(
    /over 64 KB\. Shorten config\/global\.json or config\/gh\/ada\/web\.json\.$/,
  )
  expect(received).toEqual([])
})
