import { sizeOf } from '../records/size-of.ts'
import type { Entry, Store } from '../records/store.ts'
import { lastLines } from './last-lines.ts'
import { LINE_INDEX_LIMIT, type LineIndex, lineIndexSchema } from './line-index.ts'
import {
  beforeSegments,
  firstByteOf,
  isSegment,
  type LogKeys,
  MOST_PIECES,
  segmentsPrefix,
} from './log-keys.ts'

/** The largest segment that the streamer writes. A segment with a byte begins at most this far before it. */
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024
/** Segments read per call: a log of many small segments takes several calls. */
const MAX_SEGMENTS = 32
/** How much of the end of a log is read for its last lines: more if a progress bar or an endless line fills that. */
const TAIL_BYTES = [64 * 1024, 512 * 1024, 4 * 1024 * 1024]
const WIDTH = 500
/** This many bytes are enough for a mail. */
const TEXT_ENOUGH = 20 * WIDTH

export type LogPart = {
  bytes: Uint8Array
  /** The byte after this part. */
  next: number
  /** Whether the log is complete and was read to its end. */
  ended: boolean
}

/** Reads at most `maxBytes` of a log from byte `from` on, whether it is complete or still growing. */
export async function readLog(store: Store, keys: LogKeys, from: number, maxBytes: number): Promise<LogPart> {
  const whole = await store.getRange(keys.whole, from, maxBytes)
  if (whole) return { bytes: whole, next: from + whole.length, ended: whole.length < maxBytes }
  const bytes = await readSegments(store, await segmentsFrom(store, keys, from), from, maxBytes)
  // More may have been written since the segments were listed: the log has ended only beyond the end of `log.txt`.
  const size = bytes.length === 0 ? await sizeOf(store, keys.whole) : null
  const ended = size !== null && from >= size
  return { bytes, next: from + bytes.length, ended }
}

/**
 * Returns the last `count` lines, as a terminal would show them, and shortened to `width` characters. Reads the last 64 KiB of the log, or
 * up to 4 MiB if hardly any of that is visible.
 */
export async function tail(store: Store, keys: LogKeys, count = 20, width = WIDTH): Promise<string> {
  const size = await sizeOf(store, keys.whole)
  const read = (length: number) =>
    size === null ? endOfSegments(store, keys, length) : endOfWhole(store, keys.whole, size, length)
  let lines: string[] = []
  for (const length of TAIL_BYTES) {
    const bytes = await read(length)
    lines = lastLines(Buffer.from(bytes).toString(), count, width)
    if (bytes.length < length || lines.length === count || lines.join('\n').length >= TEXT_ENOUGH) break
  }
  return lines.join('\n')
}

/**
 * Reads the line index. Null if the log is too small for one, or if the record is invalid or was written after the end.
 * @param endedAt when the job ended; null while it runs
 */
export async function readLineIndex(
  store: Store,
  keys: LogKeys,
  endedAt: Date | null = null,
): Promise<LineIndex | null> {
  if (endedAt !== null) {
    const [entry] = await store.list(keys.lines, { limit: 1 })
    if (entry?.key !== keys.lines || entry.modifiedAt > endedAt) return null
  }
  const stored = await store.getRange(keys.lines, 0, LINE_INDEX_LIMIT)
  if (!stored) return null
  try {
    return lineIndexSchema.safeParse(JSON.parse(Buffer.from(stored).toString('utf8'))).data ?? null
  } catch {
    return null
  }
}

async function endOfWhole(store: Store, key: string, size: number, length: number): Promise<Uint8Array> {
  return (await store.getRange(key, Math.max(0, size - length), length)) ?? new Uint8Array()
}

async function endOfSegments(store: Store, keys: LogKeys, length: number): Promise<Uint8Array> {
  const segments = (await listSegments(store, keys)).slice(-MAX_SEGMENTS)
  const [first] = segments
  if (!first) return new Uint8Array()
  const from = Math.max(firstByteOf(first.key), endOf(segments) - length)
  return readSegments(
    store,
    segments.filter(segment => endOf([segment]) > from),
    from,
    length,
  )
}

const endOf = (segments: Entry[]) => {
  const last = segments.at(-1)
  return last ? firstByteOf(last.key) + last.size : 0
}

async function segmentsFrom(store: Store, keys: LogKeys, from: number): Promise<Entry[]> {
  const before = from - MAX_SEGMENT_BYTES
  const segments = await listSegments(store, keys, before >= 0 ? keys.segment(before) : undefined)
  return segments.filter(segment => endOf([segment]) > from)
}

/** At most `MOST_PIECES`, in their order. Other objects there cause no further requests. */
export async function listSegments(
  store: Store,
  keys: LogKeys,
  startAfter = beforeSegments(keys),
): Promise<Entry[]> {
  const entries = await store.list(segmentsPrefix(keys), { startAfter, limit: MOST_PIECES })
  return entries.filter(isSegment)
}

/** Reads bytes after `from`, starting in the first of the given segments. Stops at a gap. */
async function readSegments(store: Store, segments: Entry[], from: number, maxBytes: number) {
  const ranges: Promise<Uint8Array | null>[] = []
  let at = from
  const end = from + maxBytes
  for (const { key, size } of segments.slice(0, MAX_SEGMENTS)) {
    const first = firstByteOf(key)
    if (first > at || at >= end) break
    const length = Math.min(first + size, end) - at
    ranges.push(store.getRange(key, at - first, length))
    at += length
  }
  const parts = await Promise.all(ranges)
  const missing = parts.indexOf(null)
  return Buffer.concat((missing === -1 ? parts : parts.slice(0, missing)) as Uint8Array[])
}
