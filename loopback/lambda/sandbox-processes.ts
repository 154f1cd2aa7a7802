import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

export type Process = { pid: number; parent: number; group: number; marked: boolean }

/**
 * The processes of a sandbox: its runtime (`root`), the runtime's process group, processes marked with the sandbox's id, and the
 * descendants of all these. (On Lambda a sandbox is a virtual machine, which stops as a whole.) Without a root, its id may now belong to
 * another process.
 */
export function membersOf(root: number | null, processes: Process[]): number[] {
  const members = new Set<number>()
  for (const { pid, group, marked } of processes)
    if (pid === root || group === root || marked) members.add(pid)
  for (let before = -1; before < members.size; ) {
    before = members.size
    for (const { pid, parent } of processes) if (members.has(parent)) members.add(pid)
  }
  return [...members]
}

/** 32 hexadecimal digits, as in the names of Lambda's log streams; too random to occur in another process. */
export const newSandboxId = () => randomBytes(16).toString('hex')

/**
 * Kills all processes of a sandbox except the calling process.
 * @param hasEnded whether its runtime has ended: the machine may have given the runtime's id to another process
 */
export function killSandbox(id: string, root: number, hasEnded = false) {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new Error(`Not the id of a sandbox: ${id}`)
  // For kill(2), 0 means the caller's own group, and -1 all processes.
  if (!(root > 1)) throw new Error(`Not the process of a sandbox: ${root}`)
  const stopped = new Set<number>()
  // Stops processes before killing them, so that none can fork in between. Repeats until no new ones appear.
  for (let round = 0; round < 50; round++) {
    const processes = readProcesses(id)
    const isReused = hasEnded && processes.some(({ pid }) => pid === root)
    const members = membersOf(isReused ? null : root, processes)
    const fresh = members.filter(pid => pid !== process.pid && !stopped.has(pid))
    if (fresh.length === 0) break
    for (const pid of fresh) {
      send(pid, 'SIGSTOP')
      stopped.add(pid)
    }
  }
  for (const pid of stopped) send(pid, 'SIGKILL')
  // Without /proc (macOS), only the process group can be found.
  if (root !== process.pid && !existsSync('/proc/self')) send(-root, 'SIGKILL')
}

function send(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal)
  } catch {
    // The process has already exited.
  }
}

/** The kernel's own threads, which are most processes on a small machine, have no environment and no directory. */
const PF_KTHREAD = 0x00200000

/** All processes of the machine; `marked` if their environment or working directory contains the id. */
function readProcesses(id: string): Process[] {
  return attempt(() => readdirSync('/proc'), []).flatMap(name => {
    if (!/^\d+$/.test(name)) return []
    const stat = attempt(() => readFileSync(`/proc/${name}/stat`, 'latin1'), '')
    // "pid (command) state ppid pgrp …": the command may hold spaces and parentheses.
    const [, parent, group, , , , flags] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (parent === undefined || group === undefined) return []
    const isKernels = (Number(flags) & PF_KTHREAD) !== 0
    const marked =
      !isKernels &&
      (attempt(() => readFileSync(`/proc/${name}/environ`, 'latin1'), '').includes(id) ||
        attempt(() => readlinkSync(`/proc/${name}/cwd`), '').includes(id))
    return { pid: Number(name), parent: Number(parent), group: Number(group), marked }
  })
}

/** Reads fail for processes that have just exited, and for some files of other users' processes. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
