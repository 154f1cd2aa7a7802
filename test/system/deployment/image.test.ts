import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BASE } from '../../../scripts/deployment/base-image.ts'
import { readImageSource } from '../../../scripts/deployment/image-source.ts'
import { openAccount, openDeployed, ROOT } from './account.ts'

const CUSTOM_IMAGE = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:7'

test('a custom image is used as it is, and never replaced silently by the default one', async () => {
  const { read, amend, calls, changing, deploy } = await openAccount()
  const { exitCode } = await deploy('--image', CUSTOM_IMAGE)
  expect(exitCode).toBe(0)
  const { stacks, builds } = read()
  expect(builds).toEqual({})
  expect(stacks.lambci).toMatchObject({ parameters: { BuildImage: CUSTOM_IMAGE } })
  calls()

  const implicit = await deploy('--param', 'BuildTimeout=600')
  expect([implicit.exitCode, implicit.stderr]).toEqual([
    2,
    expect.stringContaining(`uses a custom image, ${CUSTOM_IMAGE}`),
  ])
  expect(changing()).toEqual([])

  amend({ trouble: {} })
  expect((await deploy('--dockerfile', join('image', 'Dockerfile'))).exitCode).toBe(0)
  expect(read().stacks.lambci).toMatchObject({
    parameters: { BuildImage: expect.stringMatching(/\/lambci-bootstrap:[0-9a-f]{20}$/) },
  })
})

test('a custom Dockerfile is built once, and never replaced silently by the default one', async () => {
  const { directory, calls, deploy } = await openDeployed()
  const path = join(directory, 'Own.Dockerfile')
  await writeFile(path, 'FROM public.ecr.aws/lambda/nodejs:24\n')
  await deploy('--dockerfile', path)
  const started = calls().filter(call => call.startsWith('codebuild start-build'))
  expect(started).toHaveLength(1)
  expect(started[0]).toMatch(/name=IMAGE_TAG,value=own-[0-9a-f]{20} name=DOCKERFILE,value=Dockerfile /)

  const again = await deploy('--dockerfile', path)
  expect(again.stdout).toContain('lambci is up to date')
  expect(calls().filter(call => call.startsWith('codebuild'))).toEqual([])
  const implicit = await deploy()
  expect([implicit.exitCode, implicit.stderr]).toEqual([2, expect.stringContaining('Give it again')])
})

test('a failed image build reports the phase, its message and the log', async () => {
  const { read, deploy } = await openAccount({
    trouble: { build: 'Error while executing command: docker build. Reason: exit status 1' },
  })
  const { exitCode, stderr } = await deploy()
  expect(exitCode).toBe(1)
  expect(stderr).toContain(
    'Building the image failed in the phase build: Error while executing command: docker build.',
  )
  expect(stderr).toContain(
    'aws logs tail /aws/codebuild/lambci-bootstrap-image --log-stream-names abc --since 2h --region eu-west-1\n',
  )
  expect(stderr).toContain('or https://console.aws.amazon.com/')
  expect(read().stacks).not.toHaveProperty('lambci')
})

test('the default Dockerfile copies only what its build context contains, and the context has the bundle', async () => {
  const source = await readImageSource(ROOT, {
    bundle: { 'index.js': Buffer.from('exports.handler = 1') },
    architecture: 'x86_64',
    base: BASE,
    toolchains: 'none',
  })
  expect(source.dockerfile).toBe('image/Dockerfile')
  const text = Buffer.from(source.files[source.dockerfile] ?? '').toString()
  expect(text).toContain(`ARG BASE=${BASE}\nFROM \${BASE}\n`)
  const copied = [...text.matchAll(/^COPY (\S+)/gm)].map(([, path = '']) => path)
  expect(copied).toContain('dist/run/')
  for (const path of copied)
    expect(Object.keys(source.files), path).toContainEqual(expect.stringMatching(new RegExp(`^${path}`)))
  const used = [...text.matchAll(/\/opt\/lambci-image\/([\w.-]+)/g)].map(([, name]) => `image/${name}`)
  const scripts = used.filter(name => name !== 'image/toolchain.sh')
  const names = ['install-toolchains.sh', 'nave', 'smoke-test.sh', 'add-lambda-users.sh', 'patch-dev-fd.sh']
  expect(scripts).toEqual(names.map(name => `image/${name}`))
  expect(Object.keys(source.files)).toEqual(expect.arrayContaining(scripts))
  expect(source.files['dist/run/index.js']?.toString()).toBe('exports.handler = 1')
})
