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
 * @returns whether these are all. Otherwise, it has started others as fast as they were found
 */
export function killSandbox(id: string, root: number, hasEnded = false): boolean {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new Error(`Not the id of a sandbox: ${id}`)
  // For kill(2), 0 means the caller's own group, and -1 all processes.
  if (!(root > 1)) throw new Error(`Not the process of a sandbox: ${root}`)
  const known = hasEnded ? new Map<number, Known>() : processesOfThisTick()
  const stopped = new Set<number>()
  let isComplete = false
  // Stops processes before killing them, so that none can fork in between. Repeats until no new ones appear.
  for (let round = 0; round < 50 && !isComplete; round++) {
    addNewProcesses(known)
    const processes = [...known.values()].map(each => ({ ...each, marked: each.text.includes(id) }))
    const isReused = hasEnded && known.has(root)
    const members = membersOf(isReused ? null : root, processes)
    const fresh = members.filter(pid => pid !== process.pid && !stopped.has(pid))
    isComplete = fresh.length === 0
    for (const pid of fresh) {
      send(pid, 'SIGSTOP')
      stopped.add(pid)
    }
  }
  for (const pid of stopped) send(pid, 'SIGKILL')
  // Without /proc (macOS), only the process group can be found.
  if (root !== process.pid && !existsSync('/proc/self')) send(-root, 'SIGKILL')
  return isComplete
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

/** A process as it was when it was first seen. `text`: its environment and its working directory. */
type Known = Omit<Process, 'marked'> & { text: string }

let ofThisTick: Map<number, Known> | null = null

/** The processes that were seen a moment ago: a host ends all of its sandboxes at once. */
function processesOfThisTick(): Map<number, Known> {
  if (ofThisTick) return ofThisTick
  ofThisTick = new Map()
  setImmediate(() => {
    ofThisTick = null
  }).unref()
  return ofThisTick
}

/** Adds the processes of the machine that have not been seen. No process becomes another sandbox's later. */
function addNewProcesses(known: Map<number, Known>): void {
  for (const name of attempt(() => readdirSync('/proc'), [])) {
    const pid = Number(name)
    if (!(pid > 0) || known.has(pid)) continue
    const stat = attempt(() => readFileSync(`/proc/${name}/stat`, 'latin1'), '')
    // "pid (command) state ppid pgrp …": the command may hold spaces and parentheses.
    const [, parent, group, , , , flags] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (parent === undefined || group === undefined) continue
    const isKernels = (Number(flags) & PF_KTHREAD) !== 0
    const environment = isKernels ? '' : attempt(() => readFileSync(`/proc/${name}/environ`, 'latin1'), '')
    const directory = isKernels ? '' : attempt(() => readlinkSync(`/proc/${name}/cwd`), '')
    known.set(pid, {
      pid,
      parent: Number(parent),
      group: Number(group),
      text: `${environment}\0${directory}`,
    })
  }
}

/** Reads fail for processes that have just exited, and for some files of other users' processes. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
