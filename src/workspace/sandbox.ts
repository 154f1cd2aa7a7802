import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { isAbsolute, join, normalize } from 'node:path'
import { execa } from 'execa'
import { Problem } from '../problem.ts'
import { killLeftBehind } from './left-behind.ts'

export type Sandbox = {
  directory: string
  /** Where the repository is checked out. */
  workspace: string
  /** The command's HOME. */
  home: string
  /** The command's TMPDIR. */
  temp: string
}

/** Makes a sandbox of a directory: whatever an earlier build left there, running or lying, is gone. */
export async function openSandbox(directory: string, isAlone = false): Promise<Sandbox> {
  await cleanSandbox(directory, isAlone)
  const inside = (name: string) => join(directory, name)
  const sandbox = { directory, workspace: inside('workspace'), home: inside('home'), temp: inside('temp') }
  for (const path of [sandbox.workspace, sandbox.home, sandbox.temp]) await mkdir(path, { mode: 0o700 })
  return sandbox
}

/**
 * Kills every process that lives in the sandbox and removes everything in it; the directory itself stays (on
 * Lambda it is `/tmp`). Links are removed, never followed. `isAlone`: nobody else's processes are on this machine.
 */
export async function cleanSandbox(directory: string, isAlone = false): Promise<void> {
  refuseUnlessOwn(directory)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if (!(await lstat(directory)).isDirectory())
    throw new Problem(
      `The sandbox ${directory} is no directory. Remove it, or set LAMBCI_SANDBOX to another.`,
    )
  const { remaining } = await killLeftBehind(directory, isAlone)
  if (remaining > 0)
    throw new Problem(
      `${remaining} processes of an earlier build in ${directory} start anew as fast as they are killed. End them by hand, or let this machine go.`,
    )
  for (const name of await readdir(directory)) await removeTree(join(directory, name))
}

function refuseUnlessOwn(directory: string) {
  const path = normalize(directory)
  if (!isAbsolute(directory) || path === '/' || path.includes('\0'))
    throw new Problem(
      `The sandbox must be an absolute path of a directory of its own, not "${directory}". Everything in it is removed before each build.`,
    )
}

async function removeTree(path: string) {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 })
  } catch {
    // Read-only directories (Go's module cache) and paths longer than the system takes: what walks down by steps can.
    const options = { env: { PATH: process.env.PATH ?? '/usr/bin:/bin' }, extendEnv: false, reject: false }
    await execa('chmod', ['-R', 'u+rwX', '--', path], options)
    const { failed } = await execa('rm', ['-rf', '--', path], options)
    if (failed) throw new Problem('The sandbox cannot be emptied of what an earlier build has left in it.')
  }
}
