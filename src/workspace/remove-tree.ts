import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { UserError } from '../model/user-error.ts'

/** Removes all that lies in a directory but these paths; a directory that is not there is empty. */
export async function removeAllBut(directory: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name)
    if (!kept.has(path)) await removeTree(path)
  }
}

/** Removes whatever a build has made; links are removed, never followed. */
export async function removeTree(path: string) {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 })
  } catch {
    // Read-only directories (Go's module cache) and paths longer than the system takes: what walks down by steps can.
    const options = { env: { PATH: process.env.PATH ?? '/usr/bin:/bin' }, extendEnv: false, reject: false }
    await execa('chmod', ['-R', 'u+rwX', '--', path], options)
    const { failed } = await execa('rm', ['-rf', '--', path], options)
    if (failed) throw new UserError('The sandbox cannot be emptied of what an earlier build has left in it.')
  }
}
