import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { BASE } from '../../scripts/deployment/base-image.ts'
import { readImageSource } from '../../scripts/deployment/image-source.ts'
import { installPackage } from '../support/package.ts'
import { openAccount, readBundle } from '../system/deployment/account.ts'
import { registry } from '../system/deployment/registry.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const MOST_BYTES = 2_500_000

let directory: string
let installation: Awaited<ReturnType<typeof installPackage>>
let files: string[]

/** The files of the installed package, each with its size and the time of its last change. */
async function filesOf(path: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const { size, mtimeMs } = await stat(file)
    found.push(`${file.slice(path.length + 1)} ${size} ${mtimeMs}`)
  }
  return found.toSorted()
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-package-'))
  installation = await installPackage(directory)
  files = await filesOf(installation.at)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

test('npm pack makes a small package, which npm installs globally without network, dependencies or warnings', async () => {
  const { tarball, installed } = installation
  expect(installed.stderr).toBe('')
  expect(installed.stdout).toMatch(/^\s*added 1 package in/)
  expect((await stat(tarball)).size).toBeLessThan(MOST_BYTES)
  const top = new Set(files.map(file => file.split(/[/ ]/)[0]))
  expect([...top].toSorted()).toEqual([
    ...['LICENSE', 'README.md', 'bin', 'cloudformation', 'dist', 'docs', 'image'],
    ...['lambci.schema.json', 'loopback', 'package.json'],
  ])
  const names = files.map(file => file.split(' ')[0] ?? '')
  expect(names.filter(name => /\.ts$|(^|\/)test\/|\.tgz$/.test(name))).toEqual([])
  expect(names.filter(name => name.startsWith('loopback/'))).toContain('loopback/example/.lambci.json')
})

test('the package contains the licences of all that is bundled', async () => {
  const text = await readFile(join(installation.at, 'dist', 'LICENSES.txt'), 'utf8')
  const titles = text.split('\n').filter(line => / \([^()]+\)$/.test(line))
  for (const name of [
    'zod',
    'commander',
    'sax',
    '@aws-sdk/client-s3',
    '@octokit/rest',
    '@slack/web-api',
    'fflate',
  ])
    expect(titles).toContainEqual(expect.stringMatching(new RegExp(`^${name} \\d[^ ]* \\(.+\\)$`)))
  // They develop it, and are in nothing that runs.
  expect(titles.filter(title => /^(rolldown|typescript|vitest|ajv) /.test(title))).toEqual([])
})

test('every part of the installed command line can be loaded', async () => {
  const names = files.flatMap(file => /^dist\/cli\/\S+/.exec(file)?.[0] ?? [])
  expect(names.length).toBeGreaterThan(40)
  const script = 'for (const name of process.argv.slice(1)) await import(name)'
  const paths = names.map(name => join(installation.at, name))
  const { exitCode, stderr } = await execa(
    process.execPath,
    ['--input-type=module', '-e', script, ...paths],
    {
      reject: false,
    },
  )
  expect([exitCode, stderr]).toEqual([0, ''])
})

test('the installed command plans a working copy, and builds an example on the local system', async () => {
  const { lambci, home } = installation
  expect(await lambci(['--version'])).toEqual({ exitCode: 0, stdout: manifest.version, stderr: '' })

  const { stdout: schema } = await lambci(['schema'])
  expect(`${schema}\n`).toBe(await readFile(join(installation.at, 'lambci.schema.json'), 'utf8'))

  const repository = join(home, 'project')
  await execa('git', ['init', '--quiet', '--initial-branch=main', repository])
  await writeFile(join(repository, '.lambci.json'), '{"cmd": "make check", "branches": {"main": true}}')
  const planned = await lambci(['plan', '--branch', 'main'], { cwd: repository })
  expect([planned.exitCode, planned.stderr]).toEqual([0, ''])
  expect(planned.stdout).toMatch(/^Build +Branch "main" is built.*\nCommand +make check$/m)

  const data = join(home, 'data')
  const local = await lambci(['local', '--once', '--port', '0', '--data', data])
  expect([local.exitCode, local.stderr]).toEqual([0, ''])
  expect(local.stdout).toMatch(/^#1 of example\/hello, push\/master: Passed in [\d.]+ s, deployed to dev$/m)
  // Later processes begin with the code of these.
  expect(await readdir(join(data, 'code'))).toContain('http-index.js')
  // A package of root is not written to by those who use it.
  expect(await filesOf(installation.at)).toEqual(files)
})

test('lambci up brings the stack of a checkout into the account, and lambci down removes it', async () => {
  const { read, calls, changing, runProgram } = await openAccount()
  const program = join(directory, 'prefix', 'bin', 'lambci')
  // The default Dockerfile has this name everywhere: the directory has no such file.
  const options = ['--param', 'BuildMemory=1024', '--dockerfile', 'image/Dockerfile']
  const dry = await runProgram(program, 'up', '--dry-run', ...options)
  expect([dry.exitCode, dry.stderr, changing()]).toEqual([0, '', []])
  expect(dry.stdout).toMatch(
    /- build the image on public\.ecr\.aws\/lambda\/nodejs:24 with CodeBuild\n- create lambci with BuildMemory=1024\n/,
  )

  const { exitCode, stdout, stderr } = await runProgram(program, 'up')
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain('Next, connect the stack to GitHub: lambci setup --stack lambci')
  const fromSources = await readImageSource(ROOT, {
    bundle: await readBundle('run'),
    architecture: 'x86_64',
    base: `${BASE}@${registry.digest}`,
    toolchains: 'none',
  })
  expect(read()).toMatchObject({
    stacks: { lambci: { status: 'CREATE_COMPLETE' }, 'lambci-bootstrap': { status: 'CREATE_COMPLETE' } },
    images: [fromSources.tag],
  })
  calls()

  const refused = await runProgram(program, 'down')
  expect(refused).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(
      /^lambci: The name does not match the stack, lambci\. Nothing was deleted\./,
    ),
  })
  expect(changing()).toEqual([])
  const removed = await runProgram(program, 'down', '--yes', '--delete-bucket')
  expect([removed.exitCode, removed.stderr]).toEqual([0, ''])
  expect(read()).toMatchObject({ stacks: {}, buckets: [] })
})

test('what fails in AWS ends lambci up with exit code 1', async () => {
  const { runProgram } = await openAccount({ trouble: { denied: 'DescribeStacks' } })
  const { exitCode, stderr } = await runProgram(join(directory, 'prefix', 'bin', 'lambci'), 'up')
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(/^lambci: Permission denied \(aws cloudformation describe-stacks\): User: ada/),
  ])
})
