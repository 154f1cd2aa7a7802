import type { LineIndex } from '../../log/line-index.ts'
import { afterLineFeeds, concat, countLineFeeds, sizeOf } from './bytes.ts'

export type LogPart = { bytes: Uint8Array; ended: boolean }
/** Fetches at most `length` bytes of the log, from byte `from` on. */
export type FetchPart = (from: number, length: number) => Promise<LogPart>
/** A line without its line feed. `more` is true if it was truncated. */
export type Line = { number: number; bytes: Uint8Array; more: boolean }

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const BLOCK_BYTES = 64 * 1024
/** The largest response of the server. */
export const PART_BYTES = 4 * 1024 * 1024
/** Longer lines are truncated. */
const MAX_LINE_BYTES = 32 * 1024
const CACHE_BYTES = 24 * 1024 * 1024

/**
 * Provides the lines of a log on demand. The log is divided into blocks. The number of lines before each block is
 * known for the part that has been read or is indexed, so only blocks with requested lines are fetched.
 */
export class LogSource {
  readonly #fetch: FetchPart
  readonly #blockBytes: number
  /** Line feeds before each block. The last entry is for the incomplete block, `#tail`. */
  readonly #lineFeedsBefore: number[]
  /** Blocks by number, the most recently used last. */
  readonly #cache = new Map<number, Promise<Uint8Array>>()
  #tail: Uint8Array = new Uint8Array()
  #lineFeeds: number
  #endsLine = true
  #advancing: Promise<number> | null = null
  ended = false
  /** Called with the bytes that follow the known ones, how many lines end before them, and whether they begin within a line. */
  onAppend: (bytes: Uint8Array, before: number, isWithinLine: boolean) => void = () => {}

  constructor(fetch: FetchPart, index: LineIndex | null) {
    this.#fetch = fetch
    this.#blockBytes = index?.stride ?? BLOCK_BYTES
    this.#lineFeedsBefore = [...(index?.lines ?? [0])]
    this.#lineFeeds = this.#lineFeedsBefore.at(-1) ?? 0
  }

  /** The number of bytes whose lines are known. */
  get size(): number {
    return (this.#lineFeedsBefore.length - 1) * this.#blockBytes + this.#tail.length
  }

  get lineCount(): number {
    return this.#lineFeeds + (this.#endsLine ? 0 : 1)
  }

  /** Reads the bytes after the known ones. Returns how many were read. */
  advance(): Promise<number> {
    // Concurrent calls must not read the same bytes twice.
    this.#advancing ??= this.#advance().finally(() => {
      this.#advancing = null
    })
    return this.#advancing
  }

  async #advance(): Promise<number> {
    const { bytes, ended } = await this.#fetch(this.size, PART_BYTES)
    this.#append(bytes)
    this.ended = ended
    return bytes.length
  }

  /** Returns up to `count` lines from number `from` on. The first line is 1. */
  async lines(from: number, count: number): Promise<Line[]> {
    const found: Line[] = []
    let block = this.#blockOfLineFeed(from - 1)
    let bytes = await this.#read(block)
    let at = afterLineFeeds(bytes, from - 1 - (this.#lineFeedsBefore[block] ?? 0))
    let parts: Uint8Array[] = []
    while (found.length < count) {
      const end = bytes.indexOf(LINE_FEED, at)
      parts.push(bytes.subarray(at, end < 0 ? bytes.length : end))
      const number = from + found.length
      const isLast = block === this.#lineFeedsBefore.length - 1
      if (end >= 0 || isLast) {
        if (end >= 0 || sizeOf(parts) > 0) found.push(lineOf(number, parts))
        if (end < 0) break
        parts = []
        at = end + 1
      } else {
        // The truncated rest of a long line need not be fetched.
        block =
          sizeOf(parts) > MAX_LINE_BYTES ? Math.max(block + 1, this.#blockOfLineFeed(number)) : block + 1
        bytes = await this.#read(block)
        at = 0
      }
    }
    return found
  }

  /** Yields all known lines as text in large pieces, each with the number of its first line. */
  async *pieces(): AsyncGenerator<{ first: number; lines: string[]; bytes: number }> {
    const decoder = new TextDecoder()
    let rest = ''
    let first = 1
    for (let from = 0; from < this.size; ) {
      const { bytes } = await this.#fetch(from, PART_BYTES)
      if (bytes.length === 0) break
      from += bytes.length
      const lines = (rest + decoder.decode(bytes, { stream: from < this.size })).split('\n')
      const last = lines.pop() ?? ''
      // Limits the memory that an endless line takes.
      rest = last.slice(0, PART_BYTES)
      if (lines.length > 0) yield { first, lines, bytes: from }
      first += lines.length
    }
    if (rest !== '') yield { first, lines: [rest], bytes: this.size }
  }

  /** The block that contains the line feed with this number: the last block with fewer line feeds before it. */
  #blockOfLineFeed(number: number): number {
    let [low, high] = [0, this.#lineFeedsBefore.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#lineFeedsBefore[middle] ?? 0) < number) low = middle
      else high = middle - 1
    }
    return low
  }

  #read(block: number): Promise<Uint8Array> {
    if (block >= this.#lineFeedsBefore.length - 1) return Promise.resolve(this.#tail)
    const bytes = this.#cache.get(block) ?? this.#fetchBlock(block)
    // Moves it to the end: the first block is evicted first.
    this.#cache.delete(block)
    this.#addToCache(block, bytes)
    return bytes
  }

  async #fetchBlock(block: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let at = block * this.#blockBytes, end = at + this.#blockBytes; at < end; ) {
      const { bytes } = await this.#fetch(at, Math.min(end - at, PART_BYTES))
      if (bytes.length === 0) break
      parts.push(bytes)
      at += bytes.length
    }
    return concat(parts)
  }

  #addToCache(block: number, bytes: Promise<Uint8Array>) {
    this.#cache.set(block, bytes)
    bytes.catch(() => this.#cache.delete(block))
    const capacity = Math.max(2, Math.floor(CACHE_BYTES / this.#blockBytes))
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= capacity) break
      this.#cache.delete(oldest)
    }
  }

  #append(bytes: Uint8Array) {
    this.onAppend(bytes, this.#lineFeeds, !this.#endsLine)
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#blockBytes - this.#tail.length)
      at += part.length
      this.#tail = concat([this.#tail, part])
      this.#lineFeeds += countLineFeeds(part)
      if (this.#tail.length === this.#blockBytes) {
        this.#addToCache(this.#lineFeedsBefore.length - 1, Promise.resolve(this.#tail))
        this.#lineFeedsBefore.push(this.#lineFeeds)
        this.#tail = new Uint8Array()
      }
    }
    if (bytes.length > 0) this.#endsLine = bytes.at(-1) === LINE_FEED
  }
}

function lineOf(number: number, parts: readonly Uint8Array[]): Line {
  const bytes = concat(parts)
  if (bytes.length <= MAX_LINE_BYTES) return { number, bytes, more: false }
  // Only the last state of a progress bar would be visible.
  const end = bytes.subarray(-MAX_LINE_BYTES)
  const restart = end.indexOf(CARRIAGE_RETURN)
  if (restart >= 0) return { number, bytes: end.subarray(restart + 1), more: false }
  return { number, bytes: bytes.subarray(0, MAX_LINE_BYTES), more: true }
}
