import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
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

/** The directory of the image with the scripts that commands source as `~/init/LANGUAGE`. Made by image/install-toolchains.sh. */
const TOOLCHAIN_SCRIPTS = '/opt/lambci/init'

/** A directory in the sandbox that is kept between builds. `sweep` removes the files in it that are no longer needed. */
export type PersistentDirectory = { name: string; sweep(): Promise<void> }

/**
 * Creates an empty sandbox. Kills the processes and removes the files that an earlier build left there.
 * @throws UserError if the directory cannot be used or emptied
 */
export async function openSandbox(
  directory: string,
  ownsMachine = false,
  persistent: readonly PersistentDirectory[] = [],
): Promise<Sandbox> {
  await cleanSandbox(directory, ownsMachine, persistent)
  const inside = (name: string) => join(directory, name)
  const sandbox = { directory, workspace: inside('workspace'), home: inside('home'), temp: inside('temp') }
  for (const path of [sandbox.workspace, sandbox.home, sandbox.temp]) mkdirSync(path, { mode: 0o700 })
  if (existsSync(TOOLCHAIN_SCRIPTS)) symlinkSync(TOOLCHAIN_SCRIPTS, join(sandbox.home, 'init'))
  return sandbox
}

/**
 * Kills every process in the sandbox and removes its content, but not the directory itself (on Lambda it is `/tmp`).
 * Links are removed, not followed.
 * @param ownsMachine whether every process on this machine that is younger than this one belongs to the build
 * @throws UserError if the directory cannot be used or emptied
 */
export async function cleanSandbox(
  directory: string,
  ownsMachine = false,
  persistent: readonly PersistentDirectory[] = [],
): Promise<void> {
  requireSafePath(directory)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (!lstatSync(directory).isDirectory())
    throw new UserError(
      `The sandbox ${directory} is not a directory. Remove it, or set LAMBCI_SANDBOX to another path.`,
    )
  const { remaining } = await killOrphanProcesses(directory, ownsMachine)
  if (remaining > 0)
    throw new UserError(
      `${remaining} processes of an earlier build in ${directory} restart as fast as they are killed. End them by hand, or replace this machine.`,
    )
  const names = new Set(persistent.map(({ name }) => name))
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    // A command may have replaced the directory or changed its mode.
    if (names.has(name) && lstatSync(path).isDirectory()) chmodSync(path, 0o700)
    else await removeTree(path)
  }
  for (const each of persistent) await each.sweep()
}

function requireSafePath(directory: string) {
  const path = normalize(directory)
  if (!isAbsolute(directory) || path === '/' || path.includes('\0'))
    throw new UserError(
      `The sandbox must be the absolute path of a dedicated directory, not "${directory}". Everything in it is removed before each build.`,
    )
}
