import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { isAbsolute, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Longer than this, and it is a fork bomb that outruns us. */
const MOST_MS = 5000
/** So many looks in a row that find nobody, more where somebody ended while we looked: he may have left a child. */
const QUIET_LOOKS = 2
const UNSURE_LOOKS = 10

/**
 * Kills every process that belongs to the sandbox: HOME or TMPDIR, the working directory, the root or the program
 * lies inside it. That finds daemons which left the process group and the session. Where the machine is ours alone
 * (`isAlone`, as on Lambda), every process that is younger than this one belongs to it too, however it hides. Never
 * touches this process, its parents, or processes that it may not read. Without /proc (macOS) it does nothing.
 * Returns how many were killed and how many are still there.
 */
export async function killOrphanProcesses(
  sandbox: string,
  ownsMachine = false,
): Promise<{ killed: number; remaining: number }> {
  const directories = [sandbox, attempt(() => realpathSync(sandbox)) ?? sandbox]
  const bornAfter = ownsMachine ? (readStat(process.pid)?.birth ?? 0) : Number.POSITIVE_INFINITY
  const search = { directories, bornAfter, spared: ownLine() }
  const killed = new Set<number>()
  const end = performance.now() + MOST_MS
  const known: Known = new Map()
  for (let quiet = 0, wanted = QUIET_LOOKS; quiet < wanted; ) {
    if (performance.now() > end)
      return { killed: killed.size, remaining: look(search, new Map()).inside.length }
    const { inside, isSure } = look(search, known)
    const isNews = inside.some(pid => !killed.has(pid))
    for (const pid of inside) {
      attempt(() => process.kill(pid, 'SIGKILL'))
      killed.add(pid)
    }
    // Who start each other anew are caught only by a look that follows at once; the dead may need a moment.
    if (inside.length > 0 && !isNews) await sleep(1)
    if (inside.length > 0) [quiet, wanted] = [0, QUIET_LOOKS]
    else quiet += 1
    if (!isSure) wanted = UNSURE_LOOKS
  }
  return { killed: killed.size, remaining: 0 }
}

type Search = { directories: string[]; spared: ReadonlySet<number>; bornAfter: number }
/** Whom earlier looks have seen to be others; false for those who were just becoming somebody. */
type Known = Map<number, boolean>

/** Those inside, and whether that is all of them. Passes over whom it knows. */
function look(search: Search, known: Known): { inside: number[]; isSure: boolean } {
  const inside: number[] = []
  let isSure = true
  for (const name of attempt(() => readdirSync('/proc')) ?? []) {
    const pid = Number(name)
    if (!(pid > 0) || known.get(pid) || search.spared.has(pid)) continue
    const found = decide(pid, search)
    if (found === 'inside') inside.push(pid)
    else if (found === 'other') known.set(pid, true)
    else {
      // Between fork and exec a process has no environment; with `env -i` it has none for good.
      if (found === 'bare') known.set(pid, known.has(pid))
      isSure = false
    }
  }
  return { inside, isSure }
}

function decide(pid: number, { directories, bornAfter }: Search): 'inside' | 'other' | 'bare' | 'gone' {
  const stat = readStat(pid)
  if (!stat) return 'gone'
  const at = stat.state === 'Z' ? livingThread(pid) : `/proc/${pid}`
  if (!at || stat.isKernels) return 'other'
  const environment = attempt(() => readFileSync(`${at}/environ`, 'utf8')) ?? ''
  const homes = environment.split('\0').filter(entry => /^(HOME|TMPDIR)=/.test(entry))
  const places = [
    ...homes.map(entry => entry.slice(entry.indexOf('=') + 1)),
    ...['cwd', 'root', 'exe'].map(name => attempt(() => readlinkSync(`${at}/${name}`)) ?? ''),
  ].filter(path => path !== '')
  if (places.length === 0) return readStat(pid) ? 'other' : 'gone'
  if (stat.birth > bornAfter) return 'inside'
  if (places.some(path => directories.some(directory => isInside(path, directory)))) return 'inside'
  return environment === '' ? 'bare' : 'other'
}

type Stat = { state: string; parent: number; birth: number; isKernels: boolean }

/** PF_KTHREAD in include/linux/sched.h. */
const KERNEL_THREAD = 0x0020_0000

/** A process whose first thread has ended looks dead while others go on. */
function livingThread(pid: number): string | undefined {
  const threads = attempt(() => readdirSync(`/proc/${pid}/task`)) ?? []
  const living = threads.find(thread => !/^[ZX]$/.test(readStat(`${pid}/task/${thread}`)?.state ?? 'X'))
  return living && `/proc/${pid}/task/${living}`
}

/** The birth is in ticks since the machine's. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function readStat(pid: number | string): Stat | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  // The name, in brackets, may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (
    fields && {
      state: fields[0] ?? '',
      parent: Number(fields[1]),
      birth: Number(fields[19]),
      isKernels: (Number(fields[6]) & KERNEL_THREAD) !== 0,
    }
  )
}

/** Whether an absolute path is the directory or lies below it. */
export function isInside(path: string, directory: string): boolean {
  if (!isAbsolute(path)) return false
  const way = relative(directory, path)
  return way !== '..' && !way.startsWith('../')
}

/** This process and all its parents. */
function ownLine(): Set<number> {
  const line = new Set<number>()
  for (let pid = process.pid; pid > 0 && !line.has(pid); pid = readStat(pid)?.parent ?? 0) line.add(pid)
  return line
}

/** What others do meanwhile is no fault: they end, or are another user's. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
