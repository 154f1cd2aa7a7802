import { GramFilter } from './gram-filter.ts'
import { PatternMatcher } from './pattern-matcher.ts'

const MIN_RUN = 8
const MAX_RUN = 16
/** More than a whole escape. */
const MARGIN = 8

export type NoisePatternsInput = {
  /** Their bytes may have white space between them. */
  loose: readonly Uint8Array[]
  /** Their bytes may have noise between them, but no white space. */
  tight: readonly Uint8Array[]
  /** How the beginnings of loose patterns may look with white space between all their bytes, such as `68 75 6e`. */
  spellings: readonly Uint8Array[]
}

/**
 * Patterns that are found although noise is between their bytes, and what a filter needs to know to find where in a
 * text one may be.
 */
export class NoisePatterns {
  readonly matcher: PatternMatcher
  readonly grams: GramFilter
  /**
   * Loose patterns are found if so many bytes of their beginning follow one another without noise, before or after the
   * first noise, or if the first noise is an escape or a carriage return. 0: there are none.
   */
  readonly run: number
  /** A pattern begins at most so many significant bytes before the place that the filter finds. */
  readonly reach: number

  constructor({ loose, tight, spellings }: NoisePatternsInput) {
    this.matcher = new PatternMatcher(loose, tight)
    const shortest = loose.reduce((least, { length }) => Math.min(least, length), 2 * MAX_RUN)
    this.run = loose.length === 0 ? 0 : Math.max(MIN_RUN, Math.ceil(shortest / 2))
    const known = 2 * this.run
    const longestTight = tight.reduce((longest, { length }) => Math.max(longest, length), 0)
    this.reach = Math.max(known, longestTight) + MARGIN
    this.grams = new GramFilter(
      loose.length * known + spellings.length * 2 * known + tight.length * longestTight,
    )
    for (const pattern of loose) this.grams.add(pattern, known)
    for (const pattern of tight) this.grams.add(pattern, longestTight)
    for (const spelling of spellings) this.grams.add(spelling, 2 * known)
  }
}
