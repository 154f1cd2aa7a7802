import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSystem } from '../../../loopback/system/system.ts'

const LAMBCI = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'lambci.js')
const EXAMPLE = join(import.meta.dirname, '..', '..', '..', 'loopback', 'example')

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-cli-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** Runs the command line as a user does. Returns the exit code and the output. */
async function lambci(args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [LAMBCI, ...args], {
    reject: false,
    ...options,
  })
  return { exitCode, stdout, stderr }
}

test('local --once shows the example build, and the next start continues with build #2', async () => {
  const data = join(directory, 'data')
  const first = await lambci(['local', '--once', '--port', '0', '--data', data])
  expect(first).toMatchObject({ exitCode: 0, stderr: '' })
  expect(first.stdout).toMatch(/^▸ Build #1 of example\/hello/m)
  expect(first.stdout).toMatch(/^Would deploy example\/hello at [0-9a-f]{10} to the stage dev$/m)
  expect(first.stdout).toMatch(/^#1 of example\/hello, push\/master: Passed in [\d.]+ s, deployed to dev$/m)
  expect(first.stdout).toMatch(/success +lambci\/push: Passed/)
  expect(first.stdout).toContain('"passed: example/hello #1 (master)"')
  expect(first.stdout).toMatch(/^ {2}git remote add local http:\/\/127\.0\.0\.1:\d+\/you\/project\.git$/m)

  const second = await lambci(['local', '--once', '--json', '--port', '0', '--data', data])
  expect(second).toMatchObject({ exitCode: 0, stderr: '' })
  const [addresses, view, ...rest] = second.stdout.split('\n').map(line => JSON.parse(line))
  expect(addresses).toEqual(JSON.parse(await readFile(join(data, 'local.json'), 'utf8')))
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

test('a long log passes through a slow pipe completely', async () => {
  const data = join(directory, 'data')
  const system = await startSystem({ directory: data, port: 0 })
  try {
    await system.store.put('gh/example/hello/builds/1/log.txt', 'x'.repeat(6_000_000), 'text/plain')
    const logs = `"${process.execPath}" "${LAMBCI}" logs example/hello#1 --data "${data}"`
    const { stdout } = await execa('bash', ['-c', `${logs} | (sleep 1; wc -c)`])
    expect(Number(stdout)).toBe(6_000_000)
  } finally {
    await system.close()
  }
})

test('a port in use is reported in one sentence', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  // The second port in the row is that of S3.
  const run = await lambci(['local', '--once', '--port', String(port - 1), '--data', join(directory, 'busy')])
  server.close()
  expect(run.exitCode).toBe(2)
  expect(run.stderr).toBe(
    `lambci: Port ${port} on 127.0.0.1 is in use by another program. Choose another port, or 0 for any free one.`,
  )
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
    ['logs', 'you/project', '--data', '/no/such/directory'],
    /^lambci: No stack or bucket is given/,
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

test('plan shows what a push would do, and why', async () => {
  const staged = await lambci(['plan', EXAMPLE, '--branch', 'qa'])
  expect(staged.stdout).toContain('Branch "qa" is deployed to stage qa (stages.qa).')
  const pull = await lambci(['plan', EXAMPLE, '--pr', '3', '--fork'])
  expect(pull.stdout).toContain('Pull requests never deploy.')
  const skipped = await lambci(['plan', EXAMPLE, '--branch', 'topic', '--json'])
  expect(JSON.parse(skipped.stdout)).toMatchObject({
    build: false,
    reason: expect.stringContaining('no rule in "branches"'),
  })
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
  const red = await lambci(['run', '.'], { cwd: copy })
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
