import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** More passes than this, and it is a fork bomb that outruns us. */
const MAX_PASSES = 100
const PAUSE_MS = 10

type Sighting = { inside: number[]; unknown: Set<number> }

/**
 * Kills every process that belongs to the sandbox: HOME or TMPDIR, the working directory, the root or the program
 * lies inside it. That finds daemons which left the process group and the session. Where the machine is ours alone
 * (`isAlone`, as on Lambda), every process that is younger than this one belongs to it too, however it hides. Never
 * touches this process, its parents, or processes that it may not read. Without /proc (macOS) it does nothing.
 * Returns how many were killed and how many are still there.
 */
export async function killLeftBehind(
  sandbox: string,
  isAlone = false,
): Promise<{ killed: number; remaining: number }> {
  const directories = [sandbox, await realpath(sandbox).catch(() => sandbox)]
  const spared = await ownLine()
  const bornAfter = isAlone ? await birthOf(process.pid) : Number.POSITIVE_INFINITY
  const search = { directories, spared, bornAfter }
  const killed = new Set<number>()
  let before = new Set<number>()
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const { inside, unknown } = await look(search)
    // One that ended while we looked may have left a child that was not yet there when the list was made.
    if (inside.length === 0 && [...unknown].every(pid => before.has(pid)))
      return { killed: killed.size, remaining: 0 }
    before = unknown
    for (const pid of inside) {
      kill(pid)
      killed.add(pid)
    }
    if (inside.length > 0) await sleep(PAUSE_MS)
  }
  return { killed: killed.size, remaining: (await look(search)).inside.length }
}

type Search = { directories: string[]; spared: Set<number>; bornAfter: number }

async function look({ directories, spared, bornAfter }: Search): Promise<Sighting> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter(name => /^\d+$/.test(name)).map(Number)
  const others = pids.filter(pid => !spared.has(pid))
  const places = await Promise.all(others.map(placesOf))
  // Only where it counts: who starts anew all the time must not gain on us.
  const births = bornAfter === Number.POSITIVE_INFINITY ? [] : await Promise.all(others.map(birthOf))
  const isIn = (path: string) => directories.some(directory => isInside(path, directory))
  return {
    inside: others.filter(
      (_, index) => places[index]?.some(isIn) || (places[index] && (births[index] ?? 0) > bornAfter),
    ),
    unknown: new Set(others.filter((_, index) => places[index] === undefined)),
  }
}

/** Where a process lives; undefined when it has ended or is none of ours. */
async function placesOf(pid: number): Promise<string[] | undefined> {
  const links = ['cwd', 'root', 'exe'].map(name => readlink(`/proc/${pid}/${name}`).catch(() => ''))
  const places = [...(await Promise.all(links)), ...(await homesOf(pid))].filter(path => path !== '')
  const hasEnded = await readlink(`/proc/${pid}/cwd`).then(
    () => false,
    () => true,
  )
  return hasEnded ? undefined : places
}

/** When a process began, in ticks since the machine did; 0 for one that has ended. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function birthOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name, in brackets, may hold anything.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 0)
}

async function homesOf(pid: number): Promise<string[]> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  const homes = environment.split('\0').filter(entry => /^(HOME|TMPDIR)=/.test(entry))
  return homes.map(entry => entry.slice(entry.indexOf('=') + 1))
}

/** Whether an absolute path is the directory or lies below it. */
export function isInside(path: string, directory: string): boolean {
  if (!isAbsolute(path)) return false
  const way = relative(directory, path)
  return way !== '..' && !way.startsWith('../')
}

/** This process and all its parents. */
async function ownLine(): Promise<Set<number>> {
  const line = new Set<number>()
  for (let pid = process.pid; pid > 0 && !line.has(pid); ) {
    line.add(pid)
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    pid = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0)
  }
  return line
}

function kill(pid: number) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone by itself, or another user's.
  }
}
