import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export type Process = { pid: number; parent: number; group: number; marked: boolean }

/**
 * The processes of a sandbox: its runtime (`root`), the runtime's group, whatever is marked with the sandbox's
 * id, and the descendants of all these. A real sandbox is a machine of its own and simply stops.
 */
export function membersOf(root: number, processes: Process[]): number[] {
  const members = new Set<number>()
  for (const { pid, group, marked } of processes)
    if (pid === root || group === root || marked) members.add(pid)
  for (let before = -1; before < members.size; ) {
    before = members.size
    for (const { pid, parent } of processes) if (members.has(parent)) members.add(pid)
  }
  return [...members]
}

/** 32 hexadecimal digits, as in the names of Lambda's log streams: no other process can hold them by chance. */
export const newSandboxId = () => randomBytes(16).toString('hex')

/** Kills all processes of a sandbox except the caller itself. */
export function killSandbox(id: string, root: number) {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new Error(`${id} is no sandbox's id`)
  // To kill(2), 0 and -1 are the caller's own group and everybody.
  if (!(root > 1)) throw new Error(`${root} is no sandbox's process`)
  const stopped = new Set<number>()
  // Stopped first, or a process could fork between being seen and being killed; until nothing new turns up.
  for (let round = 0; round < 50; round++) {
    const fresh = membersOf(root, readProcesses(id)).filter(pid => pid !== process.pid && !stopped.has(pid))
    if (fresh.length === 0) break
    for (const pid of fresh) {
      send(pid, 'SIGSTOP')
      stopped.add(pid)
    }
  }
  for (const pid of stopped) send(pid, 'SIGKILL')
  // Without /proc (macOS) the group is all that can be found.
  if (root !== process.pid) send(-root, 'SIGKILL')
}

function send(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}

/** The machine's processes; `marked` are those that hold the id in their environment or working directory. */
function readProcesses(id: string): Process[] {
  return attempt(() => readdirSync('/proc'), []).flatMap(name => {
    if (!/^\d+$/.test(name)) return []
    const stat = attempt(() => readFileSync(`/proc/${name}/stat`, 'latin1'), '')
    // "pid (command) state ppid pgrp …": the command may hold spaces and parentheses.
    const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (parent === undefined || group === undefined) return []
    const marked =
      attempt(() => readFileSync(`/proc/${name}/environ`, 'latin1'), '').includes(id) ||
      attempt(() => readlinkSync(`/proc/${name}/cwd`), '').includes(id)
    return { pid: Number(name), parent: Number(parent), group: Number(group), marked }
  })
}

/** Processes end while they are looked at, and those of other users keep some things to themselves. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
