import { randomUUID } from 'node:crypto'
import { rename, symlink } from 'node:fs/promises'
import { execa } from 'execa'

const TIMEOUT_MS = 240_000

/** Makes a link, or replaces one at once: another run may be using it. */
export async function link(target: string, path: string): Promise<void> {
  const unused = `${path}.${randomUUID()}`
  await symlink(target, unused)
  await rename(unused, path)
}

export const succeeds = async ([file = '', ...args]: readonly string[]): Promise<boolean> =>
  (await execa(file, args, { reject: false, timeout: 30_000 })).exitCode === 0

/** @throws Error that begins with `failure`, and has what the program wrote */
export async function run(
  failure: string,
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  const { failed, timedOut, all } = await execa(file, args, {
    reject: false,
    all: true,
    env,
    timeout: TIMEOUT_MS,
  })
  if (!failed) return
  const reason = timedOut ? `It was stopped after ${TIMEOUT_MS / 1000} seconds. ` : ''
  throw new Error(`${failure}. ${reason}${all?.slice(-2000) ?? ''}`)
}

/** As `run`, once more if it fails: a registry of packages may be slow for the moment. What it has downloaded, it keeps. */
export const runTwice = (...call: Parameters<typeof run>) =>
  run(...call).catch(error => {
    console.log(`${(error as Error).message.slice(0, 500)}\nOnce more`)
    return run(...call)
  })
