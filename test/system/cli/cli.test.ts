import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type System, startSystem } from '../../../loopback/system/system.ts'
import { runLocal } from '../../../src/cli/commands/local.ts'
import { jobKeys } from '../../../src/records/keys.ts'
import { LAMBCI, lambci, runInProcess, spawnLambci } from '../../support/lambci.ts'
import { BUNDLED_FUNCTIONS, openTestSystem } from '../../support/test-system.ts'

const EXAMPLE = join(import.meta.dirname, '..', '..', '..', 'loopback', 'example')

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-cli-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

test('local --once shows the example build, and the next start continues with build #2', async () => {
  const data = join(directory, 'data')
  const local = (json: boolean, functions: object) =>
    runInProcess(io =>
      runLocal({ port: 0, data, once: true, json }, io, { ...functions, hostConcurrency: 1 }),
    )
  // From bundles, which start five times as fast.
  const first = await local(false, BUNDLED_FUNCTIONS)
  expect(first).toMatchObject({ exitCode: 0, stderr: '' })
  expect(first.stdout).toMatch(/^▸ Build #1 of example\/hello/m)
  expect(first.stdout).toMatch(/^Would deploy example\/hello at [0-9a-f]{10} to the stage dev$/m)
  expect(first.stdout).toMatch(/^#1 of example\/hello, push\/master: Passed in [\d.]+ s, deployed to dev$/m)
  expect(first.stdout).toMatch(/success +lambci\/push: Passed/)
  expect(first.stdout).toContain('"passed: example/hello #1 (master)"')
  // The system has ended, so there is nothing to try next.
  expect(first.stdout).not.toMatch(/git remote add|Ctrl-C/)

  // From sources, as in a checkout.
  const second = await local(true, {})
  expect(second).toMatchObject({ exitCode: 0, stderr: '' })
  const [addresses, view, ...rest] = second.stdout.split('\n').map(line => JSON.parse(line))
  // It does not outlive its system.
  await expect(readFile(join(data, 'local.json'))).rejects.toThrow('ENOENT')
  expect(Object.keys(addresses)).toEqual(
    expect.arrayContaining([
      'url',
      's3',
      'sns',
      'github',
      'githubApi',
      'bucket',
      'jobsTopic',
      'webhookSecret',
      'githubToken',
    ]),
  )
  expect(view).toMatchObject({ project: 'gh/example/hello', number: 2, status: 'passed' })
  expect(rest).toEqual([])
})

/** The log of the example's first build. */
const LOG = jobKeys({ project: 'gh/example/hello', number: 1 }).log.whole

describe('a long log', () => {
  let system: System
  beforeAll(async () => {
    // Its data are those of the example.
    system = (await openTestSystem({ root: directory })).system
  })
  afterAll(() => system.close())

  /** Runs `lambci logs` with the build, and a job of it, in a pipe of bash. */
  const pipe = (build: string, rest: string) => {
    const logs = `"${process.execPath}" "${LAMBCI}" logs ${build} --data "${join(directory, 'data')}"`
    return execa('bash', ['-c', `${logs} | ${rest}`])
  }

  test('passes through a slow pipe completely', async () => {
    await system.store.put(LOG, 'x'.repeat(6_000_000), 'text/plain')
    const { stdout } = await pipe('example/hello#1 build', '(sleep 1; wc -c)')
    expect(Number(stdout)).toBe(6_000_000)
  })

  test('may be left early by the reader of its pipe', async () => {
    await system.store.put(LOG, 'x\n'.repeat(3_000_000), 'text/plain')
    const { stdout, stderr } = await pipe('example/hello#1', `head -1; echo "\${PIPESTATUS[0]}"`)
    expect([stdout, stderr]).toEqual(['x\n0', ''])
  })
})

test('local --once that is interrupted stops, with the exit code of an interruption', async () => {
  const command = spawn(process.execPath, [
    ...[LAMBCI, 'local', '--once', '--json', '--port', '0'],
    ...['--data', join(directory, 'interrupted')],
  ])
  // The example build has begun by then.
  const [addresses] = await once(command.stdout, 'data')
  expect(JSON.parse(String(addresses).split('\n')[0] ?? '')).toMatchObject({ bucket: expect.any(String) })
  command.kill('SIGINT')
  expect(await once(command, 'exit')).toEqual([130, null])
})

test('an interruption while a process of git runs is handled, and a second one ends the command line', async () => {
  const script = `
    import { once } from 'node:events'
    import { execa } from 'execa'
    import { onInterruption } from './src/cli/interruption.ts'
    using interruption = onInterruption('SIGINT')
    const child = execa('sleep', ['1000'], { reject: false })
    while (!child.pid) await new Promise(setImmediate)
    const aborted = once(interruption.signal, 'abort')
    process.kill(process.pid, 'SIGINT')
    await aborted
    await new Promise(resolve => setTimeout(resolve, 10))
    console.log('handled')
    process.kill(process.pid, 'SIGINT')
    await child
    await new Promise(() => setInterval(() => {}, 1000))
  `
  const cwd = join(import.meta.dirname, '..', '..', '..')
  const options = { cwd, reject: false } as const
  const run = await execa(process.execPath, ['--input-type=module-typescript', '-e', script], options)
  expect([run.stdout, run.signal]).toEqual(['handled', 'SIGINT'])
})

test('with an older Node the command line runs on the installed one, or reports which it needs', async () => {
  const older = 'Object.defineProperty(process.versions, "node", { value: "20.19.0" })'
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(older)}`]
  const copied = join(directory, 'copied', 'bin', 'lambci.mjs')
  await mkdir(dirname(copied), { recursive: true })
  await copyFile(LAMBCI, copied)
  const run = () => execa(process.execPath, [...flags, copied, 'plan'], { reject: false })
  const needs = (text: string) => ({
    exitCode: 2,
    stderr: `lambci needs Node ${text}`,
  })
  // Without sources it is the package.
  expect(await run()).toMatchObject(
    needs('22.13.0 or newer, but this is 20.19.0. Install Node 22.13 or newer.'),
  )
  await mkdir(join(directory, 'copied', 'src', 'cli'), { recursive: true })
  await writeFile(join(directory, 'copied', 'src', 'cli', 'cli.ts'), '')
  expect(await run()).toMatchObject(
    needs(
      '24.0.0 or newer, but this is 20.19.0. Install Node 24, or on Linux run "npm ci" here, which installs it.',
    ),
  )
  const pinned = await spawnLambci(['plan', '/no/such/directory'], { flags })
  expect([pinned.exitCode, pinned.stderr]).toEqual([
    2,
    expect.stringMatching(/^lambci: \/no\/such\/directory is not a directory/),
  ])
})

test('a port in use is reported in one sentence, and nothing stays open', async () => {
  const server = createServer()
  // Below the ports that other tests get, which would take the next ones.
  const port = 20_000 + Math.floor(Math.random() * 10_000)
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  // The second port in the row is that of S3.
  const data = join(directory, 'busy')
  const run = await lambci(['local', '--once', '--port', String(port - 1), '--data', data])
  expect(run.exitCode).toBe(2)
  expect(run.stderr).toBe(
    `lambci: Port ${port} on 127.0.0.1 is in use by another program. Choose another port, or 0 for any free one.`,
  )
  // The last of the servers has the first port.
  const last = await lambci(['local', '--once', '--port', String(port), '--data', data])
  expect(last.stderr).toContain(`Port ${port} on 127.0.0.1 is in use`)
  server.close()
  // The data directory would still be in use, even by another system in this process.
  const system = await startSystem({ directory: data, port: 0 })
  await system.close()
})

test('an unwritable directory and a missing git are reported in one sentence', async () => {
  await writeFile(join(directory, 'file'), '')
  const unwritable = await lambci(['local', '--once', '--data', join(directory, 'file', 'data')])
  expect(unwritable).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^lambci: Cannot write to the directory .* Choose another with --data/),
  })

  const bin = join(directory, 'bin')
  await mkdir(bin)
  await symlink('/bin/bash', join(bin, 'bash'))
  const env = { PATH: bin }
  const gitless = await lambci(['local', '--once', '--data', join(directory, 'gitless')], { env })
  expect(gitless).toMatchObject({
    exitCode: 2,
    stderr: 'lambci: git is not installed or not on PATH. Install git and try again.',
  })
})

test.each<[string, string[], RegExp]>([
  ['an unknown command', ['nosuch'], /unknown command 'nosuch'/],
  ['an invalid port', ['local', '--port', 'x'], /must be a whole number from 0 to/],
  [
    'a missing directory',
    ['plan', '/no/such/directory'],
    /^lambci: \/no\/such\/directory is not a directory/,
  ],
  [
    'neither a local system nor a bucket',
    ['logs', 'you/project'],
    /^lambci: No stack or bucket is given, and no local system runs here\. /,
  ],
  [
    'a local system that does not run',
    ['logs', 'you/project', '--data', '/no/such/directory'],
    /^lambci: No local system runs in \/no\/such\/directory\. Start it with "lambci local --data \/no\/such\/directory", or/,
  ],
])('%s is reported in one sentence, with exit code 2', async (_, args, expected) => {
  const run = await lambci(args)
  expect(run.exitCode).toBe(2)
  expect(run.stderr).toMatch(expected)
  expect(run.stderr).not.toMatch(/^ +at /m)
})

test('every command has --help', async () => {
  for (const command of [[], ['local'], ['run'], ['plan'], ['logs'], ['builds'], ['hook', 'add']]) {
    const run = await lambci([...command, '--help'])
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toMatch(/^Usage: lambci/)
  }
})

/** Of somebody who has no stack: neither a local one nor anything of AWS's. */
const NOWHERE = {
  ...{ LAMBCI_BUCKET: undefined, LAMBCI_STACK: undefined, AWS_REGION: undefined },
  ...{ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
}
const plan = (...args: string[]) => lambci(['plan', ...args], { env: NOWHERE })

test('plan shows what a push would do, and why', async () => {
  const staged = await plan(EXAMPLE, '--branch', 'qa')
  expect(staged.stdout).toContain('Branch "qa" is deployed to stage qa (stages.qa).')
  const pull = await plan(EXAMPLE, '--pr', '3', '--fork')
  expect(pull.stdout).toContain('Pull requests never deploy.')
  const skipped = await plan(EXAMPLE, '--branch', 'topic', '--json')
  expect(JSON.parse(skipped.stdout)).toMatchObject({
    build: false,
    reason: expect.stringContaining('no rule in "branches"'),
  })
  const unknown = `The account's settings are not known here. No stack or bucket is given, and no local system runs here. No AWS region is set. Set AWS_REGION.`
  expect(staged.stdout).toContain(`\nNote       ${unknown}`)
  expect(skipped.stderr).toBe(`Note: ${unknown}`)
})

test('plan goes without a stack that cannot be reached, unless an option names it', async () => {
  const data = join(directory, 'stopped')
  await mkdir(data)
  const [s3, url] = ['http://127.0.0.1:9', 'http://127.0.0.1:9/hooks']
  const access = { region: 'us-east-1', accessKeyId: 'AKIA', secretAccessKey: 'none' }
  const local = { s3, bucket: 'lambci', ...access, url, githubApi: url, notificationsTopic: 'none' }
  await writeFile(join(data, 'local.json'), JSON.stringify(local))
  const stopped = await lambci(['plan', EXAMPLE, '--branch', 'qa', '--data', data], { env: NOWHERE })
  expect(stopped).toMatchObject({ exitCode: 0, stderr: '' })
  expect(stopped.stdout).toMatch(
    /^Note +The account's settings are not known here\. No local system runs in .*\/stopped\. Start it with "lambci local --data /m,
  )
  const named = await lambci(['plan', EXAMPLE, '--branch', 'qa', '--stack', 'other'], { env: NOWHERE })
  expect(named).toMatchObject({ exitCode: 2, stderr: 'lambci: No AWS region is set. Set AWS_REGION.' })
})

test('run builds a working copy in place and deploys nothing', async () => {
  const copy = join(directory, 'copy')
  await mkdir(copy)
  const config = (cmd: string) =>
    writeFile(join(copy, '.lambci.json'), JSON.stringify({ cmd, deploy: 'touch deployed' }))
  await config('./here.sh && [ "$CI" = true ]')
  await writeFile(join(copy, 'here.sh'), 'pwd')
  await chmod(join(copy, 'here.sh'), 0o755)
  const green = await lambci(['run', copy])
  expect(green.exitCode).toBe(0)
  expect(green.stdout).toContain(`${copy}\n`)
  await config('exit 4')
  const red = await spawnLambci(['run', '.'], { cwd: copy })
  expect(red).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/▸ exit 4 ended with exit code 4$/),
  })
  await config('')
  expect(await lambci(['run', copy])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('cmd must not be empty'),
  })
})

test('run has each command of a list before its output, and names the one that failed', async () => {
  const copy = await mkdtemp(join(directory, 'list-'))
  const jobs = { unit: ['printf one', 'echo two; exit 4', 'echo three'] }
  await writeFile(join(copy, '.lambci.json'), JSON.stringify({ setup: ['A=1', 'echo $A'], jobs }))
  const { exitCode, stdout } = await lambci(['run', copy])
  expect(exitCode).toBe(1)
  expect(stdout.slice(stdout.indexOf('▸ $')).trimEnd().split('\n')).toEqual([
    ...['▸ $ A=1', '▸ $ echo $A', '1', '▸ $ printf one', 'one', '▸ $ echo two; exit 4', 'two'],
    '▸ echo two; exit 4 ended with exit code 4',
  ])
})

test('plan shows each job, and run runs the cells and shards of one', async () => {
  const copy = await mkdtemp(join(directory, 'jobs-'))
  const jobs = {
    lint: 'exit 3',
    unit: {
      cmd: 'echo "$A $LAMBCI_JOB $V $LAMBCI_SHARD/$LAMBCI_SHARDS"',
      matrix: { V: [1, 2] },
      shards: 2,
      needs: ['lint'],
    },
    e2e: { cmd: 'false | true', on: 'pullRequest' },
  }
  await writeFile(join(copy, '.lambci.json'), JSON.stringify({ setup: 'A=setup', jobs }))
  const planned = await plan(copy, '--branch', 'main')
  expect(planned.stdout).toContain('\nJob        unit (4 jobs): It takes part in every build.\n')
  expect(planned.stdout).toContain('\nLeft out   e2e: jobs.e2e.on is for pull requests only.\n')
  const all = await lambci(['run', copy, '--job', 'unit'])
  expect(all.exitCode).toBe(0)
  expect(all.stdout).toContain('unit needs lint: what that leaves must be in the working copy already.')
  expect(all.stdout.match(/^setup .*$/gm)).toEqual(
    ['1 1/2', '1 2/2', '2 1/2', '2 2/2'].map(each => `setup unit ${each}`),
  )
  const one = await lambci(['run', copy, '--job', 'unit (V=2, 1/2)'])
  expect(one.stdout.match(/^setup .*$/gm)).toEqual(['setup unit 2 1/2'])
  const strict = await lambci(['run', copy, '--job', 'e2e'])
  expect(strict).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('A push would leave e2e out.'),
  })
  for (const [args, expected] of [
    [[], 'This working copy has several jobs: lint, unit, e2e. Name one with --job.'],
    [['--job', 'x'], 'There is no job "x" here. Name one of these: lint, unit, e2e.'],
    [['--job', 'unit (V=3)'], 'Name one of these: unit (V=1, 1/2), unit (V=1, 2/2), unit (V=2, 1/2)'],
  ] as const)
    expect(await lambci(['run', copy, ...args])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(expected),
    })
})

test.each<[string, string, string]>([
  ['.lambci.yml', 'cmd: make', '.lambci.yml is not read: the configuration is JSON.'],
  ['README.md', '', 'There is neither a .lambci.json nor a package.json'],
])('plan and run refuse a working copy with only %s', async (name, content, expected) => {
  const copy = await mkdtemp(join(directory, 'without-'))
  await writeFile(join(copy, name), content)
  for (const each of [() => lambci(['run', copy]), () => plan(copy, '--branch', 'main')])
    expect(await each()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(expected) })
})

test('init writes a configuration that plan reads, and overwrites nothing', async () => {
  const at = join(directory, 'fresh')
  await mkdir(at)
  await execa('git', ['init', '--quiet', '--initial-branch=trunk', at])
  const empty = await lambci(['init', at])
  expect([empty.exitCode, empty.stderr]).toEqual([
    2,
    expect.stringMatching(/shows how it is tested: .* lambci init --cmd/),
  ])
  await writeFile(join(at, 'package.json'), JSON.stringify({ scripts: { test: 'node --test' } }))
  await writeFile(join(at, 'package-lock.json'), '{}')
  const first = await lambci(['init'], { cwd: at })
  expect([first.exitCode, first.stderr]).toEqual([0, ''])
  expect(first.stdout).toMatch(
    /^Wrote \.lambci\.json for npm, and lambci\.schema\.json for editors\.\n {2}Command {2}npm ci && npm run test\n/,
  )
  const written = await readFile(join(at, '.lambci.json'), 'utf8')
  expect(JSON.parse(written)).toEqual({
    $schema: './lambci.schema.json',
    cmd: 'npm ci && npm run test',
    cache: [{ paths: ['~/.npm'], key: ['package-lock.json'] }],
    branches: { trunk: true },
  })
  expect(await readFile(join(at, 'lambci.schema.json'), 'utf8')).toBe(
    await readFile(join(import.meta.dirname, '..', '..', '..', 'lambci.schema.json'), 'utf8'),
  )
  expect((await plan(at)).stdout).toMatch(
    /^Build +Branch "trunk" is built[\s\S]*^Command +npm ci && npm run test$/m,
  )

  const second = await lambci(['init', '--cmd', 'make', at])
  expect([second.exitCode, second.stderr]).toEqual([
    2,
    expect.stringContaining('already, and it was not changed.'),
  ])
  expect(await readFile(join(at, '.lambci.json'), 'utf8')).toBe(written)
  const bare = join(directory, 'bare')
  await mkdir(bare)
  expect((await lambci(['init', '--no-schema', '--cmd', './t.sh', bare])).exitCode).toBe(0)
  expect(await readdir(bare)).toEqual(['.lambci.json'])
  expect(JSON.parse(await readFile(join(bare, '.lambci.json'), 'utf8'))).toEqual({ cmd: './t.sh' })
})
