import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/model/user-error.ts'
import { isInside, killOrphanProcesses } from '../../../src/workspace/orphan-processes.ts'
import { cleanSandbox, openSandbox } from '../../../src/workspace/sandbox.ts'
import { readWorkingFile } from '../../../src/workspace/working-file.ts'

let root: string
let directory: string
const started: number[] = []
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sandbox-'))
  directory = join(root, 'box')
})
afterEach(async () => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // The process has ended.
    }
  }
  await rm(root, { recursive: true, force: true })
})

/** Starts a daemon in its own session. Returns its process id. */
async function daemon(script: string, env: Record<string, string>, cwd = '/'): Promise<number> {
  const child = spawn('setsid', ['bash', '-c', `echo $$; ${script}`], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = await once(child.stdout, 'data')
  const pid = Number(String(line).trim())
  started.push(pid)
  return pid
}

/** Looks like a zombie, but a second thread is running. */
const FIRST_THREAD_ENDS = `
import ctypes, threading, time
threading.Thread(target=lambda: time.sleep(1000)).start()
ctypes.CDLL(None).pthread_exit(None)`

async function twoThreads(box: string): Promise<number> {
  const pid = await daemon(`exec python3 -c '${FIRST_THREAD_ENDS}'`, { HOME: box })
  while (!/^State:\tZ/m.test(await readFile(`/proc/${pid}/status`, 'utf8'))) await sleep(10)
  return pid
}

/** Whether any thread of the process is running. */
async function isRunning(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const read = (thread: string) => readFile(`/proc/${pid}/task/${thread}/status`, 'utf8').catch(() => '')
  return (await Promise.all(threads.map(read))).some(status => /^State:\t[^ZX]/m.test(status))
}

/** A PID namespace, which looks like a dedicated machine, requires privileges. */
const canUnshare = spawnSync('unshare', ['--fork', '--pid', '--mount-proc', 'true']).status === 0

/** A daemon without any trace of the sandbox, and a process that is older than the runner. */
const HIDDEN_DAEMON = `
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { killOrphanProcesses } from '${join(import.meta.dirname, '..', '..', '..', 'src', 'workspace', 'orphan-processes.ts')}'
const hidden = spawn('setsid', ['env', '-i', '/bin/bash', '-c', 'echo $$; exec /bin/sleep 1000'], { cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] })
const [line] = await once(hidden.stdout, 'data')
const isRunning = pid => existsSync('/proc/' + pid) && !/^State:\\t[ZX]/m.test(readFileSync('/proc/' + pid + '/status', 'utf8'))
const [pid, older] = [Number(String(line)), Number(process.argv[1])]
const before = [isRunning(pid), isRunning(older)]
await killOrphanProcesses('/nowhere/at/all', process.argv[2] === 'dedicated')
console.log(JSON.stringify([...before, isRunning(pid), isRunning(older)]))
process.exit()
`

describe.skipIf(!canUnshare)('a daemon without environment, session and directory', () => {
  it.each([
    ['dedicated', [true, true, false, true]],
    ['shared', [true, true, true, true]],
  ])('on a %s machine: %j', async (kind, expected) => {
    const script = '/bin/sleep 1000 & sleep 0.1; "$0" --input-type=module -e "$1" -- $! "$2"; kill -9 $!'
    const inside = ['bash', '-c', script, process.execPath, HIDDEN_DAEMON, kind]
    const { stdout } = await promisify(execFile)('unshare', [
      '--fork',
      '--pid',
      '--mount-proc',
      '--kill-child',
      ...inside,
    ])
    expect(JSON.parse(stdout)).toEqual(expected)
  })
})

describe('openSandbox', () => {
  it('creates private directories', async () => {
    const sandbox = await openSandbox(directory)
    expect((await readdir(directory)).sort()).toEqual(['home', 'temp', 'workspace'])
    for (const path of [sandbox.workspace, sandbox.home, sandbox.temp])
      expect((await lstat(path)).mode & 0o777).toBe(0o700)
  })

  it('removes all files, and links but not their targets', async () => {
    const outside = join(root, 'outside')
    await mkdir(join(outside, 'deep'), { recursive: true })
    await writeFile(join(outside, 'kept'), '')
    const { workspace } = await openSandbox(directory)
    await symlink(outside, join(workspace, 'link'))
    await symlink(outside, join(directory, '.link'))
    await mkdir(join(workspace, 'a', 'b'), { recursive: true })
    await symlink(outside, join(workspace, 'a', 'b', 'link'))
    await openSandbox(directory)
    expect(await readdir(workspace)).toEqual([])
    expect((await readdir(directory)).sort()).toEqual(['home', 'temp', 'workspace'])
    expect((await readdir(outside)).sort()).toEqual(['deep', 'kept'])
  })

  it('removes read-only directories as an ordinary user', async () => {
    await mkdir(directory)
    const script = `
      import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
      import { cleanSandbox } from ${JSON.stringify(new URL('../../../src/workspace/sandbox.ts', import.meta.url))}
      process.chdir('/')
      const [, directory, outside] = process.argv
      const deep = directory + '/go/pkg/mod'
      await mkdir(deep, { recursive: true })
      await writeFile(deep + '/file', '', { mode: 0o400 })
      await symlink(outside, deep + '/link')
      for (const path of [deep, directory + '/go/pkg', directory + '/go']) await chmod(path, 0o500)
      await chmod(deep, 0o000)
      await cleanSandbox(directory)
    `
    // Permissions do not apply to root, so tests that run as root need another user here.
    const isRoot = process.getuid?.() === 0
    const outside = join(root, 'outside')
    await mkdir(outside, { mode: 0o500 })
    if (isRoot) for (const path of [root, directory]) await chmod(path, 0o777)
    await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', script, directory, outside],
      isRoot ? { uid: 65534, gid: 65534, env: {} } : { env: {} },
    )
    expect(await readdir(directory)).toEqual([])
    expect((await lstat(outside)).mode & 0o777).toBe(0o500)
  })

  it('refuses a path that is not a dedicated directory', async () => {
    await mkdir(join(root, 'other'))
    await writeFile(join(root, 'other', 'kept'), '')
    await symlink(join(root, 'other'), directory)
    for (const path of ['/', '//', '/tmp/..', 'relative', '.', '', directory])
      await expect(openSandbox(path), path).rejects.toThrow(UserError)
    expect(await readdir(join(root, 'other'))).toEqual(['kept'])
  })
})

describe('cleanSandbox', () => {
  it.each([
    ['by its HOME', (box: string) => daemon('exec sleep 1000', { HOME: `${box}/home` })],
    ['by its TMPDIR', (box: string) => daemon('exec sleep 1000', { TMPDIR: `${box}/temp` })],
    ['by its working directory', (box: string) => daemon('exec sleep 1000', {}, box)],
    [
      'that ignores signals',
      (box: string) => daemon('trap "" TERM HUP; while :; do sleep 1; done', { HOME: box }),
    ],
    ['whose first thread has ended', twoThreads],
  ])('kills a daemon %s', async (_, start) => {
    await openSandbox(directory)
    const pid = await start(directory)
    await cleanSandbox(directory)
    expect(await isRunning(pid)).toBe(false)
    expect(await readdir(directory)).toEqual([])
  })

  it('kills processes that keep starting each other', async () => {
    await openSandbox(directory)
    const chain = 'f() { sleep 0.02; f & }; f & f & sleep 1000'
    await daemon(chain, { HOME: directory })
    const { killed, remaining } = await killOrphanProcesses(directory)
    expect(killed).toBeGreaterThan(0)
    expect(remaining).toBe(0)
    await sleep(100)
    expect(await killOrphanProcesses(directory)).toEqual({ killed: 0, remaining: 0 })
  })

  it('spares all other processes, itself included', async () => {
    await mkdir(join(root, 'box2'))
    await openSandbox(directory)
    const neighbour = await daemon('exec sleep 1000', { HOME: join(root, 'box2') }, root)
    const home = process.env.HOME
    process.env.HOME = directory
    try {
      await cleanSandbox(directory)
    } finally {
      process.env.HOME = home
    }
    expect(await isRunning(neighbour)).toBe(true)
  })
})

it.each([
  ['/tmp/a', '/tmp/a', true],
  ['/tmp/a/b', '/tmp/a', true],
  ['/tmp/a/..b', '/tmp/a', true],
  ['/tmp/ab', '/tmp/a', false],
  ['/tmp', '/tmp/a', false],
  ['/tmp/a/../b', '/tmp/a', false],
  ['', '/tmp/a', false],
])('%s inside %s: %s', (path, box, inside) => {
  expect(isInside(path, box)).toBe(inside)
})

describe('readWorkingFile', () => {
  it('reads regular files only, up to 256 KB', async () => {
    await mkdir(join(directory, 'folder'), { recursive: true })
    await writeFile(join(directory, 'file'), 'text ä')
    await writeFile(join(directory, 'large'), 'x'.repeat(256 * 1024))
    await writeFile(join(directory, 'larger'), 'x'.repeat(256 * 1024 + 1))
    await symlink('/etc/passwd', join(directory, 'link'))
    await promisify(execFile)('mkfifo', [join(directory, 'pipe')])
    expect(await readWorkingFile(directory, 'file')).toBe('text ä')
    expect(await readWorkingFile(directory, 'large')).toHaveLength(256 * 1024)
    await expect(readWorkingFile(directory, 'larger')).rejects.toThrow(/larger is larger than 256 KB/)
    for (const name of ['none', 'file/below']) expect(await readWorkingFile(directory, name), name).toBeNull()
    const kinds = { folder: 'a directory', link: 'a symbolic link', pipe: 'not a regular file' }
    for (const [name, kind] of Object.entries(kinds))
      await expect(readWorkingFile(directory, name), name).rejects.toThrow(`${name} is ${kind}. Replace`)
  })
})

it('removes paths longer than PATH_MAX', async () => {
  const deep = 'for i in $(seq 1 40); do mkdir $(printf "d%.0s" {1..200}) && cd d*; done; chmod 500 .'
  await mkdir(directory, { recursive: true })
  await promisify(execFile)('bash', ['-c', deep], { cwd: directory })
  await cleanSandbox(directory)
  expect(await readdir(directory)).toEqual([])
})
