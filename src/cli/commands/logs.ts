import { readLog } from '../../log/reader.ts'
import { type BuildRef, jobKeys } from '../../records/keys.ts'
import type { Store } from '../../records/store.ts'
import { type Io, printBytes } from '../io.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { exitCodeOf, followLog, waitForEnd } from './follow.ts'
import { findBuild } from './targets.ts'

const PART_BYTES = 4 * 1024 * 1024

/**
 * `lambci logs`: prints the log of a build as far as it is written; with `follow`, until the build ends. Returns the
 * exit code.
 */
export async function printLogs(
  target: string,
  options: StackOptions & { follow?: boolean },
  io: Io,
): Promise<number> {
  using stack = await findStack(options, io.env)
  const { store } = stack
  const build = await findBuild(store, target)
  if (options.follow) return await printToEnd(store, build, io)
  for (let from = 0; ; ) {
    const { bytes, next } = await readLog(store, jobKeys(build).log, from, PART_BYTES)
    if (bytes.length === 0) break
    await printBytes(io, bytes)
    from = next
  }
  return 0
}

/** Prints the log of a build until the build ends. Returns the exit code of the build. */
export async function printToEnd(store: Store, build: BuildRef, io: Io): Promise<number> {
  for await (const bytes of followLog(store, build)) await printBytes(io, bytes)
  return exitCodeOf(await waitForEnd(store, build))
}
