import { addRange, type Range } from './ranges.ts'

/**
 * Fewer bytes of a secret at the end of a line are not masked if the next line continues it. So complete lines that end with the first
 * letter of a secret do not wait for the text after them.
 */
const MIN_BEGUN = 4

/** The positions of the last significant bytes of a stream. */
export class SignificantBytes {
  readonly #mask: number
  readonly #starts: Float64Array
  readonly #ends: Float64Array
  /** Whether a line ended between a byte and the one before it. */
  readonly #breaks: Uint8Array
  #count = 0
  #lineEnded = false
  #hasSpace = false
  /** The last byte with white space before it. */
  #afterSpace = 0
  /** The bytes that were covered last, as numbers in the order of the stream. */
  #covered = { first: 0, last: -1 }

  /** @param longest the most bytes back that are requested */
  constructor(longest: number) {
    const size = 2 ** Math.ceil(Math.log2(longest + 2))
    this.#mask = size - 1
    this.#starts = new Float64Array(size)
    this.#ends = new Float64Array(size)
    this.#breaks = new Uint8Array(size)
  }

  add(start: number, end: number) {
    const slot = this.#count++ & this.#mask
    this.#starts[slot] = start
    this.#ends[slot] = end
    this.#breaks[slot] = this.#lineEnded ? 1 : 0
    if (this.#hasSpace) this.#afterSpace = this.#count - 1
    this.#lineEnded = false
    this.#hasSpace = false
  }

  addSpace(isLineBreak: boolean) {
    this.#hasSpace = true
    if (isLineBreak) this.addBreak()
  }

  /** A line break within what is one line. */
  addBreak() {
    this.#lineEnded = true
  }

  /** Forgets white space that no byte followed. */
  reset() {
    this.#hasSpace = false
    this.#lineEnded = false
  }

  /** Whether there is white space between the last `count` bytes. */
  hasSpaceIn(count: number): boolean {
    return this.#afterSpace > this.#count - count
  }

  /** The beginning of the last `count` bytes, without those that a line break cuts off; `end` if these are all. */
  startOf(count: number, end: number): number {
    const first = this.#firstOf(count)
    return first === this.#count ? end : (this.#starts[first & this.#mask] as number)
  }

  /** Adds the ranges of the last `count` bytes, one for each line. Each byte is added about once, however matches overlap. */
  cover(count: number, ranges: Range[]) {
    const first = this.#firstOf(count)
    const last = this.#count - 1
    const covered = this.#covered
    if (first > covered.last) this.#covered = { first, last }
    else {
      if (first < covered.first) this.#add(first, covered.first, ranges)
      this.#add(covered.last, last, ranges)
      this.#covered = { first: Math.min(first, covered.first), last }
      return
    }
    this.#add(first, last, ranges)
  }

  #add(first: number, last: number, ranges: Range[]) {
    let start = this.#starts[first & this.#mask] as number
    for (let at = first + 1; at <= last; at++) {
      if (this.#breaks[at & this.#mask] === 0) continue
      addRange(ranges, { start, end: this.#ends[(at - 1) & this.#mask] as number })
      start = this.#starts[at & this.#mask] as number
    }
    addRange(ranges, { start, end: this.#ends[last & this.#mask] as number })
  }

  #firstOf(count: number): number {
    const begin = this.#count - count
    let first = begin
    for (let at = begin + 1; at < begin + MIN_BEGUN && at <= this.#count; at++) {
      const isBroken = at === this.#count ? this.#lineEnded : this.#breaks[at & this.#mask] === 1
      if (isBroken) first = at
    }
    return first
  }
}
