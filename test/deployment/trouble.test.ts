import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { type Account, openAccount, ROOT } from './account.ts'

test('a resource that fails: its own reason; the next run clears it away', async () => {
  const { amend, deploy } = await openAccount({
    trouble: { resource: { lambci: 'Specified ReservedConcurrentExecutions is too high' } },
  })
  const failed = await deploy()
  expect(failed.exitCode).toBe(1)
  expect(failed.stderr).toContain(
    'deploy: The stack lambci could not be deployed (ROLLBACK_COMPLETE). Bucket (AWS::S3::Bucket): Specified ReservedConcurrentExecutions is too high',
  )
  expect(failed.stderr).not.toContain('cancelled')
  await amend({ trouble: {} })
  const again = await deploy()
  expect([again.exitCode, again.stderr]).toEqual([0, ''])
  expect(again.stdout).toContain('lambci is in ROLLBACK_COMPLETE, left by an attempt that failed')
}, 30_000)

test('an update that fails leaves the stack as it was', async () => {
  const { amend, deploy } = await openAccount()
  await deploy()
  await amend({ trouble: { resource: { lambci: 'No more' } } })
  const failed = await deploy('--param', 'BuildMemory=1024')
  expect([failed.exitCode, failed.stderr]).toEqual([
    1,
    expect.stringContaining('(UPDATE_ROLLBACK_COMPLETE). Bucket (AWS::S3::Bucket): No more'),
  ])
  await amend({ trouble: {} })
  expect((await deploy('--param', 'BuildMemory=1024')).exitCode).toBe(0)
}, 30_000)

test('an image that cannot be built: the phase, its message, and where the log is', async () => {
  const { read, deploy } = await openAccount({
    trouble: { build: 'Error while executing command: docker build. Reason: exit status 1' },
  })
  const { exitCode, stderr } = await deploy()
  expect(exitCode).toBe(1)
  expect(stderr).toContain('The image could not be built: build Error while executing command: docker build.')
  expect(stderr).toContain('aws logs tail /aws/codebuild/lambci-bootstrap-image --log-stream-names abc')
  expect((await read()).stacks).not.toHaveProperty('lambci')
}, 30_000)

test('what an interrupted run has started is gone on with', async () => {
  const { read, amend, calls, deploy } = await openAccount({ trouble: { build: 'x' } })
  await deploy()
  const { builds, stacks } = await read()
  const [id, build] = Object.entries(builds)[0] as [string, { tag: string }]
  await amend({
    builds: { [id]: { ...build, looks: 0 } },
    trouble: { slowBuild: 3 },
    stacks: {
      'lambci-bootstrap': {
        ...stacks['lambci-bootstrap'],
        status: 'UPDATE_IN_PROGRESS',
        next: ['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE'],
      },
    },
  })
  await calls()
  const { exitCode, stdout } = await deploy()
  expect(exitCode).toBe(0)
  expect(stdout).toContain('lambci-bootstrap is UPDATE_IN_PROGRESS: waiting for it first')
  expect(stdout).toContain('is being built already')
  expect((await calls()).filter(call => call.startsWith('codebuild start-build'))).toEqual([])
}, 30_000)

test('a bucket that an earlier stack has left is taken over', async () => {
  const { read, calls, deploy } = await openAccount()
  await deploy()
  await deploy('--delete', '--yes')
  const { stacks, buckets } = await read()
  expect([Object.keys(stacks), buckets]).toEqual([[], ['lambci-123456789012-eu-west-1']])
  await calls()
  const { exitCode, stdout } = await deploy()
  expect(exitCode, stdout).toBe(0)
  const kinds = (await calls()).flatMap(
    call => /--stack-name lambci .*--change-set-type (\w+)/.exec(call)?.[1] ?? [],
  )
  expect(kinds).toEqual(['IMPORT', 'UPDATE'])
}, 30_000)

test.each<[string, Partial<Account>, string[], number, RegExp]>([
  [
    'no credentials',
    { trouble: { credentials: 'none' } },
    [],
    2,
    /There are no AWS credentials: sign in with/,
  ],
  ['expired ones', { trouble: { credentials: 'expired' } }, [], 2, /have expired: sign in again/],
  ['no region', { region: '' }, [], 2, /No region is set: give --region/],
  ['a wrong region', {}, ['--region', 'eu-wset-1'], 2, /does not answer in the region "eu-wset-1"/],
  [
    'version 1',
    { trouble: { version: 'aws-cli/1.45.11 Python/3.11' } },
    [],
    2,
    /too old \(aws-cli\/1\.45\.11\)/,
  ],
  [
    'a change set that is refused',
    { trouble: { changeSet: 'Parameters: [BuildMemory] must be a number' } },
    [],
    1,
    /CloudFormation will not change lambci-bootstrap: Parameters/,
  ],
  [
    'a rollback that failed',
    { stacks: { 'lambci-bootstrap': { status: 'UPDATE_ROLLBACK_FAILED', events: [], parameters: {} } } },
    [],
    1,
    /continue-update-rollback --stack-name lambci-bootstrap --region eu-west-1/,
  ],
  [
    'a Dockerfile that is not there',
    {},
    ['--dockerfile', 'nowhere'],
    2,
    /There is no Dockerfile at .*nowhere/,
  ],
  ['an unknown option', {}, ['--frobnicate'], 2, /unknown option/],
])(
  '%s',
  async (_, account, args, code, message) => {
    const { deploy } = await openAccount(account)
    const { exitCode, stderr } = await deploy(...args)
    expect([exitCode, stderr]).toEqual([code, expect.stringMatching(message)])
    expect(stderr).not.toMatch(/\n\s+at /)
  },
  30_000,
)

test('no AWS CLI', async () => {
  const main = join(ROOT, 'scripts', 'deployment', 'main.ts')
  const nowhere = { env: { PATH: '/nowhere' }, extendEnv: false, reject: false } as const
  const { exitCode, stderr } = await execa(process.execPath, [main], nowhere)
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('The AWS CLI is not installed')])
})

test('all wrong settings at once', async () => {
  const { calls, deploy } = await openAccount()
  const { exitCode, stderr } = await deploy(
    '--stack',
    'Big_One',
    '--param',
    'Colour=red',
    '--param',
    'x',
    '--delete-bucket',
  )
  expect(exitCode).toBe(2)
  for (const name of ['--stack Big_One', '--param Colour', '--param x', '--delete-bucket'])
    expect(stderr).toContain(name)
  expect(await calls()).toEqual([])
})
