import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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
  expect((await here('config', 'set', '.', 'timeout', '321')).stdout).toMatch(
    /^timeout is now 321 for you\/here\./,
  )
  expect((await here('config', 'get', '.', 'timeout')).stdout).toBe('321')
  expect((await here('secret', 'list', '.')).stdout).toBe('There are no secrets for you/here.')
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

test('wait ends with the build of the commit that is checked out, and with its exit code', async () => {
  const red = await here('wait')
  expect([red.exitCode, red.stdout]).toEqual([
    1,
    expect.stringMatching(/^#1 of you\/here, push\/master: .*\n {2}unit .*\n {2}lint /),
  ])
  expect(red.stderr).toBe('To print its log: lambci logs you/here#1')
  // It is typed before the push.
  const commit = await ci.commit(cwd, { ...lambciJson('true'), change: '1' })
  const waiting = here('wait', '--json')
  const push = { repository: 'you/here', from: cwd, move: { branch: 'master', commit } }
  await ci.system.servers.github.receive(push)
  const green = await waiting
  expect([green.exitCode, green.stderr]).toEqual([0, ''])
  expect(JSON.parse(green.stdout)).toMatchObject({ number: 2, status: 'passed', commit })

  // Progress is for terminals alone.
  const unbuilt = await ci.commit(cwd, { change: '2' })
  const none = await here('wait', '--timeout', '1')
  const late = 'lambci: There is no build of this commit after 1 seconds.'
  expect([none.exitCode, none.stderr]).toEqual([3, late])
  const seen = await lambci(['wait', '--data', data, '--timeout', '1'], { cwd, isTerminal: true })
  const progress = `\r\x1b[KWaiting for a build of ${unbuilt.slice(0, 10)} in you/here`
  expect([seen.stderr.includes(progress), seen.stderr.endsWith(`\r\x1b[K${late}`)]).toEqual([true, true])
  const missing = await here('wait', '3', '--timeout', '1')
  expect([missing.exitCode, missing.stderr]).toEqual([2, 'lambci: There is no build #3 of you/here.'])
  const gate = ci.gate()
  await ci.push(cwd, 'you/here', 'master', lambciJson(gate.wait))
  const build = { project: 'gh/you/here', number: 3 }
  await ci.until('the start', async () => (await ci.view(build))?.status === 'running')
  const running = await here('wait', '3', '--timeout', '1')
  expect([running.exitCode, running.stderr]).toEqual([3, 'lambci: Build #3 has not ended after 1 seconds.'])
  await gate.open()
  await ci.ended(build)
})

test('open prints the address of a page, and opens it in a browser', async () => {
  const { url } = ci.system.addresses
  expect((await here('open', '1', '--print')).stdout).toBe(`${url}/gh/you/here/builds/1`)
  expect((await here('open', '--print')).stdout).toBe(`${url}/gh/you/here`)
  const home = (await lambci(['open', '--print', '--data', data])).stdout
  expect(home).toMatch(/\/\?key=[\w-]{32}$/)
  expect((await fetch(home)).status).toBe(200)
  const bin = await mkdtemp(join(tmpdir(), 'lambci-bin-'))
  const opened = join(bin, 'opened')
  await writeFile(join(bin, 'xdg-open'), `#!/bin/sh\nprintf '%s' "$1" > ${opened}\n`, { mode: 0o755 })
  await copyFile(join(bin, 'xdg-open'), join(bin, 'open'))
  const env = { PATH: `${bin}:${process.env.PATH}` }
  expect(await lambci(['open', 'you/here#1', '--data', data], { env })).toMatchObject({
    exitCode: 0,
    stderr: '',
  })
  expect(await readFile(opened, 'utf8')).toBe(`${url}/gh/you/here/builds/1`)
  const without = await lambci(['open', 'you/here', '--data', data], { env: { PATH: '/nowhere' } })
  expect([without.exitCode, without.stderr]).toEqual([
    0,
    expect.stringMatching(
      /^No browser was opened \((xdg-)?open is not installed\)\. Open the address in one\.$/,
    ),
  ])
  await rm(bin, { recursive: true })
})

test('repos lists what has been built, with headers', async () => {
  const { stdout } = await lambci(['repos', '--data', data])
  expect(stdout).toMatch(/^REPOSITORY +NEWEST +STATUS +QUEUED \(UTC\) +BRANCH$/m)
  expect(stdout).toMatch(/^you\/here +#3 +passed +\d{4}-\d\d-\d\d \d\d:\d\d +master$/m)
  const json = JSON.parse((await lambci(['repos', '--json', '--data', data])).stdout)
  expect(json).toContainEqual(
    expect.objectContaining({
      repository: 'you/here',
      builds: 3,
      newest: expect.objectContaining({ number: 3 }),
    }),
  )
})
