import type { Entry, Store } from '../records/store.ts'
import { describeBytes } from './limiter.ts'
import { LineCounter } from './line-index.ts'
import { firstByteOf, LOG_TYPE, type LogKeys } from './log-keys.ts'
import { runnerLine } from './runner-line.ts'
import { WholeLog } from './whole-log.ts'

export type LogSink = {
  /** Stores a segment, the streamer's callback: after a failure it is called again with the same arguments. */
  upload(firstByte: number, bytes: Uint8Array): Promise<void>
  /** Takes a stored segment into the whole, in the order of the log; may be called again as well. */
  stored(firstByte: number, bytes: Uint8Array): Promise<void>
  /** Makes `log.txt` whole. May be called again when it fails. */
  finish(): Promise<void>
  /** Where there is no whole, its end becomes a segment. */
  storeRest(): Promise<void>
}

/** A log below it is read at once: its lines need no index. */
const INDEXED_BYTES = 1024 * 1024

/**
 * Keeps a log in the bucket: each segment as an object of its own for those who read along, and at the end the
 * whole. The parts of a large whole go up while the command still runs.
 */
export function createSink(store: Store, keys: LogKeys): LogSink {
  const whole = new WholeLog(store, keys.whole)
  const counter = new LineCounter()
  const up = new Set<number>()
  let rest: { firstByte: number; bytes: Uint8Array } | null = null
  let taken = 0
  let indexed = 0
  const writeIndex = async () => {
    if (taken < indexed + INDEXED_BYTES) return
    indexed = taken
    // Whoever reads without it reads more; the log itself is whole.
    await store.put(keys.lines, JSON.stringify(counter.index), 'application/json').catch(() => {})
  }
  return {
    upload: async (firstByte, bytes) => {
      await store.put(keys.segment(firstByte), bytes, LOG_TYPE)
      up.add(firstByte)
    },
    stored: async (firstByte, bytes) => {
      if (firstByte === taken) {
        if (whole.canCopy(bytes.length)) whole.copy(keys.segment(firstByte), bytes.length)
        else whole.add(bytes)
        if (!up.has(firstByte)) rest = { firstByte, bytes }
        counter.add(bytes)
        taken += bytes.length
      }
      await Promise.all([whole.advance(), writeIndex()])
    },
    finish: () => whole.finish(),
    storeRest: async () => {
      if (rest) await store.put(keys.segment(rest.firstByte), rest.bytes, LOG_TYPE)
    },
  }
}

/**
 * Makes `log.txt` whole from its stored segments, for a build that died, and adds a last line that says so.
 * `segments` come in the order of their keys.
 */
export async function composeLog(
  store: Store,
  segments: Entry[],
  wholeKey: string,
  lastLine: string,
): Promise<void> {
  const whole = new WholeLog(store, wholeKey)
  let end = 0
  for (const { key, size } of segments) {
    // Two go up at a time, and the first of them may not have come.
    const missing = firstByteOf(key) - end
    if (missing > 0)
      whole.add(Buffer.from(`\n${runnerLine(`${describeBytes(missing)} of the log were lost here`)}`))
    end = firstByteOf(key) + size
    if (whole.canCopy(size)) whole.copy(key, size)
    else whole.add((await store.get(key))?.body ?? new Uint8Array())
    await whole.advance()
  }
  whole.add(Buffer.from((await endsInLine(store, segments.at(-1))) ? `\n${lastLine}` : lastLine))
  await whole.finish()
}

async function endsInLine(store: Store, last: Entry | undefined): Promise<boolean> {
  if (!last || last.size === 0) return false
  const [byte] = (await store.getRange(last.key, last.size - 1, 1)) ?? []
  return byte !== 0x0a
}
