import { rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../model/user-error.ts'

/** Removes everything in a directory except these paths. A missing directory counts as empty. */
export async function removeAllExcept(directory: string, retained: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name)
    if (!retained.has(path)) await removeTree(path)
  }
}

/**
 * Removes anything that a build may have created. Links are removed, not followed.
 * @throws UserError if something cannot be removed
 */
export async function removeTree(path: string) {
  try {
    // Synchronous, which takes a third of the time. There is nothing else to do meanwhile.
    rmSync(path, { recursive: true, force: true, maxRetries: 2 })
  } catch {
    // Read-only directories (Go's module cache) and paths longer than PATH_MAX: chmod and rm descend step by step.
    // Loaded only here: no build needs it at its start.
    const { execa } = await import('execa')
    const options = { env: { PATH: process.env.PATH ?? '/usr/bin:/bin' }, extendEnv: false, reject: false }
    await execa('chmod', ['-R', 'u+rwX', '--', path], options)
    const { failed } = await execa('rm', ['-rf', '--', path], options)
    if (failed)
      throw new UserError(
        `Files of an earlier build in the sandbox cannot be removed: ${path}. Remove them by hand.`,
      )
  }
}
