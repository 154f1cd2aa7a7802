import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { policySchema } from '../../iam/policy.ts'
import { startSts } from '../../sts/sts.ts'

/**
 * The contract of every STS. To run it against another endpoint, set LAMBCI_TEST_STS_ENDPOINT and
 * LAMBCI_TEST_STS_ROLE, a role that the credentials in the environment may assume.
 */
const ROLE = process.env.LAMBCI_TEST_STS_ROLE ?? 'arn:aws:iam::000000000000:role/session'
let client: STSClient
let endpoint = process.env.LAMBCI_TEST_STS_ENDPOINT
let stop = async () => {}
const region = process.env.AWS_REGION ?? 'us-east-1'

beforeAll(async () => {
  if (endpoint) {
    client = new STSClient({ endpoint, region })
    return
  }
  const directory = mkdtempSync(join(tmpdir(), 'lambci-sts-'))
  const own = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'test' }
  const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: '*' }
  const sts = await startSts({
    directory,
    credentials: id => (id === own.accessKeyId ? own : undefined),
    roles: [
      {
        name: 'session',
        arn: ROLE,
        trust: policySchema.parse({ Version: '2012-10-17', Statement: statement }),
        policies: [],
      },
    ],
  })
  endpoint = sts.url
  client = new STSClient({ endpoint, region, credentials: own })
  stop = async () => {
    await sts.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
afterAll(async () => {
  client.destroy()
  await stop()
})

const assume = (change: Partial<AssumeRoleCommandInput> = {}) =>
  client.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'gh.ada.web-7', ...change }))

test('each session has its own temporary credentials', async () => {
  const before = Date.now()
  const { Credentials, AssumedRoleUser } = await assume({ DurationSeconds: 900 })
  expect(Credentials?.AccessKeyId).toMatch(/^ASIA[A-Z0-9]{16}$/)
  expect(Credentials?.SessionToken?.length).toBeGreaterThan(100)
  const life = (Credentials?.Expiration?.getTime() ?? 0) - before
  expect(life).toBeGreaterThan(890_000)
  expect(life).toBeLessThan(960_000)
  expect(AssumedRoleUser?.Arn).toMatch(/^arn:aws:sts::\d{12}:assumed-role\/[^/]+\/gh\.ada\.web-7$/)

  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  }
  const session = new STSClient({ ...(endpoint && { endpoint }), region, credentials })
  expect((await session.send(new GetCallerIdentityCommand({}))).Arn).toBe(AssumedRoleUser?.Arn)
  session.destroy()
  const another = await assume()
  expect(another.Credentials?.AccessKeyId).not.toBe(Credentials?.AccessKeyId)
})

test.each<[string, Partial<AssumeRoleCommandInput>, string]>([
  ['a name with a slash', { RoleSessionName: 'gh/ada' }, 'ValidationError'],
  ['a name of one character', { RoleSessionName: 'x' }, 'ValidationError'],
  ['a name of 65 characters', { RoleSessionName: 'x'.repeat(65) }, 'ValidationError'],
  ['less than 15 minutes', { DurationSeconds: 899 }, 'ValidationError'],
  ['more than 12 hours', { DurationSeconds: 43_201 }, 'ValidationError'],
  ['a policy of 2,049 characters', { Policy: `"${'x'.repeat(2047)}"` }, 'ValidationError'],
  ['a policy that is not JSON', { Policy: '{' }, 'MalformedPolicyDocumentException'],
  ['JSON that is not a policy', { Policy: '{"Statement": 7}' }, 'MalformedPolicyDocumentException'],
])('%s is rejected', async (_, change, name) => {
  await expect(assume(change)).rejects.toMatchObject({ name })
})

test('a role that does not exist gives the same error as one that may not be assumed', async () => {
  await expect(assume({ RoleArn: `${ROLE}-missing` })).rejects.toMatchObject({ name: 'AccessDenied' })
})
