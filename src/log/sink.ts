import { describeBytes } from '../model/describe-bytes.ts'
import type { Entry, Store } from '../records/store.ts'
import { LineCounter } from './line-index.ts'
import { firstByteOf, LOG_TYPE, type LogKeys } from './log-keys.ts'
import { runnerLine } from './runner-line.ts'
import { WholeLog } from './whole-log.ts'

export type LogSink = {
  /** Counts the lines of the log as they are written. The index covers what is stored of them. */
  lines: LineCounter
  /** Stores a segment. May be retried with the same arguments. */
  upload(firstByte: number, bytes: Uint8Array): Promise<void>
  /** Adds a stored segment to `log.txt`, in the order of the log. May be retried with the same arguments. Keeps nothing but the last. */
  stored(firstByte: number, bytes: Uint8Array): Promise<void>
  /** Completes `log.txt`. May be retried. */
  finish(): Promise<void>
  /** Stores the end of the log as a segment, if `log.txt` cannot be completed. */
  storeRest(): Promise<void>
}

/** Smaller logs are read as a whole and need no line index. */
const INDEXED_BYTES = 1024 * 1024
/** How often the index of a growing log is written. */
const INDEX_INTERVAL_MS = 1000

/**
 * Stores a log in the bucket: as segments while it grows, and as one object at the end. The parts of a large object are uploaded while the
 * command still runs. Stored objects are never changed; the job is not allowed to.
 */
export function createSink(store: Store, keys: LogKeys, indexIntervalMs = INDEX_INTERVAL_MS): LogSink {
  const whole = new WholeLog(store, keys.whole, true)
  const lines = new LineCounter()
  const uploaded = new Set<number>()
  /** The end of the log, without a segment of its own. Nothing follows that would overwrite it. */
  let rest: { firstByte: number; bytes: Uint8Array } | null = null
  let added = 0
  let indexed = 0
  let indexedAt = Number.NEGATIVE_INFINITY
  const writeIndex = async (isComplete = false) => {
    const isDue = performance.now() - indexedAt >= indexIntervalMs
    if (added < indexed + INDEXED_BYTES || !(isDue || isComplete)) return
    indexed = added
    indexedAt = performance.now()
    // The index is optional: without it, readers just read more.
    await store.put(keys.lines, JSON.stringify(lines.indexOf(added)), 'application/json').catch(() => {})
  }
  return {
    lines,
    upload: async (firstByte, bytes) => {
      await store.putOnce(keys.segment(firstByte), bytes, LOG_TYPE)
      uploaded.add(firstByte)
    },
    stored: async (firstByte, bytes) => {
      if (firstByte === added) {
        if (whole.canCopy(bytes.length)) whole.copy(keys.segment(firstByte), bytes.length)
        else whole.add(bytes)
        if (!uploaded.has(firstByte)) rest = { firstByte, bytes }
        added += bytes.length
      }
      await Promise.all([whole.advance(), writeIndex()])
    },
    finish: async () => {
      await Promise.all([whole.finish(), writeIndex(true)])
    },
    storeRest: async () => {
      if (rest) await store.putOnce(keys.segment(rest.firstByte), rest.bytes, LOG_TYPE)
    },
  }
}

/** A job of 15 minutes writes about one per second. */
const MOST_SEGMENTS = 2000
/** Half a minute's work. The logs of real jobs are smaller. */
const MOST_READ_BYTES = 512 * 1024 * 1024

/**
 * Composes `log.txt` from the stored segments of a build whose process died, and adds a last line. Segments beyond the capacity of one
 * invocation of report are left in place. Returns the numbers of bytes read and of objects added.
 * @param segments in the order of their keys
 */
export async function composeLog(
  store: Store,
  segments: Entry[],
  wholeKey: string,
  lastLine: string,
): Promise<{ bytes: number; objects: number }> {
  const whole = new WholeLog(store, wholeKey, false)
  let end = 0
  let left = MOST_READ_BYTES
  let objects = 0
  for (const [index, { key, size }] of segments.entries()) {
    if (index === MOST_SEGMENTS || (size > left && !whole.canCopy(size))) {
      whole.add(Buffer.from(`\n${runnerLine(`The rest of the log is in the bucket, from ${key} on`)}`))
      break
    }
    // Two segments are uploaded at a time, so the first may be missing.
    const missing = firstByteOf(key) - end
    if (missing > 0)
      whole.add(Buffer.from(`\n${runnerLine(`${describeBytes(missing)} of the log are missing here`)}`))
    end = firstByteOf(key) + size
    left -= await whole.addStored(key, size)
    objects++
  }
  whole.add(Buffer.from((await endsWithinLine(store, segments.at(-1))) ? `\n${lastLine}` : lastLine))
  await whole.finish()
  return { bytes: MOST_READ_BYTES - left, objects }
}

async function endsWithinLine(store: Store, last: Entry | undefined): Promise<boolean> {
  if (!last || last.size === 0) return false
  const [byte] = (await store.getRange(last.key, last.size - 1, 1)) ?? []
  return byte !== 0x0a
}
