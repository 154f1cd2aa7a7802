import { afterEach, expect, test } from 'vitest'
import { openAccount, openDeployed } from './account.ts'
import { registry } from './registry.ts'

const NAME = 'public.ecr.aws/lambda/nodejs:24'
const first = registry.digest
const second = `sha256:${'b'.repeat(64)}`
afterEach(() => Object.assign(registry, { digest: first, status: 200 }))

const imagesOf = ({
  images,
  stacks,
}: {
  images: string[]
  stacks: Record<string, { parameters: object }>
}) => ({
  // The stand-in adds a tag each time that a build is looked at.
  images: new Set(images).size,
  ...stacks['lambci-bootstrap']?.parameters,
})

test('the base image keeps its digest until it is to be changed', async () => {
  const { read, deploy } = await openDeployed()
  expect(imagesOf(read())).toMatchObject({ images: 1, BaseImage: `${NAME}@${first}` })

  registry.digest = second
  const { requests } = registry
  expect((await deploy()).stdout).toContain('lambci-bootstrap is up to date')
  expect([imagesOf(read()), registry.requests]).toMatchObject([
    { images: 1, BaseImage: `${NAME}@${first}` },
    requests,
  ])

  const newer = await deploy('--update-base')
  expect(newer.stdout).toContain(`${NAME} is ${second}`)
  expect(imagesOf(read())).toMatchObject({ images: 2, BaseImage: `${NAME}@${second}` })
  expect((await deploy('--update-base')).stdout).toContain(`${NAME} has not changed`)
  expect(imagesOf(read())).toMatchObject({ images: 2 })
})

test('a base image of another tag, or without a digest, is resolved', async () => {
  for (const BaseImage of [`public.ecr.aws/lambda/nodejs:22@${first}`, NAME]) {
    const { read, amend, deploy } = await openDeployed()
    const { stacks } = read()
    const bootstrap = stacks['lambci-bootstrap']
    if (!bootstrap) throw new Error('There is no bootstrap stack')
    amend({
      stacks: { ...stacks, 'lambci-bootstrap': { ...bootstrap, hash: '', parameters: { BaseImage } } },
    })
    await deploy()
    expect(imagesOf(read())).toMatchObject({ BaseImage: `${NAME}@${first}` })
  }
})

test.each([
  ['that refuses', { status: 429 }, 'HTTP 429 for a token'],
  ['with another answer', { digest: 'sha256:x"; rm -rf /' }, 'its answer is not a digest'],
])('a registry %s changes nothing', async (_, trouble, reason) => {
  Object.assign(registry, trouble)
  const { changing, deploy } = await openAccount()
  const { exitCode, stderr } = await deploy()
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringContaining(`did not give the digest of ${NAME}: ${reason}. Check the network connection`),
  ])
  expect(changing()).toEqual([])
})

test('toolchains are kept until others are given, each time with an image of their own', async () => {
  const { read, deploy } = await openDeployed()
  await deploy('--param', 'Toolchains=go,php')
  expect(imagesOf(read())).toMatchObject({ images: 2, Toolchains: 'go,php' })
  await deploy('--param', 'BuildTimeout=600')
  expect(imagesOf(read())).toMatchObject({ images: 2, Toolchains: 'go,php' })
  const dry = await deploy('--param', 'Toolchains=rust', '--dry-run')
  expect(dry.stdout).toMatch(
    /- build the image [0-9a-f]{20} with CodeBuild, Toolchains=rust\n- update lambci \(UPDATE_COMPLETE\)\n/,
  )
  await deploy('--param', 'Toolchains=none')
  expect(imagesOf(read())).toMatchObject({ images: 2, Toolchains: 'none' })

  const { exitCode, stderr } = await deploy('--param', 'Toolchains=go,cobol')
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringContaining('there is no toolchain "cobol". Write none, or'),
  ])
})

test('a dry run resolves nothing, and says so', async () => {
  const { requests } = registry
  const { deploy } = await openAccount()
  expect((await deploy('--dry-run')).stdout).toContain(`- build the image on ${NAME} with CodeBuild`)
  const deployed = await openDeployed()
  const before = registry.requests
  expect((await deployed.deploy('--dry-run', '--update-base')).stdout).toMatch(
    /- use the existing image [0-9a-f]{20}, or another one if public\.ecr\.aws\/lambda\/nodejs:24 has changed/,
  )
  expect(registry.requests).toBe(before)
  expect(requests).toBeLessThanOrEqual(before)
})
