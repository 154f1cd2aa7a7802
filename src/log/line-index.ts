import { z } from '../model/zod.ts'

const NEWLINE = 0x0a
const NEWLINES = 0x0a0a0a0a
const LOW_BITS = 0x7f7f7f7f
const MAX_COUNTED = 127
const FIRST_STRIDE = 64 * 1024
const MAX_ENTRIES = 1024

/**
 * An index of a log's lines: its first `i * stride` bytes contain `lines[i]` line feeds. It finds a line of a large log by reading `stride`
 * bytes. It may cover only the beginning of the log.
 */
export const lineIndexSchema = z.object({
  stride: z
    .int()
    .min(1024)
    .max(2 ** 31),
  lines: z
    .array(z.int().nonnegative())
    .min(1)
    .max(MAX_ENTRIES + 1),
})
export type LineIndex = z.infer<typeof lineIndexSchema>

/** The maximum size of a stored index, in bytes. The runner never writes a larger one. */
export const LINE_INDEX_LIMIT = 32 * 1024

/**
 * Builds the index while the log is written. When it is full, the stride doubles and every second entry is dropped.
 */
export class LineCounter {
  #stride = FIRST_STRIDE
  #lines = [0]
  #newlines = 0
  #bytes = 0

  /** How many lines have ended so far. */
  get newlines(): number {
    return this.#newlines
  }

  /** The index of this many bytes at the beginning. */
  indexOf(bytes: number): LineIndex {
    return { stride: this.#stride, lines: this.#lines.slice(0, 1 + Math.floor(bytes / this.#stride)) }
  }

  add(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      const untilNext = this.#stride - (this.#bytes % this.#stride)
      const end = Math.min(bytes.length, at + untilNext)
      this.#newlines += countNewlines(bytes, at, end)
      this.#bytes += end - at
      at = end
      if (this.#bytes % this.#stride === 0) this.#addEntry()
    }
  }

  #addEntry() {
    this.#lines.push(this.#newlines)
    if (this.#lines.length <= MAX_ENTRIES) return
    this.#lines = this.#lines.filter((_, index) => index % 2 === 0)
    this.#stride *= 2
  }
}

/** Counts four bytes at a time: a single byte takes as long. */
export function countNewlines(bytes: Uint8Array, from: number, end: number): number {
  const aligned = from + (-(bytes.byteOffset + from) & 3)
  if (aligned >= end) return countSingly(bytes, from, end)
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, (end - aligned) >> 2)
  return (
    countSingly(bytes, from, aligned) +
    countInWords(words) +
    countSingly(bytes, aligned + 4 * words.length, end)
  )
}

function countSingly(bytes: Uint8Array, from: number, end: number): number {
  let count = 0
  for (let at = from; at < end; at++) if (bytes[at] === NEWLINE) count++
  return count
}

/** Each of a word's bytes counts the line feeds at its place, up to `MAX_COUNTED`. */
function countInWords(words: Int32Array): number {
  let count = 0
  for (let at = 0; at < words.length; ) {
    const stop = Math.min(words.length, at + MAX_COUNTED)
    let counts = 0
    for (; at < stop; at++) {
      // Zero if there is a line feed. https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
      const word = (words[at] as number) ^ NEWLINES
      const isZero = ~(((word & LOW_BITS) + LOW_BITS) | 0 | word | LOW_BITS)
      counts = (counts + (isZero >>> 7)) | 0
    }
    count += (counts & 0xff) + ((counts >> 8) & 0xff) + ((counts >> 16) & 0xff) + (counts >> 24)
  }
  return count
}
