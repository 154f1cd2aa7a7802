import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAccount, openDeployed } from './account.ts'

const MINE = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:7'

test('an image of one’s own is taken as it is, and not replaced by ours without a word', async () => {
  const { read, amend, calls, changing, deploy } = await openAccount()
  const { exitCode } = await deploy('--image', MINE)
  expect(exitCode).toBe(0)
  const { stacks, builds } = await read()
  expect(builds).toEqual({})
  expect(stacks.lambci).toMatchObject({ parameters: { BuildImage: MINE } })
  await calls()

  const unsaid = await deploy('--param', 'BuildTimeout=600')
  expect([unsaid.exitCode, unsaid.stderr]).toEqual([2, expect.stringContaining(`of your own, ${MINE}`)])
  expect(await changing()).toEqual([])

  await amend({ trouble: {} })
  expect((await deploy('--dockerfile', join('image', 'Dockerfile'))).exitCode).toBe(0)
  expect((await read()).stacks.lambci).toMatchObject({
    parameters: { BuildImage: expect.stringMatching(/\/lambci-bootstrap:[0-9a-f]{20}$/) },
  })
})

test('a Dockerfile of one’s own is built, once, and not replaced by ours without a word', async () => {
  const { directory, calls, deploy } = await openDeployed()
  const path = join(directory, 'Own.Dockerfile')
  await writeFile(path, 'FROM public.ecr.aws/lambda/nodejs:24\n')
  await deploy('--dockerfile', path)
  const started = (await calls()).filter(call => call.startsWith('codebuild start-build'))
  expect(started).toHaveLength(1)
  expect(started[0]).toMatch(/name=IMAGE_TAG,value=own-[0-9a-f]{20} name=DOCKERFILE,value=Dockerfile /)

  const again = await deploy('--dockerfile', path)
  expect(again.stdout).toContain('lambci is as it should be already')
  expect((await calls()).filter(call => call.startsWith('codebuild'))).toEqual([])
  const unsaid = await deploy()
  expect([unsaid.exitCode, unsaid.stderr]).toEqual([2, expect.stringContaining('Give it again')])
})

test('an image that cannot be built: the phase, its message, and where the log is', async () => {
  const { read, deploy } = await openAccount({
    trouble: { build: 'Error while executing command: docker build. Reason: exit status 1' },
  })
  const { exitCode, stderr } = await deploy()
  expect(exitCode).toBe(1)
  expect(stderr).toContain(
    'The image could not be built, in the phase build: Error while executing command: docker build.',
  )
  expect(stderr).toContain(
    'aws logs tail /aws/codebuild/lambci-bootstrap-image --log-stream-names abc --since 2h --region eu-west-1\n',
  )
  expect(stderr).toContain('or https://console.aws.amazon.com/')
  expect((await read()).stacks).not.toHaveProperty('lambci')
})
