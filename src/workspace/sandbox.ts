import { chmod, lstat, mkdir, readdir } from 'node:fs/promises'
import { isAbsolute, join, normalize } from 'node:path'
import { UserError } from '../model/user-error.ts'
import { killOrphanProcesses } from './orphan-processes.ts'
import { removeTree } from './remove-tree.ts'

export type Sandbox = {
  directory: string
  /** Where the repository is checked out. */
  workspace: string
  /** The command's HOME. */
  home: string
  /** The command's TMPDIR. */
  temp: string
}

/** What stays in a sandbox between builds: a directory in it, from which all else is swept. */
export type Kept = { name: string; sweep(): Promise<void> }

/** Makes a sandbox of a directory: whatever an earlier build left there, running or lying, is gone. */
export async function openSandbox(
  directory: string,
  ownsMachine = false,
  kept: readonly Kept[] = [],
): Promise<Sandbox> {
  await cleanSandbox(directory, ownsMachine, kept)
  const inside = (name: string) => join(directory, name)
  const sandbox = { directory, workspace: inside('workspace'), home: inside('home'), temp: inside('temp') }
  for (const path of [sandbox.workspace, sandbox.home, sandbox.temp]) await mkdir(path, { mode: 0o700 })
  return sandbox
}

/**
 * Kills every process that lives in the sandbox and removes everything in it; the directory itself stays (on
 * Lambda it is `/tmp`). Links are removed, never followed. `isAlone`: nobody else's processes are on this machine.
 */
export async function cleanSandbox(
  directory: string,
  ownsMachine = false,
  kept: readonly Kept[] = [],
): Promise<void> {
  refuseUnlessOwn(directory)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if (!(await lstat(directory)).isDirectory())
    throw new UserError(
      `The sandbox ${directory} is no directory. Remove it, or set LAMBCI_SANDBOX to another.`,
    )
  const { remaining } = await killOrphanProcesses(directory, ownsMachine)
  if (remaining > 0)
    throw new UserError(
      `${remaining} processes of an earlier build in ${directory} start anew as fast as they are killed. End them by hand, or let this machine go.`,
    )
  const names = new Set(kept.map(({ name }) => name))
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    // A command may have put something else in the place of what is kept, or closed it.
    if (names.has(name) && (await lstat(path)).isDirectory()) await chmod(path, 0o700)
    else await removeTree(path)
  }
  for (const each of kept) await each.sweep()
}

function refuseUnlessOwn(directory: string) {
  const path = normalize(directory)
  if (!isAbsolute(directory) || path === '/' || path.includes('\0'))
    throw new UserError(
      `The sandbox must be an absolute path of a directory of its own, not "${directory}". Everything in it is removed before each build.`,
    )
}
