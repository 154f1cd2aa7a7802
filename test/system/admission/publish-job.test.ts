import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type Sns, startSns } from '../../../loopback/sns/sns.ts'
import { LEAD_JOB } from '../../../src/admission/grants.ts'
import { openJobsTopic } from '../../../src/admission/publish-job.ts'
import { openTopics } from '../../../src/aws/topics.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { pointAwsAt } from '../../support/loopback-aws.ts'
import { FORKED, grantsWith, makeBuild } from '../../support/records.ts'

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
  for (const trust of ['fork', 'branch', 'protected']) {
    await client.send(
      new SubscribeCommand({
        TopicArn: sns.topicArn('jobs'),
        Protocol: 'lambda',
        Endpoint: `arn:aws:lambda:us-east-1:000000000000:function:run-${trust}`,
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
  ['protected', {}],
  ['branch', { trust: 'branch' as const }],
  ['fork', FORKED],
])(
  'a job message of trust %s is delivered unchanged, and only to the function of that trust',
  async (trust, change) => {
    const build = makeBuild({ ...change, message: 'Ünï\u0001🎉 & <x>' })
    const message = { build, job: LEAD_JOB, grants: grantsWith() }
    await openJobsTopic(openTopics(), sns.topicArn('jobs'))(message)
    expect(received).toEqual([{ to: `run-${trust}`, message }])
  },
)

test('a job message that settings make too large is not sent, and the UserError names the settings', async () => {
  const build = makeBuild({ settings: { global: { env: { BIG: '語'.repeat(25_000) } } } })
  const publish = openJobsTopic(openTopics(), sns.topicArn('jobs'))
  const failed = publish({ build, job: LEAD_JOB, grants: grantsWith() })
  await expect(failed).rejects.toThrow(UserError)
  await expect(failed).rejects.toThrow(
    /exceeds 64 KB\. Shorten config\/global\.json or config\/gh\/ada\/web\.json\.$/,
  )
  expect(received).toEqual([])
})
