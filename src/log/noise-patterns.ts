import type { Alphabet } from './alphabet.ts'
import { GRAM, GramFilter } from './gram-filter.ts'
import { PatternMatcher } from './pattern-matcher.ts'

/** If no pattern is certain to be found. */
const DEFAULT_RUN = 16
/** More than a whole escape. */
const MARGIN = 8

export type NoisePatternsInput = {
  alphabet: Alphabet
  /** The length from which loose patterns are certain to be found. */
  certainLength: number
  /** How many consecutive bytes of a pattern of this length, which is certain to be found, have no noise in between. */
  runOf(length: number): number
  /** The number of a pattern's first bytes that are enough if a text is visibly cut off. Default: only whole patterns. */
  cutLength?: number
  /** Their bytes may have white space between them. */
  loose: readonly Uint8Array[]
  /** Their bytes may have noise between them, but no white space. */
  tight: readonly Uint8Array[]
  /** The possible forms of loose patterns: before noise was removed, or with white space between all bytes, such as `68 75 6e`. */
  spellings: readonly Uint8Array[]
}

/** Patterns that are found despite noise between their bytes, and the data with which a filter finds their possible places in a text. */
export class NoisePatterns {
  readonly alphabet: Alphabet
  readonly matcher: PatternMatcher
  readonly grams: GramFilter
  /**
   * Loose patterns are certain to be found if this many of their bytes follow one another without noise, before or after the first noise,
   * or if the first noise is an escape or a carriage return. 0: there are none.
   */
  readonly run: number
  readonly cutLength: number
  /** A pattern begins at most this many significant bytes before the place that the filter finds. */
  readonly reach: number

  constructor({ alphabet, loose, tight, spellings, certainLength, runOf, cutLength }: NoisePatternsInput) {
    this.alphabet = alphabet
    this.cutLength = cutLength ?? Number.POSITIVE_INFINITY
    this.matcher = new PatternMatcher(loose, tight)
    const runs = loose.flatMap(({ length }) => (length >= certainLength ? [runOf(length)] : []))
    this.run = runs.length === 0 ? 0 : runs.reduce((shortest, length) => Math.min(shortest, length))
    const known = 2 * (this.run || DEFAULT_RUN)
    this.reach = known + MARGIN
    this.grams = new GramFilter(
      [
        ...[...loose, ...tight].map(bytes => ({ bytes, limit: known })),
        ...spellings.map(bytes => ({ bytes, limit: 2 * known })),
      ],
      { step: (this.run || DEFAULT_RUN) - GRAM + 1, ignoresCase: alphabet.ignoresCase },
    )
  }
}
