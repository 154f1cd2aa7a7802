import { GRAM, GramFilter } from './gram-filter.ts'
import type { GramText } from './gram-text.ts'
import { PatternMatcher } from './pattern-matcher.ts'

/** A longer window would find fewer positions, but each of them later. */
const MAX_WINDOW = 32

/** Patterns that are found byte by byte, and the places in a text where one could begin. */
export class ExactPatterns {
  readonly matcher: PatternMatcher
  /** Has as many bytes of each pattern as the shortest one. Null if that is less than a gram. */
  readonly grams: GramFilter | null

  constructor(patterns: Iterable<Uint8Array>) {
    const list = [...patterns].filter(({ length }) => length > 0)
    this.matcher = new PatternMatcher(list)
    const window = list.reduce((shortest, { length }) => Math.min(shortest, length), MAX_WINDOW)
    const limit = window - GRAM + 1
    this.grams =
      limit < 1
        ? null
        : new GramFilter(
            list.map(bytes => ({ bytes, limit })),
            { step: limit },
          )
  }

  /**
   * A position in `[from, end of the text]` before which no pattern begins: usually most of the text. Tries one of several grams, because
   * each pattern contains one of those that are tried.
   */
  skip(text: GramText, from: number): number {
    const { matcher, grams } = this
    const end = text.bytes.length
    if (matcher.isEmpty) return end
    if (!grams) return skipSingly(matcher, text.bytes, from)
    return grams.find(text, from, end) - grams.step + 1
  }
}

function skipSingly(matcher: PatternMatcher, bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && matcher.next(0, bytes[at] as number) === 0) at++
  return at
}
