import type { OutputPipe } from './output-pipe.ts'

/**
 * The state of processes that still held the output when the shell had ended: they ended, too; they were silent, and may have been about to
 * write; or they continued to write.
 */
export type BackgroundEnd = 'ended' | 'silent' | 'writing'

const TICK_MS = 100
/** Processes that have written nothing for this many ticks count as daemons. */
const QUIET_TICKS = 3
/** More comes from a process that does not end by itself. */
const MAX_BYTES = 64 * 1024 * 1024

export type BackgroundLimits = {
  /** How long output is taken. */
  limitMs: number
  isTooLate: () => boolean
  /** Whether a process still gets input that it may write to the output. */
  isFiltering: () => boolean
}

/** Takes the output of processes that the shell has left in the background, as long as it keeps coming. */
export async function takeBackgroundOutput(
  pipe: OutputPipe,
  { limitMs, isTooLate, isFiltering }: BackgroundLimits,
): Promise<BackgroundEnd> {
  const end = performance.now() + limitMs
  const maxBytes = pipe.bytes + MAX_BYTES
  let quiet = 0
  // A filter that ends may just have written, so wait for another silent tick.
  let isFiltered = false
  for (let before = pipe.bytes; !(await pipe.settle(TICK_MS)); before = pipe.bytes) {
    quiet = pipe.bytes > before || pipe.isConsuming ? 0 : quiet + 1
    if (quiet >= QUIET_TICKS && !isFiltered) return 'silent'
    isFiltered = quiet >= QUIET_TICKS - 1 && isFiltering()
    if (performance.now() > end || pipe.bytes > maxBytes) return 'writing'
    if (isTooLate()) return quiet > 0 ? 'silent' : 'writing'
  }
  return 'ended'
}

/** Describes such an end for the log; null if nothing can be missing. */
export function describeBackgroundEnd(end: BackgroundEnd): string | null {
  if (end === 'ended') return null
  return end === 'silent'
    ? 'Processes that were left in the background have been ended. Their remaining output is missing from this log'
    : 'Output was cut off: processes in the background went on writing after the command had ended, and have been ended'
}
