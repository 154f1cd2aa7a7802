import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rememberDataDirectory } from '../../../src/cli/commands/local-system.ts'
import { processIo } from '../../../src/cli/io.ts'
import { lambci } from '../../support/lambci.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
let data: string
/** A working copy whose remote `local` is `you/here` on the local GitHub, with one red build of two jobs. */
let cwd: string
beforeAll(async () => {
  ci = await sharedTestSystem()
  data = join(ci.directory, 'data')
  const jobs = { unit: 'echo tested; exit 3', lint: 'echo linted' }
  cwd = await ci.write({ '.lambci.json': JSON.stringify({ jobs }) })
  await ci.git(cwd, 'remote', 'add', 'origin', 'git@github.com:ada/elsewhere.git')
  await ci.git(cwd, 'remote', 'add', 'local', `${ci.system.addresses.github}/you/here.git`)
  await ci.push(cwd, 'you/here', 'master')
  await ci.ended({ project: 'gh/you/here', number: 1 })
})
afterAll(() => ci.close())

const here = (...args: string[]) => lambci([...args, '--data', data], { cwd })

test('in a working copy, its repository and its builds need no name', async () => {
  const builds = await here('builds', '--json')
  expect([builds.stderr, JSON.parse(builds.stdout)]).toMatchObject([
    '',
    [{ repository: 'you/here', number: 1 }],
  ])
  for (const words of [['unit'], ['1', 'unit'], ['#1', 'unit'], ['.', 'unit'], ['you/here', 'unit']]) {
    const { exitCode, stdout } = await here('logs', ...words)
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('tested\n')])
    expect(stdout).not.toContain('\nlinted')
  }
  expect((await here('logs')).stdout).toContain('Build #1 of you/here has 2 jobs')
  expect((await here('stages')).stdout).toBe('Nothing has been deployed to a stage of you/here yet.')
  for (const [words, message] of [
    [['rollback', 'qa'], 'Nothing has been deployed to qa yet.'],
    [['hold', 'qa', 'extra', 'more'], 'Too many arguments. Write: [owner/repo] stage.'],
    [['stages', 'adopt', 'qa'], 'Name the branches, too: stages adopt [owner/repo] stage branch…'],
    [['approve', '#1'], 'Build #1 of you/here does not wait for approval'],
    [['approve', '.'], '"." does not say which build. Write 12 or owner/repo#12'],
    [['logs', '7'], 'There is no build #7 of you/here.'],
    // The shell takes #1 for a comment: the newest build must not be cancelled instead.
    [['cancel'], "missing required argument 'build'"],
    [['rebuild'], "missing required argument 'build'"],
  ] as const) {
    const { exitCode, stderr } = await here(...words)
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)])
  }
  const adopted = await here('stages', 'adopt', 'qa', 'feature/x', 'master')
  expect(adopted.stdout).toMatch(/^Stage qa of you\/here belongs to feature\/x, master now\./)
})

test('elsewhere the repository must be named', async () => {
  const bare = await mkdtemp(join(tmpdir(), 'lambci-bare-'))
  const outside = await lambci(['builds', '--data', data], { cwd: bare })
  expect([outside.exitCode, outside.stderr]).toEqual([
    2,
    'lambci: This directory is no working copy of git. Name the repository: owner/repo.',
  ])
  await rm(bare, { recursive: true })
  const remoteless = await ci.write(lambciJson('true'))
  const { exitCode, stderr } = await lambci(['builds', '--data', data], { cwd: remoteless })
  const { host } = new URL(ci.system.addresses.github)
  expect([exitCode, stderr]).toEqual([
    2,
    `lambci: No remote of this working copy is a repository on ${host}. Name the repository: owner/repo.`,
  ])
})

test('the local system that was started last is found from everywhere, and named, while it runs', async () => {
  await rememberDataDirectory(data, { ...processIo, env: process.env })
  const found = await lambci(['builds', '--json'], { cwd })
  expect([found.exitCode, found.stderr]).toEqual([0, `Using the local system in ${data}.`])
  expect(JSON.parse(found.stdout)).toMatchObject([{ repository: 'you/here' }])
  // An option names it, so that a script sees nothing of it.
  expect((await here('builds', '--json')).stderr).toBe('')
  const onTerminal = await lambci(['builds', '--data', data], { cwd, isTerminal: true })
  expect(onTerminal.stderr).toBe(`Using the local system in ${data}.`)
  // setup is for the stack in the account.
  const env = { AWS_REGION: undefined, AWS_CONFIG_FILE: '/dev/null' }
  const setup = await lambci(['setup', '--rotate-link-key'], { cwd, env })
  expect([setup.exitCode, setup.stderr]).toEqual([2, 'lambci: No AWS region is set. Set AWS_REGION.'])

  // A system that was killed leaves its file, and another one may have taken over its port.
  const killed = await mkdtemp(join(tmpdir(), 'lambci-killed-'))
  for (const change of [{ s3: 'http://127.0.0.1:9' }, { accessKeyId: 'AKIAOTHER' }]) {
    await writeFile(join(killed, 'local.json'), JSON.stringify({ ...ci.system.addresses, ...change }))
    await rememberDataDirectory(killed, { ...processIo, env: process.env })
    const gone = await lambci(['builds'], { cwd, env })
    expect([gone.exitCode, gone.stderr]).toEqual([
      2,
      'lambci: No stack or bucket is given, and no local system runs here. No AWS region is set. Set AWS_REGION.',
    ])
  }
  await rm(killed, { recursive: true })
})
