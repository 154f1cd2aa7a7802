import { readLog } from '../../log/reader.ts'
import { type BuildRef, buildKeys } from '../../records/keys.ts'
import type { Store } from '../../records/store.ts'
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
): Promise<number> {
  const { store } = await findStack(options)
  const build = await findBuild(store, target)
  if (options.follow) return printToEnd(store, build)
  for (let from = 0; ; ) {
    const { bytes, next } = await readLog(store, buildKeys(build).log, from, PART_BYTES)
    if (bytes.length === 0) break
    await print(bytes)
    from = next
  }
  return 0
}

/** Prints the log of a build until the build ends. Returns the exit code of the build. */
export async function printToEnd(store: Store, build: BuildRef): Promise<number> {
  for await (const bytes of followLog(store, build)) await print(bytes)
  return exitCodeOf(await waitForEnd(store, build))
}

/** Waits until the bytes are written: with a slow reader they would otherwise be lost or fill the memory. */
const print = (bytes: Uint8Array) =>
  new Promise<void>(resolve => process.stdout.write(bytes, () => resolve()))
