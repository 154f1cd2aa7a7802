import * as z from 'zod'

const NEWLINE = 0x0a
const FIRST_STRIDE = 64 * 1024
const MOST_ENTRIES = 1024

/**
 * Where a log's lines are: `lines[i]` line feeds stand in its first `i * stride` bytes. With it, a line of a large log
 * is found by reading one stride of bytes. It may end before the log does.
 */
export const lineIndexSchema = z.object({
  stride: z
    .int()
    .min(1024)
    .max(2 ** 31),
  lines: z
    .array(z.int().nonnegative())
    .min(1)
    .max(MOST_ENTRIES + 1),
})
export type LineIndex = z.infer<typeof lineIndexSchema>

/** What an index may have on record: anything larger was not written by us. */
export const LINE_INDEX_LIMIT = 32 * 1024

/** Counts a log's lines as it passes. The index keeps its size: when it is full, its stride doubles. */
export class LineCounter {
  #stride = FIRST_STRIDE
  #lines = [0]
  #newlines = 0
  #bytes = 0

  get index(): LineIndex {
    return { stride: this.#stride, lines: this.#lines }
  }

  add(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      const untilNext = this.#stride - (this.#bytes % this.#stride)
      const end = Math.min(bytes.length, at + untilNext)
      this.#newlines += countNewlines(bytes, at, end)
      this.#bytes += end - at
      at = end
      if (this.#bytes % this.#stride === 0) this.#note()
    }
  }

  #note() {
    this.#lines.push(this.#newlines)
    if (this.#lines.length <= MOST_ENTRIES) return
    this.#lines = this.#lines.filter((_, index) => index % 2 === 0)
    this.#stride *= 2
  }
}

function countNewlines(bytes: Uint8Array, from: number, end: number): number {
  let count = 0
  for (let at = from; at < end; at++) if (bytes[at] === NEWLINE) count++
  return count
}
