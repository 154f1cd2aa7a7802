import { expect, test } from 'vitest'
import { awsCli } from '../../../scripts/deployment/aws.ts'
import { deploy, openAccount, openDeployed, SCRIPT } from './account.ts'
import type { Account, Stack } from './aws-stand-in.ts'

test('a failed resource is reported with its reason; the next deploy deletes the failed stack', async () => {
  const { amend, deploy } = await openAccount({
    trouble: { resource: { lambci: 'Specified ReservedConcurrentExecutions is too high' } },
  })
  const failed = await deploy()
  expect(failed.exitCode).toBe(1)
  expect(failed.stderr).toContain(
    'deploy: Deploying the stack lambci failed (ROLLBACK_COMPLETE). Bucket (AWS::S3::Bucket): Specified ReservedConcurrentExecutions is too high',
  )
  expect(failed.stderr).not.toContain('cancelled')
  amend({ trouble: {} })
  const again = await deploy()
  expect([again.exitCode, again.stderr]).toEqual([0, ''])
  expect(again.stdout).toContain('lambci is in ROLLBACK_COMPLETE after a failed deploy')
})

test('a failed update is reported with its own reason, not with that of an older failure', async () => {
  const { amend, deploy } = await openDeployed({ trouble: { resource: { lambci: 'No more' } } })
  const failed = await deploy('--param', 'BuildMemory=1024')
  expect([failed.exitCode, failed.stderr]).toEqual([
    1,
    expect.stringContaining('(UPDATE_ROLLBACK_COMPLETE). Bucket (AWS::S3::Bucket): No more'),
  ])
  amend({ trouble: { resource: { lambci: 'Even less' } } })
  expect((await deploy('--param', 'BuildMemory=1024')).stderr).toContain('(AWS::S3::Bucket): Even less')
})

test('a deploy continues what an interrupted one has started', async () => {
  const { read, amend, calls, deploy } = await openAccount({ trouble: { build: 'x' } })
  await deploy()
  const { builds, stacks } = read()
  const [id, build] = Object.entries(builds)[0] as [string, { tag: string }]
  amend({
    builds: { [id]: { ...build, polls: 0 } },
    trouble: { slowBuild: 3 },
    stacks: {
      'lambci-bootstrap': {
        ...(stacks['lambci-bootstrap'] as Stack),
        status: 'UPDATE_IN_PROGRESS',
        next: ['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE'],
      },
    },
  })
  calls()
  const { exitCode, stdout } = await deploy()
  expect(exitCode).toBe(0)
  expect(stdout).toContain('lambci-bootstrap is in UPDATE_IN_PROGRESS: waiting')
  expect(stdout).toContain('is already being built')
  expect(calls().filter(call => call.startsWith('codebuild start-build'))).toEqual([])
})

test('buckets left by earlier stacks are imported', async () => {
  const { read, amend, calls, deploy } = await openDeployed()
  const { buckets } = read()
  expect(buckets).toHaveLength(2)
  amend({ stacks: {} })
  const { exitCode, stdout } = await deploy()
  expect(exitCode, stdout).toBe(0)
  const sets = calls().filter(call => call.includes('create-change-set'))
  expect(sets.map(call => /--stack-name (\S+) .*--change-set-type (\w+)/.exec(call)?.slice(1))).toEqual([
    ['lambci-bootstrap', 'IMPORT'],
    ['lambci-bootstrap', 'UPDATE'],
    ['lambci', 'IMPORT'],
    ['lambci', 'UPDATE'],
  ])
  expect(sets[0]).toContain('"LogicalResourceId":"Artifacts"')
  expect(sets[2]).toContain(
    `"LogicalResourceId":"Bucket","ResourceIdentifier":{"BucketName":"${buckets[1]}"}`,
  )
})

const bootstrapIn = (status: string): Partial<Account> => ({
  stacks: { 'lambci-bootstrap': { status, events: [], parameters: {} } },
})

test.each<[string, Partial<Account>, string[], number, RegExp]>([
  ['no credentials', { trouble: { credentials: 'none' } }, [], 2, /There are no AWS credentials. Sign in/],
  ['expired credentials', { trouble: { credentials: 'expired' } }, [], 2, /have expired. Sign in again/],
  ['an unknown profile', {}, ['--profile', 'nope'], 2, /has no such profile/],
  ['no region', { region: '' }, [], 2, /No region is set. Give --region/],
  [
    'neither region nor credentials',
    { region: '', trouble: { credentials: 'none' } },
    [],
    2,
    /No region is set. .*\nThere are no AWS credentials/,
  ],
  ['a wrong region', {}, ['--region', 'eu-wset-1'], 2, /Cannot connect to AWS in the region "eu-wset-1"/],
  [
    'version 1 of the AWS CLI',
    { trouble: { version: 'aws-cli/1.45.11 Python/3.11' } },
    [],
    2,
    /old \(aws-cli\/1\.45\.11\)/,
  ],
  [
    'missing permissions',
    { trouble: { denied: 'DescribeStacks' } },
    [],
    1,
    /Permission denied \(aws cloudformation describe-stacks\): User: ada is not authorized/,
  ],
  [
    'a rejected change set',
    { trouble: { changeSet: 'Parameters: [BuildMemory] must be a number' } },
    [],
    1,
    /CloudFormation rejected the change set for lambci-bootstrap: Parameters/,
  ],
  [
    'a resource that fails the early validation',
    { trouble: { changeSet: 'failed: [AWS::EarlyValidation::ResourceExistenceCheck]. Use DescribeEvents' } },
    [],
    1,
    /change set for lambci-bootstrap: HttpRole \(AWS::IAM::Role\): .*'lambci-http' already exists/,
  ],
  [
    'a failed rollback',
    bootstrapIn('UPDATE_ROLLBACK_FAILED'),
    [],
    1,
    /continue-update-rollback --stack-name lambci-bootstrap --region eu-west-1"/,
  ],
  [
    'a failed import of a bucket',
    bootstrapIn('IMPORT_ROLLBACK_COMPLETE'),
    [],
    1,
    /delete-stack --stack-name lambci-bootstrap --region eu-west-1", which keeps the bucket/,
  ],
  [
    'a bucket of another account',
    { trouble: { strange: 'lambci-bootstrap-123456789012-eu-west-1' } },
    [],
    1,
    /Cannot access the bucket lambci-bootstrap-123456789012-eu-west-1 \(403 Forbidden\)/,
  ],
  ['a missing Dockerfile', {}, ['--dockerfile', 'nowhere'], 2, /There is no Dockerfile at .*nowhere/],
  ['an unknown option', {}, ['--frobnicate'], 2, /unknown option/],
])('%s is reported with what to do next', async (_, account, args, code, message) => {
  const { deploy } = await openAccount(account)
  const { exitCode, stderr } = await deploy(...args)
  expect([exitCode, stderr]).toEqual([code, expect.stringMatching(message)])
  expect(stderr).not.toMatch(/\n\s+at /)
})

test('a missing AWS CLI is reported', async () => {
  const { exitCode, stderr } = await deploy([], { execAws: awsCli({ PATH: '/nowhere' }) })
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('The AWS CLI is not installed')])
})

test('scripts/deploy reports a failure of the program `aws`, and exits with 1', async () => {
  const { calls, runProgram } = await openAccount({ trouble: { denied: 'DescribeStacks' } })
  const { exitCode, stdout, stderr } = await runProgram(SCRIPT)
  expect([exitCode, stdout]).toEqual([1, 'Deploying lambci to account 123456789012, eu-west-1'])
  expect(stderr).toContain(
    'Permission denied (aws cloudformation describe-stacks): User: ada is not authorized',
  )
  const query =
    'cloudformation describe-stacks --stack-name lambci --region eu-west-1 --output json --no-cli-pager'
  expect(calls().at(-1)).toBe(query)
})

test('all mistakes in the options are reported together', async () => {
  const { calls, deploy } = await openAccount()
  const wrong = ['--stack', 'Big_One', '--param', 'Colour=red', '--param', 'x', '--delete-bucket', '--yes']
  const { exitCode, stderr } = await deploy(...wrong)
  expect(exitCode).toBe(2)
  for (const name of ['--stack Big_One', '--param Colour', '--param x', '--delete-bucket', '--yes'])
    expect(stderr).toContain(name)
  expect(calls()).toEqual([])
})
