import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { killSandbox, membersOf, newSandboxId, type Process } from '../../lambda/sandbox-processes.ts'

const entry = (pid: number, parent: number, group: number, marked = false): Process => ({
  pid,
  parent,
  group,
  marked,
})

test('the members are the root, its group, the marked processes, and all their descendants', () => {
  const processes = [
    entry(1, 0, 1),
    entry(10, 1, 10),
    // Process ids wrap around, so a grandchild can come before its parent.
    entry(9, 20, 9),
    entry(20, 10, 20),
    entry(30, 1, 10),
    entry(40, 1, 40, true),
    entry(41, 40, 41),
    entry(50, 1, 50),
  ]
  expect(membersOf(10, processes).toSorted((a, b) => a - b)).toEqual([9, 10, 20, 30, 40, 41])
})

test('an invalid sandbox id or process id kills nothing', () => {
  expect(() => killSandbox('', 1_000_000)).toThrow('Not the id of a sandbox')
  expect(() => killSandbox('0'.repeat(32), 0)).toThrow('Not the process of a sandbox')
})

test('a process that has got the id of a runtime that ended is left alone', async () => {
  const other = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  await once(other, 'spawn')
  const ended = once(other, 'exit')
  killSandbox(newSandboxId(), other.pid ?? 0, true)
  expect([other.exitCode, other.signalCode]).toEqual([null, null])
  other.kill('SIGTERM')
  // SIGKILL or SIGSTOP would have come first.
  expect(await ended).toEqual([null, 'SIGTERM'])
})

/** A shell with another process, marked with the id of a sandbox. */
async function start(id: string) {
  const shell = spawn('sh', ['-c', 'sleep 60 & echo started; wait'], {
    detached: true,
    env: { ID: id, PATH: '/usr/bin:/bin' },
  })
  await once(shell.stdout, 'data')
  return {
    pid: shell.pid ?? 0,
    exit: once(shell, 'exit'),
    closed: once(shell, 'close'),
  }
}

test('sandboxes that are killed at once leave nothing, nor what they have started meanwhile', async () => {
  const [one, other] = [newSandboxId(), newSandboxId()]
  const [first, second] = await Promise.all([one, other].map(start))
  if (!first || !second) throw new Error('They have not started')
  expect(killSandbox(one, first.pid)).toBe(true)
  const late = spawn('sleep', ['60'], {
    detached: true,
    stdio: 'ignore',
    env: { ID: other, PATH: '/usr/bin:/bin' },
  })
  const lateExit = once(late, 'exit')
  expect(killSandbox(other, second.pid)).toBe(true)
  const exits = await Promise.all([first.exit, second.exit, lateExit])
  expect(exits).toEqual([
    [null, 'SIGKILL'],
    [null, 'SIGKILL'],
    [null, 'SIGKILL'],
  ])
  // Their output ends with the last process that has it.
  await Promise.all([first.closed, second.closed])
})
