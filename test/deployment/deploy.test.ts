import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
const FRESH = {
  region: 'eu-west-1',
  stacks: {},
  changeSets: {},
  objects: [],
  buckets: [],
  images: [],
  builds: {},
  trouble: {},
}
type Account = Omit<typeof FRESH, 'stacks' | 'trouble'> & {
  stacks: Record<string, object>
  trouble: Record<string, unknown>
}
/** Whatever changes something in the account. */
const CHANGING = /^(cloudformation (create|execute|delete)|s3api (put|delete)|s3 rm|codebuild start)/

let directory: string
let file: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-deploy-'))
  file = join(directory, 'account.json')
  await mkdir(join(directory, 'bin'))
  await copyFile(join(import.meta.dirname, 'aws-stand-in.mjs'), join(directory, 'bin', 'aws'))
  await chmod(join(directory, 'bin', 'aws'), 0o755)
  await write({})
})
afterEach(() => rm(directory, { recursive: true }))

const read = async (): Promise<Account> => JSON.parse(await readFile(file, 'utf8'))
const write = (change: Partial<Account>) => writeFile(file, JSON.stringify({ ...FRESH, ...change }))
const amend = async (change: Partial<Account>) => write({ ...(await read()), ...change })

/** What was asked of AWS since the last time, as `service command …`. */
async function calls(): Promise<string[]> {
  const text = await readFile(`${file}.calls`, 'utf8').catch(() => '')
  await writeFile(`${file}.calls`, '')
  return text.split('\n').flatMap(line => (line ? [(JSON.parse(line) as string[]).join(' ')] : []))
}
const changing = async () => (await calls()).filter(call => CHANGING.test(call))

async function deploy(...args: string[]) {
  const { AWS_REGION: _, AWS_DEFAULT_REGION: __, ...env } = process.env
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [join(ROOT, 'scripts', 'deployment', 'main.ts'), ...args],
    {
      env: {
        ...env,
        PATH: `${join(directory, 'bin')}:${process.env.PATH}`,
        AWS_STAND_IN: file,
        LAMBCI_POLL_MS: '5',
      },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    },
  )
  return { exitCode, stdout, stderr }
}

test('a first deploy makes both stacks, the bundles and the image, and says where the webhook is', async () => {
  const { exitCode, stdout, stderr } = await deploy(
    '--email',
    'you@example.com',
    '--param',
    'BuildMemory=3008',
  )
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain('Webhook   https://abc.lambda-url.eu-west-1.on.aws/webhook')
  expect(stdout).toContain('Next: npx lambci setup')
  expect(stdout).toMatch(/create complete +HttpFunction \(Lambda::Function\)/)
  const { stacks, objects, images } = await read()
  expect(stacks).toMatchObject({
    'lambci-bootstrap': { status: 'CREATE_COMPLETE' },
    lambci: {
      status: 'CREATE_COMPLETE',
      parameters: {
        ArtifactBucket: 'lambci-bootstrap-123456789012-eu-west-1',
        HttpBundle: expect.stringMatching(/^http\/[0-9a-f]{20}\.zip$/),
        ReportBundle: expect.stringMatching(/^report\//),
        BuildImage: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/lambci-bootstrap:${images[0]}`,
        NoticeEmail: 'you@example.com',
        BuildMemory: '3008',
      },
    },
  })
  expect(objects).toHaveLength(3)
  const asked = await calls()
  for (const call of asked.slice(1).filter(call => !call.startsWith('configure')))
    expect(call).toContain('--region eu-west-1')
  expect(asked.some(call => /docker/i.test(call.split(' ')[0] ?? ''))).toBe(false)
}, 30_000)

test('a second one without changes changes nothing, and says so; a parameter later keeps the others', async () => {
  await deploy('--email', 'you@example.com')
  await calls()
  const again = await deploy()
  expect([again.exitCode, again.stderr]).toEqual([0, ''])
  expect(again.stdout.match(/is as it should be already/g)).toHaveLength(2)
  expect((await changing()).every(call => /change-set/.test(call))).toBe(true)

  await deploy('--param', 'BuildTimeout=600')
  expect((await read()).stacks.lambci).toMatchObject({
    status: 'UPDATE_COMPLETE',
    parameters: { NoticeEmail: 'you@example.com', BuildTimeout: '600' },
  })
}, 30_000)

test('an image of one’s own is taken as it is', async () => {
  const { exitCode } = await deploy('--image', '123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:7')
  expect(exitCode).toBe(0)
  const { stacks, builds } = await read()
  expect(builds).toEqual({})
  expect(stacks.lambci).toMatchObject({
    parameters: { BuildImage: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:7' },
  })
}, 30_000)

test('a Dockerfile of one’s own is built, once', async () => {
  const path = join(directory, 'Own.Dockerfile')
  await writeFile(path, 'FROM public.ecr.aws/lambda/nodejs:24\n')
  await deploy('--dockerfile', path)
  const started = (await calls()).filter(call => call.startsWith('codebuild start-build'))
  expect(started).toHaveLength(1)
  expect(started[0]).toContain('name=DOCKERFILE,value=Dockerfile')
  await deploy('--dockerfile', path)
  expect((await calls()).filter(call => call.startsWith('codebuild'))).toEqual([])
}, 30_000)

describe('what goes wrong is said in words, and taken up again', () => {
  test('a resource that fails: its own reason; the next run clears it away', async () => {
    await write({ trouble: { resource: { lambci: 'Specified ReservedConcurrentExecutions is too high' } } })
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
    await write({ trouble: { build: 'Error while executing command: docker build. Reason: exit status 1' } })
    const { exitCode, stderr } = await deploy()
    expect(exitCode).toBe(1)
    expect(stderr).toContain(
      'The image could not be built: build Error while executing command: docker build.',
    )
    expect(stderr).toContain('aws logs tail /aws/codebuild/lambci-bootstrap-image --log-stream-names abc')
    expect((await read()).stacks).not.toHaveProperty('lambci')
  }, 30_000)

  test('what an interrupted run has started is gone on with', async () => {
    await write({ trouble: { build: 'x' } })
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
      await write(account)
      const { exitCode, stderr } = await deploy(...args)
      expect([exitCode, stderr]).toEqual([code, expect.stringMatching(message)])
      expect(stderr).not.toMatch(/\n\s+at /)
    },
    30_000,
  )

  test('no AWS CLI', async () => {
    await rm(join(directory, 'bin', 'aws'))
    const { exitCode, stderr } = await execa(
      process.execPath,
      [join(ROOT, 'scripts', 'deployment', 'main.ts')],
      { env: { PATH: join(directory, 'bin') }, extendEnv: false, reject: false },
    )
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('The AWS CLI is not installed')])
  })

  test('all wrong settings at once', async () => {
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
})

test('a dry run says what would be done, and only reads', async () => {
  const first = await deploy('--dry-run', '--param', 'BuildMemory=1024')
  expect(first.exitCode).toBe(0)
  expect(first.stdout).toMatch(/- create lambci-bootstrap\n/)
  expect(first.stdout).toMatch(
    /- build the image [0-9a-f]{20} by CodeBuild\n- create lambci with BuildMemory=1024\n/,
  )
  expect(await changing()).toEqual([])
  await deploy()
  await calls()
  const later = await deploy('--dry-run')
  expect(later.stdout).toMatch(/- take the image [0-9a-f]{20}, which is there\n/)
  expect(await changing()).toEqual([])
}, 30_000)

test('deleting asks first, keeps the bucket, and takes it only when told', async () => {
  await deploy()
  await calls()
  const unasked = await deploy('--delete')
  expect([unasked.exitCode, unasked.stderr]).toEqual([2, expect.stringContaining('say --yes')])
  expect(await changing()).toEqual([])

  const kept = await deploy('--delete', '--yes')
  expect([kept.exitCode, kept.stderr]).toEqual([0, ''])
  expect(kept.stdout).toContain('The bucket lambci-123456789012-eu-west-1 stays')
  const gone = await deploy('--delete', '--delete-bucket', '--yes')
  expect(gone.exitCode).toBe(0)
  expect((await changing()).at(-1)).toContain('delete-bucket --bucket lambci-123456789012-eu-west-1')
  expect((await read()).buckets).toEqual([])
}, 30_000)

test('the templates are small enough to be handed over as they are', async () => {
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
  for (const name of ['lambci', 'bootstrap'])
    expect((await stat(join(ROOT, 'cloudformation', `${name}.yaml`))).size).toBeLessThan(51_200)
})
