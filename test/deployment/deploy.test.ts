import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAccount, ROOT } from './account.ts'

test('a first deploy makes both stacks, the bundles and the image, and says where the webhook is', async () => {
  const { read, calls, deploy } = await openAccount()
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
  const { read, calls, changing, deploy } = await openAccount()
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
  const { read, deploy } = await openAccount()
  const { exitCode } = await deploy('--image', '123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:7')
  expect(exitCode).toBe(0)
  const { stacks, builds } = await read()
  expect(builds).toEqual({})
  expect(stacks.lambci).toMatchObject({
    parameters: { BuildImage: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:7' },
  })
}, 30_000)

test('a Dockerfile of one’s own is built, once', async () => {
  const { directory, calls, deploy } = await openAccount()
  const path = join(directory, 'Own.Dockerfile')
  await writeFile(path, 'FROM public.ecr.aws/lambda/nodejs:24\n')
  await deploy('--dockerfile', path)
  const started = (await calls()).filter(call => call.startsWith('codebuild start-build'))
  expect(started).toHaveLength(1)
  expect(started[0]).toContain('name=DOCKERFILE,value=Dockerfile')
  await deploy('--dockerfile', path)
  expect((await calls()).filter(call => call.startsWith('codebuild'))).toEqual([])
}, 30_000)

test('a dry run says what would be done, and only reads', async () => {
  const { calls, changing, deploy } = await openAccount()
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
  const { read, calls, changing, deploy } = await openAccount()
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
