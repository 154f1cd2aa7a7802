import type { LineIndex } from '../../log/line-index.ts'
import { afterLineFeeds, countLineFeeds, joined, sizeOf } from './bytes.ts'

export type LogPart = { bytes: Uint8Array; ended: boolean }
/** At most `length` bytes of the log, from byte `from` on. */
export type FetchPart = (from: number, length: number) => Promise<LogPart>
/** A line without its end; `more` is whether it goes on beyond what is shown of it. */
export type Line = { number: number; bytes: Uint8Array; more: boolean }

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const BLOCK_BYTES = 64 * 1024
/** What one request brings at most, as the server has it. */
export const PART_BYTES = 4 * 1024 * 1024
/** Longer lines are shown in part. */
const SHOWN_BYTES = 32 * 1024
const KEPT_BYTES = 24 * 1024 * 1024

/**
 * A log that is read where it is looked at. It is divided into blocks, and the number of lines before each block is
 * known up to where the log has been read or its index reaches; only blocks that hold wanted lines are fetched.
 */
export class LogSource {
  readonly #fetch: FetchPart
  readonly #block: number
  /** Line feeds before each block; the last entry is that of the block still being filled. */
  readonly #before: number[]
  readonly #kept = new Map<number, Promise<Uint8Array>>()
  #tail: Uint8Array = new Uint8Array()
  #lineFeeds: number
  #endsLine = true
  #advancing: Promise<number> | null = null
  ended = false

  constructor(fetch: FetchPart, index: LineIndex | null) {
    this.#fetch = fetch
    this.#block = index?.stride ?? BLOCK_BYTES
    this.#before = [...(index?.lines ?? [0])]
    this.#lineFeeds = this.#before.at(-1) ?? 0
  }

  /** Bytes whose lines are known. */
  get size(): number {
    return (this.#before.length - 1) * this.#block + this.#tail.length
  }

  get lineCount(): number {
    return this.#lineFeeds + (this.#endsLine ? 0 : 1)
  }

  /** Learns of the bytes after those that are known; answers how many have come. */
  advance(): Promise<number> {
    // Two that read on at once would take the same bytes twice.
    this.#advancing ??= this.#advance().finally(() => {
      this.#advancing = null
    })
    return this.#advancing
  }

  async #advance(): Promise<number> {
    const { bytes, ended } = await this.#fetch(this.size, PART_BYTES)
    this.#take(bytes)
    this.ended = ended
    return bytes.length
  }

  /** Lines from number `from` (1 is the first) on. */
  async lines(from: number, count: number): Promise<Line[]> {
    const found: Line[] = []
    let block = this.#blockOfLineFeed(from - 1)
    let bytes = await this.#read(block)
    let at = afterLineFeeds(bytes, from - 1 - (this.#before[block] ?? 0))
    let open: Uint8Array[] = []
    while (found.length < count) {
      const end = bytes.indexOf(LINE_FEED, at)
      open.push(bytes.subarray(at, end < 0 ? bytes.length : end))
      const number = from + found.length
      const isLast = block === this.#before.length - 1
      if (end >= 0 || isLast) {
        if (end >= 0 || sizeOf(open) > 0) found.push(lineOf(number, open))
        if (end < 0) break
        open = []
        at = end + 1
      } else {
        // What is not shown of a long line need not be fetched.
        block = sizeOf(open) > SHOWN_BYTES ? Math.max(block + 1, this.#blockOfLineFeed(number)) : block + 1
        bytes = await this.#read(block)
        at = 0
      }
    }
    return found
  }

  /** All known lines as text, in large pieces; each with the number of its first line. */
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
      // A line without an end is not gathered for ever.
      rest = last.slice(0, PART_BYTES)
      if (lines.length > 0) yield { first, lines, bytes: from }
      first += lines.length
    }
    if (rest !== '') yield { first, lines: [rest], bytes: this.size }
  }

  /** The block in which the line feed of this number stands: the last one that begins before it. */
  #blockOfLineFeed(number: number): number {
    let [low, high] = [0, this.#before.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#before[middle] ?? 0) < number) low = middle
      else high = middle - 1
    }
    return low
  }

  #read(block: number): Promise<Uint8Array> {
    if (block >= this.#before.length - 1) return Promise.resolve(this.#tail)
    const kept = this.#kept.get(block) ?? this.#fetchBlock(block)
    // The newest stands last: the first is the one to go.
    this.#kept.delete(block)
    this.#keep(block, kept)
    return kept
  }

  async #fetchBlock(block: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let at = block * this.#block, end = at + this.#block; at < end; ) {
      const { bytes } = await this.#fetch(at, Math.min(end - at, PART_BYTES))
      if (bytes.length === 0) break
      parts.push(bytes)
      at += bytes.length
    }
    return joined(parts)
  }

  #keep(block: number, bytes: Promise<Uint8Array>) {
    this.#kept.set(block, bytes)
    bytes.catch(() => this.#kept.delete(block))
    const most = Math.max(2, Math.floor(KEPT_BYTES / this.#block))
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= most) break
      this.#kept.delete(oldest)
    }
  }

  #take(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#block - this.#tail.length)
      at += part.length
      this.#tail = joined([this.#tail, part])
      this.#lineFeeds += countLineFeeds(part)
      if (this.#tail.length === this.#block) {
        this.#keep(this.#before.length - 1, Promise.resolve(this.#tail))
        this.#before.push(this.#lineFeeds)
        this.#tail = new Uint8Array()
      }
    }
    if (bytes.length > 0) this.#endsLine = bytes.at(-1) === LINE_FEED
  }
}

function lineOf(number: number, parts: readonly Uint8Array[]): Line {
  const bytes = joined(parts)
  if (bytes.length <= SHOWN_BYTES) return { number, bytes, more: false }
  // Of a progress bar only its last state would be seen.
  const end = bytes.subarray(-SHOWN_BYTES)
  const restart = end.indexOf(CARRIAGE_RETURN)
  if (restart >= 0) return { number, bytes: end.subarray(restart + 1), more: false }
  return { number, bytes: bytes.subarray(0, SHOWN_BYTES), more: true }
}
