import { readLog } from '../../log/reader.ts'
import { type BuildRef, buildKeys } from '../../records/keys.ts'
import type { Store } from '../../records/store.ts'
import { isRed } from '../../records/wording.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { followLog, waitForEnd } from './follow.ts'
import { findBuild } from './targets.ts'

const PART_BYTES = 4 * 1024 * 1024

/** `lambci logs`: prints a build's log as it is now or, with `follow`, until it ends. Answers the exit code. */
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

/** Prints a build's log while it grows; answers the build's exit code. */
export async function printToEnd(store: Store, build: BuildRef): Promise<number> {
  for await (const bytes of followLog(store, build)) await print(bytes)
  return isRed(await waitForEnd(store, build)) ? 1 : 0
}

/** Waits for whoever reads: what is written faster would be lost, or fill the memory. */
const print = (bytes: Uint8Array) =>
  new Promise<void>(written => process.stdout.write(bytes, () => written()))
