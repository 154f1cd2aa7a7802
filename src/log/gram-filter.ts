import { type GramText, WORD } from './gram-text.ts'

/** The bytes in a gram. */
export const GRAM = 4

const MIN_BITS = 1 << 13
/** 64 KiB: larger ones leave the processor's nearest caches. */
const MAX_BITS = 1 << 19
/** Bytes whose grams that begin before `limit` must be found. */
export type Grams = { bytes: Uint8Array; limit: number }

export type GramFilterOptions = {
  /** One of this many consecutive grams is tried: within patterns, all of these are known. */
  step: number
  /** Whether letters count as the same in upper and lower case. */
  ignoresCase?: boolean
}

/** A Bloom filter of grams with two hashes. Scans a text by reading only one of several grams. */
export class GramFilter {
  readonly grams: readonly Grams[]
  readonly step: number
  readonly #bits: Uint8Array
  readonly #shift: number
  /** The bits shared by all grams. */
  readonly #fold: number

  constructor(grams: readonly Grams[], { step, ignoresCase = false }: GramFilterOptions) {
    this.grams = grams
    this.step = step
    this.#fold = ignoresCase ? LOWER_CASE : 0
    const size = grams.reduce((sum, { bytes, limit }) => sum + Math.min(bytes.length, limit), 0)
    let bits = MIN_BITS
    while (bits < 32 * size && bits < MAX_BITS) bits *= 2
    this.#bits = new Uint8Array(bits / 8)
    this.#shift = 32 - Math.log2(bits)
    for (const { bytes, limit } of grams) this.#add(bytes, limit)
  }

  #add(bytes: Uint8Array, limit: number) {
    const end = Math.min(limit, bytes.length - GRAM + 1)
    for (let at = 0; at < end; at++) {
      for (const multiplier of [FIRST, SECOND]) {
        const hash = Math.imul(gramAt(bytes, at) | this.#fold, multiplier) >>> this.#shift
        this.#bits[hash >>> 3] = (this.#bits[hash >>> 3] as number) | (1 << (hash & 7))
      }
    }
  }

  has(gram: number): boolean {
    const folded = gram | this.#fold
    const first = Math.imul(folded, FIRST) >>> this.#shift
    if (((this.#bits[first >>> 3] as number) & (1 << (first & 7))) === 0) return false
    const second = Math.imul(folded, SECOND) >>> this.#shift
    return ((this.#bits[second >>> 3] as number) & (1 << (second & 7))) !== 0
  }

  hasAt(bytes: Uint8Array, at: number): boolean {
    return at >= 0 && at + GRAM <= bytes.length && this.has(gramAt(bytes, at))
  }

  /**
   * Finds a known gram by trying at least one of every `step` consecutive grams from `from` on. If all of these are known, they are not
   * missed. Returns its position, or one whose gram does not end before `end`.
   */
  find(text: GramText, from: number, end: number): number {
    const last = end - GRAM
    if (this.step >= WORD) return this.#findWord(text, from, last)
    let at = from + this.step - 1
    while (at <= last && !this.has(gramAt(text.bytes, at))) at += this.step
    return at
  }

  /** Reads words at once, which only start at every fourth place. */
  #findWord(text: GramText, from: number, last: number): number {
    const { words, lead } = text
    const lastIndex = (last - lead) >> 2
    if (text.hasHits(this.step)) {
      let index = text.hitFrom((from - lead + WORD - 1) >> 2)
      while (index <= lastIndex && !this.has(words[index] as number)) index = text.hitFrom(index + 1)
      return lead + index * WORD
    }
    const indexStep = this.step >> 2
    let index = Math.max(0, (from + this.step - 1 - lead) >> 2)
    while (index <= lastIndex && !this.has(words[index] as number)) index += indexStep
    return lead + index * WORD
  }
}

/** The bit in which lower case differs from upper case. */
const LOWER_CASE = 0x20202020

/** Multiplicative hashes (Knuth): the upper bits of the product depend on all bits of the gram. */
const FIRST = 0x9e3779b1
const SECOND = 0x85ebca6b

export const gramOf = (first: number, second: number, third: number, fourth: number) =>
  first | (second << 8) | (third << 16) | (fourth << 24)

const gramAt = (bytes: Uint8Array, at: number) =>
  gramOf(bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number, bytes[at + 3] as number)
