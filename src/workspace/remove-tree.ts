import { rm } from 'node:fs/promises'
import { execa } from 'execa'
import { Problem } from '../problem.ts'

/** Removes whatever a build has made; links are removed, never followed. */
export async function removeTree(path: string) {
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
