import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type Sns, startSns } from '../../../loopback/sns/sns.ts'
import { type JobMessage, LEAD_JOB, type StartedJob } from '../../../src/admission/grants.ts'
import { openJobStarter } from '../../../src/admission/publish-job.ts'
import { openTopics } from '../../../src/aws/topics.ts'
import { DEPLOY_JOB } from '../../../src/model/job.ts'
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

const FUNCTION = 'arn:aws:lambda:us-east-1:123456789012:function:lambci-run-deploy'
const starter = (change: Partial<Parameters<typeof openJobStarter>[0]> = {}) =>
  openJobStarter({
    ...{ publish: openTopics(), topicArn: sns.topicArn('jobs') },
    ...{ invoke: async () => {}, deployFunctionArn: FUNCTION, hasTenants: true },
    ...change,
  })

const deployTo = (stage: string): StartedJob => ({
  ...{ key: 1, attempt: 1, needs: [] },
  identity: { name: DEPLOY_JOB, cell: {}, shard: null },
  deploy: { stage, digest: 'a-digest' },
})

test('a deploy goes to its function alone, with a tenant of its own for each repository and stage', async () => {
  const invoked: unknown[][] = []
  const start = starter({ invoke: async (...args) => void invoked.push(args) })
  const places = [
    ['gh/ada/web', 'qa'],
    ['gh/ada/web', 'production'],
    ['gh/ada/api', 'qa'],
    ['gh/ada/web', 'qa'],
  ] as const
  for (const [project, stage] of places)
    await start({ build: makeBuild({ project }), job: deployTo(stage), grants: grantsWith() })
  expect(received).toEqual([])
  expect(invoked.map(([arn, message]) => [arn, (message as JobMessage).job.deploy?.stage])).toEqual(
    places.map(([, stage]) => [FUNCTION, stage]),
  )
  const tenants = invoked.map(([, , tenant]) => tenant)
  expect(tenants[3]).toBe(tenants[0])
  expect(new Set(tenants).size).toBe(3)
  for (const tenant of tenants) expect(tenant).toMatch(/^[0-9a-f]{64}$/)
})

test('where there are no tenants, a deploy names none', async () => {
  const invoked: unknown[][] = []
  const invoke = async (...args: unknown[]) => void invoked.push(args)
  await starter({ invoke, hasTenants: false })({
    build: makeBuild(),
    job: deployTo('qa'),
    grants: grantsWith(),
  })
  expect(invoked).toEqual([[FUNCTION, expect.anything(), undefined]])
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
    await starter()(message)
    expect(received).toEqual([{ to: `run-${trust}`, message }])
  },
)

test('a job message that settings make too large is not sent, and the UserError names the settings', async () => {
  const build = makeBuild({ settings: { global: { env: { BIG: '語'.repeat(25_000) } } } })
  const publish = starter()
  const failed = publish({ build, job: LEAD_JOB, grants: grantsWith() })
  await expect(failed).rejects.toThrow(UserError)
  await expect(failed).rejects.toThrow(
    /exceeds 64 KB\. Shorten config\/global\.json or config\/gh\/ada\/web\.json\.$/,
  )
  expect(received).toEqual([])
})
