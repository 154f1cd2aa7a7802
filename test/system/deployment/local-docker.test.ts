import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { BASE } from '../../../scripts/deployment/base-image.ts'
import { readImageSource } from '../../../scripts/deployment/image-source.ts'
import { openAccount, SMALL_BUNDLES } from './account.ts'
import { registry } from './registry.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')

afterEach(() => vi.unstubAllEnvs())

/** A Docker that writes down what it is told, and fails at the command `failing`. */
async function openDocker(directory: string, failing = '') {
  const bin = join(directory, 'docker-bin')
  const log = join(directory, 'docker.log')
  await mkdir(bin)
  const script = `#!/bin/sh
echo "$@" >> '${log}'
case $1 in
  '${failing}') echo 'no space left on device' >&2; exit 1 ;;
  login) echo "password $(cat)" >> '${log}' ;;
  build) echo "attestations off: $BUILDX_NO_DEFAULT_ATTESTATIONS" >> '${log}'; ls dist/run image/Dockerfile > '${log}.context' ;;
esac
`
  await writeFile(join(bin, 'docker'), script, { mode: 0o755 })
  vi.stubEnv('PATH', `${bin}:${process.env.PATH}`)
  return {
    calls: async () => (await readFile(log, 'utf8')).trimEnd().split('\n'),
    context: () => readFile(`${log}.context`, 'utf8'),
  }
}

test('with --docker, the image is built and pushed from this machine, also where CodeBuild may run nothing', async () => {
  const account = await openAccount({ trouble: { codeBuildQuota: 0 } })
  const docker = await openDocker(account.directory)
  const dry = await account.deploy('--docker', '--dry-run', '--param', 'Toolchains=go')
  expect(dry.stdout).toContain('- build the image on public.ecr.aws/lambda/nodejs:24 with Docker')
  const { exitCode, stdout, stderr } = await account.deploy('--docker', '--param', 'Toolchains=go')
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain('building with Docker on this machine')
  const base = `${BASE}@${registry.digest}`
  const settings = { architecture: 'x86_64', base, toolchains: 'go' }
  const { tag } = await readImageSource(ROOT, { ...settings, bundle: SMALL_BUNDLES.run })
  const host = '123456789012.dkr.ecr.eu-west-1.amazonaws.com'
  const uri = `${host}/lambci-bootstrap:${tag}`
  expect(await docker.calls()).toEqual([
    'version',
    `build --build-arg BASE=${base} --build-arg TOOLCHAINS=go --platform linux/amd64 -f image/Dockerfile -t ${uri} .`,
    'attestations off: 1',
    `login --username AWS --password-stdin ${host}`,
    'password a-password',
    `push ${uri}`,
    `logout ${host}`,
  ])
  expect(await docker.context()).toMatch(/image\/Dockerfile.*index\.js/s)
  expect(account.read().stacks.lambci?.parameters).toMatchObject({ BuildImage: uri })
})

test('what Docker refuses ends the deploy, and nobody stays logged in', async () => {
  const account = await openAccount()
  const docker = await openDocker(account.directory, 'push')
  const { exitCode, stderr } = await account.deploy('--docker')
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(/"docker push" failed\. Fix the error and deploy again\.\nno space left on device/),
  ])
  expect((await docker.calls()).at(-1)).toMatch(/^logout /)
  expect(account.read().stacks.lambci).toBeUndefined()
})

test('without Docker nothing is changed', async () => {
  const account = await openAccount()
  await openDocker(account.directory, 'version')
  const { exitCode, stderr } = await account.deploy('--docker')
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringContaining('Docker is not installed on this machine, or does not run.'),
  ])
  expect(account.changing()).toEqual([])
  const both = await account.deploy('--docker', '--image', 'mine:1')
  expect(both.stderr).toContain('--docker is of no use with --image.')
})
