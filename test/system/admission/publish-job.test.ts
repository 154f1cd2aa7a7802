import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type Sns, startSns } from '../../../loopback/sns/sns.ts'
import { type JobMessage, LEAD_JOB, type StartedJob } from '../../../src/admission/grants.ts'
import { openJobStarter } from '../../../src/admission/publish-job.ts'
import type { InvokeFunction } from '../../../src/aws/functions.ts'
import { openTopics } from '../../../src/aws/topics.ts'
import { DEPLOY_JOB, VERIFY_JOB } from '../../../src/model/job.ts'
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
  for (const trust of ['fork', 'branch']) {
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

const arnOf = (name: string) => `arn:aws:lambda:us-east-1:123456789012:function:lambci-${name}`
const functions = { protected: arnOf('run-protected'), deploy: arnOf('run-deploy') }
const starter = (change: Partial<Parameters<typeof openJobStarter>[0]> = {}) =>
  openJobStarter({
    ...{ publish: openTopics(), topicArn: sns.topicArn('jobs') },
    ...{ invoke: async () => {}, functions, hasTenants: true, startLater: async () => {} },
    ...change,
  })

const jobCalled = (name: string, deploy?: StartedJob['deploy']): StartedJob => ({
  ...{ key: 1, attempt: 1, needs: [] },
  identity: { name, cell: {}, shard: null },
  ...(deploy && { deploy }),
})
const deployTo = (stage: string) => jobCalled(DEPLOY_JOB, { stage, digest: 'a-digest' })

type Invoked = [arn: string, message: JobMessage, tenant: string | undefined]

/** Starts these jobs. Returns what was invoked, and checks that nothing was published. */
async function invokedFor(
  jobs: readonly (readonly [Parameters<typeof makeBuild>[0], StartedJob])[],
  change: Partial<Parameters<typeof openJobStarter>[0]> = {},
): Promise<Invoked[]> {
  const invoked: Invoked[] = []
  const invoke: InvokeFunction = async (arn, message, tenant) =>
    void invoked.push([arn, message as JobMessage, tenant])
  const start = starter({ invoke, ...change })
  for (const [build, job] of jobs) await start({ build: makeBuild(build), job, grants: grantsWith() })
  expect(received).toEqual([])
  expect(invoked.map(([, { job }]) => job)).toEqual(jobs.map(([, job]) => job))
  return invoked
}

test('a deploy goes to its function alone, with a tenant of its own for each repository and stage', async () => {
  const invoked = await invokedFor([
    [{ project: 'gh/ada/web' }, deployTo('qa')],
    [{ project: 'gh/ada/web' }, deployTo('production')],
    [{ project: 'gh/ada/api' }, deployTo('qa')],
    [{ project: 'gh/ada/web', branch: 'other' }, deployTo('qa')],
  ])
  expect(new Set(invoked.map(([arn]) => arn))).toEqual(new Set([functions.deploy]))
  const tenants = invoked.map(([, , tenant]) => tenant)
  expect(tenants[3]).toBe(tenants[0])
  expect(new Set(tenants).size).toBe(3)
  for (const tenant of tenants) expect(tenant).toMatch(/^[0-9a-f]{64}$/)
})

test('a job of a deploy branch goes to its function alone, with a tenant of its own for each repository and branch', async () => {
  const invoked = await invokedFor([
    [{ project: 'gh/ada/web', branch: 'qa' }, LEAD_JOB],
    [{ project: 'gh/ada/web', branch: 'main' }, LEAD_JOB],
    [{ project: 'gh/ada/api', branch: 'qa' }, LEAD_JOB],
    // Jobs of one branch share a tenant, those of several builds as well.
    [{ project: 'gh/ada/web', branch: 'qa', number: 8 }, jobCalled('unit')],
    // What verifies a deploy is a job of its branch, whatever its stage is called.
    [{ project: 'gh/ada/web', branch: 'qa' }, jobCalled(VERIFY_JOB, { stage: 'main', digest: 'a-digest' })],
  ])
  expect(new Set(invoked.map(([arn]) => arn))).toEqual(new Set([functions.protected]))
  const tenants = invoked.map(([, , tenant]) => tenant)
  expect(tenants.slice(3)).toEqual([tenants[0], tenants[0]])
  expect(new Set(tenants).size).toBe(3)
  for (const tenant of tenants) expect(tenant).toMatch(/^[0-9a-f]{64}$/)
})

test('where there are no tenants, neither a job nor a deploy names one', async () => {
  const jobs = [LEAD_JOB, deployTo('qa')].map(job => [{}, job] as const)
  const invoked = await invokedFor(jobs, { hasTenants: false })
  expect(invoked.map(([arn, , tenant]) => [arn, tenant])).toEqual([
    [functions.protected, undefined],
    [functions.deploy, undefined],
  ])
})

test('a process that knows no function for a job starts it nowhere', async () => {
  const start = starter({ functions: { ...functions, deploy: '' } })
  await expect(start({ build: makeBuild(), job: deployTo('qa'), grants: grantsWith() })).rejects.toThrow(
    'This function starts no jobs of trust deploy',
  )
})

test.each([
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
