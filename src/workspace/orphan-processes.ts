import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { isAbsolute, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** After this time, a fork bomb creates processes faster than they are killed. */
const TIMEOUT_MS = 5000
/** How many consecutive scans must find nothing; more if a process ended during a scan, because it may have forked. */
const QUIET_SCANS = 2
const UNSURE_SCANS = 10

/**
 * Kills every process that belongs to the sandbox: its HOME, TMPDIR, working directory, root or executable is inside.
 * This also finds daemons that left the process group and the session. If the runner owns the machine (as on Lambda),
 * every process that is younger than this one is killed, too. Spares this process, its ancestors, and processes that
 * it may not read. Without /proc (macOS) it does nothing.
 * @returns how many processes were killed, and how many are left
 */
export async function killOrphanProcesses(
  sandbox: string,
  ownsMachine = false,
): Promise<{ killed: number; remaining: number }> {
  const directories = [sandbox, attempt(() => realpathSync(sandbox)) ?? sandbox]
  const startedAfter = ownsMachine ? (readStat(process.pid)?.startTime ?? 0) : Number.POSITIVE_INFINITY
  const criteria = { directories, startedAfter, excluded: selfAndAncestors() }
  const killed = new Set<number>()
  const dying = new Set<number>()
  const end = performance.now() + TIMEOUT_MS
  const outsiders: Outsiders = new Map()
  for (let quiet = 0, wanted = QUIET_SCANS; quiet < wanted; ) {
    if (performance.now() > end)
      return { killed: killed.size, remaining: scan(criteria, new Map()).inside.length }
    const { inside, isComplete } = scan(criteria, outsiders)
    const foundNew = inside.some(pid => !killed.has(pid))
    for (const pid of inside) {
      attempt(() => process.kill(pid, 'SIGKILL'))
      killed.add(pid)
      dying.add(pid)
    }
    for (const pid of dying) if (!isRunning(pid)) dying.delete(pid)
    // Processes that restart each other are only caught by an immediate scan; killed ones may need a moment to end.
    if ((inside.length > 0 || dying.size > 0) && !foundNew) await sleep(1)
    if (inside.length > 0 || dying.size > 0) [quiet, wanted] = [0, QUIET_SCANS]
    else quiet += 1
    if (!isComplete) wanted = UNSURE_SCANS
  }
  return { killed: killed.size, remaining: 0 }
}

type Criteria = { directories: string[]; excluded: ReadonlySet<number>; startedAfter: number }
/** Processes that earlier scans found outside the sandbox; false if they may have been about to exec. */
type Outsiders = Map<number, boolean>

/** Finds the processes inside the sandbox, and whether these are all. Skips and updates the known outsiders. */
function scan(criteria: Criteria, outsiders: Outsiders): { inside: number[]; isComplete: boolean } {
  const inside: number[] = []
  let isComplete = true
  for (const name of attempt(() => readdirSync('/proc')) ?? []) {
    const pid = Number(name)
    if (!(pid > 0) || outsiders.get(pid) || criteria.excluded.has(pid)) continue
    const found = classify(pid, criteria)
    if (found === 'inside') inside.push(pid)
    else if (found === 'outside') outsiders.set(pid, true)
    else {
      // A process has no environment between fork and exec, and none at all with `env -i`.
      if (found === 'no-environment') outsiders.set(pid, outsiders.has(pid))
      isComplete = false
    }
  }
  return { inside, isComplete }
}

function classify(
  pid: number,
  { directories, startedAfter }: Criteria,
): 'inside' | 'outside' | 'no-environment' | 'ended' {
  const stat = readStat(pid)
  if (!stat) return 'ended'
  const directory = stat.state === 'Z' ? livingThread(pid) : `/proc/${pid}`
  if (!directory || stat.isKernelThread) return 'outside'
  const environment = attempt(() => readFileSync(`${directory}/environ`, 'utf8')) ?? ''
  const homes = environment.split('\0').filter(entry => /^(HOME|TMPDIR)=/.test(entry))
  const paths = [
    ...homes.map(entry => entry.slice(entry.indexOf('=') + 1)),
    ...['cwd', 'root', 'exe'].map(name => attempt(() => readlinkSync(`${directory}/${name}`)) ?? ''),
  ].filter(path => path !== '')
  if (paths.length === 0) return readStat(pid) ? 'outside' : 'ended'
  if (stat.startTime > startedAfter) return 'inside'
  if (paths.some(path => directories.some(each => isInside(path, each)))) return 'inside'
  return environment === '' ? 'no-environment' : 'outside'
}

type Stat = { state: string; parent: number; startTime: number; isKernelThread: boolean }

/** PF_KTHREAD in include/linux/sched.h. */
const KERNEL_THREAD = 0x0020_0000

/** A process whose first thread has ended looks like a zombie while its other threads run. */
function livingThread(pid: number): string | undefined {
  const threads = attempt(() => readdirSync(`/proc/${pid}/task`)) ?? []
  const living = threads.find(thread => !/^[ZX]$/.test(readStat(`${pid}/task/${thread}`)?.state ?? 'X'))
  return living && `/proc/${pid}/task/${living}`
}

/** Whether any thread of the process is running, even if it is about to end. */
function isRunning(pid: number): boolean {
  const state = readStat(pid)?.state ?? 'X'
  return state === 'Z' ? livingThread(pid) !== undefined : state !== 'X'
}

/** `startTime` is in clock ticks since boot. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function readStat(pid: number | string): Stat | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The command name, in parentheses, may contain anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (
    fields && {
      state: fields[0] ?? '',
      parent: Number(fields[1]),
      startTime: Number(fields[19]),
      isKernelThread: (Number(fields[6]) & KERNEL_THREAD) !== 0,
    }
  )
}

/** Whether an absolute path is the directory or below it. */
export function isInside(path: string, directory: string): boolean {
  if (!isAbsolute(path)) return false
  if (!path.includes('/.') && !path.includes('//'))
    return path === directory || path.startsWith(`${directory}/`)
  const fromDirectory = relative(directory, path)
  return fromDirectory !== '..' && !fromDirectory.startsWith('../')
}

function selfAndAncestors(): Set<number> {
  const pids = new Set<number>()
  for (let pid = process.pid; pid > 0 && !pids.has(pid); pid = readStat(pid)?.parent ?? 0) pids.add(pid)
  return pids
}

/** Processes may end meanwhile or belong to another user: such errors are ignored. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
