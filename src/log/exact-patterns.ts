import { GRAM, GramFilter, type GramText } from './gram-filter.ts'
import { PatternMatcher } from './pattern-matcher.ts'

/** More would find fewer positions, but each of them later. */
const MAX_WINDOW = 32

/** Patterns that are found byte by byte, and where in a text one could begin. */
export class ExactPatterns {
  readonly matcher: PatternMatcher
  /** How many bytes of each pattern the filter knows: as many as the shortest has. */
  readonly #window: number
  readonly #grams: GramFilter

  constructor(patterns: Iterable<Uint8Array>) {
    const list = [...patterns].filter(({ length }) => length > 0)
    this.matcher = new PatternMatcher(list)
    this.#window = list.reduce((shortest, { length }) => Math.min(shortest, length), MAX_WINDOW)
    this.#grams = new GramFilter(list.length * this.#window)
    for (const pattern of list) this.#grams.add(pattern, this.#window - GRAM + 1)
  }

  /**
   * A position in `[from, end of the text]` before which no pattern begins: in most texts, most of them. Tries one gram of several,
   * because each pattern contains one of those that are tried.
   */
  skip(text: GramText, from: number): number {
    const { matcher } = this
    const end = text.bytes.length
    if (matcher.isEmpty) return end
    if (this.#window < GRAM) return skipSingly(matcher, text.bytes, from)
    const grams = this.#window - GRAM + 1
    return this.#grams.find(text, from, end, grams) - grams + 1
  }
}

function skipSingly(matcher: PatternMatcher, bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && matcher.next(0, bytes[at] as number) === 0) at++
  return at
}
