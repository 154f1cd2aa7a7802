import { chmodSync, lstatSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A file system with a slower clock is not waited for. */
const TIMEOUT_MS = 100

/**
 * The latest ctime (ms since 1970) that any change below a directory can have had so far. Returns once every later change has a later one:
 * file systems take times from a clock that advances in ticks of a few milliseconds. Returns 0, which is before every change, if that takes
 * too long.
 */
export async function settleFileTime(directory: string): Promise<number> {
  const probe = join(directory, 'file-time')
  writeFileSync(probe, '')
  try {
    const { ctimeMs } = lstatSync(probe)
    for (const end = performance.now() + TIMEOUT_MS; performance.now() < end; await sleep(1)) {
      chmodSync(probe, 0o600)
      if (lstatSync(probe).ctimeMs > ctimeMs) return ctimeMs
    }
    return 0
  } finally {
    rmSync(probe)
  }
}
