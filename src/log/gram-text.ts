export const WORD = 4
const NONE = new Uint32Array()

/** A filter, such as a `GramFilter`, with the words of all searches that step this far, or further. */
type CommonFilter = { step: number; has(word: number): boolean }

/**
 * A text, and its bytes in words of four. A filter with the grams of several others can search it for all of them at once: these continue
 * at its hits.
 */
export class GramText {
  readonly bytes: Uint8Array
  /** The position of the first word. */
  readonly lead: number
  readonly words: Uint32Array
  readonly #common: CommonFilter | null
  /** The words, by their index, that the common filter has, among those that it tries. */
  readonly #hits: number[] = []
  /** All words before it have been tried. */
  #tried: number

  /** @param from the earliest start of the search */
  constructor(bytes: Uint8Array, common: CommonFilter | null = null, from = 0) {
    this.bytes = bytes
    this.lead = -bytes.byteOffset & (WORD - 1)
    const count = Math.max(0, (bytes.length - this.lead) >> 2)
    this.words = count === 0 ? NONE : new Uint32Array(bytes.buffer, bytes.byteOffset + this.lead, count)
    this.#common = common
    this.#tried = Math.max(0, (from - this.lead) >> 2)
  }

  /** Whether the hits are enough for a filter that tries one gram in this many. */
  hasHits(step: number): boolean {
    return this.#common !== null && this.#common.step <= step
  }

  /** The first hit at or after a word, or the number of words. */
  hitFrom(index: number): number {
    const hits = this.#hits
    let low = 0
    let high = hits.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((hits[middle] as number) < index) low = middle + 1
      else high = middle
    }
    return low < hits.length ? (hits[low] as number) : this.#tryFrom(index)
  }

  #tryFrom(index: number): number {
    const { words } = this
    const common = this.#common as CommonFilter
    const indexStep = common.step >> 2
    let at = this.#tried
    while (at < words.length) {
      const isHit = common.has(words[at] as number)
      if (isHit) this.#hits.push(at)
      at += indexStep
      if (isHit && at - indexStep >= index) {
        this.#tried = at
        return at - indexStep
      }
    }
    this.#tried = at
    return words.length
  }
}
