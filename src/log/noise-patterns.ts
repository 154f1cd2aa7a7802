import { GramFilter } from './gram-filter.ts'
import { PatternMatcher } from './pattern-matcher.ts'

/**
 * Loose patterns are certain to be found if so many of their bytes follow one another without noise, before or after the
 * first noise, or if the first noise is an escape or a carriage return.
 */
export const RUN = 12
/** So many bytes at the beginning of a pattern contain a run, if no more than one noise is in them. */
const KNOWN = 2 * RUN
/** More than a whole escape. */
const MARGIN = 8

export type NoisePatternsInput = {
  /** Their bytes may have white space between them. */
  loose: readonly Uint8Array[]
  /** Their bytes may have noise between them, but no white space. */
  tight: readonly Uint8Array[]
  /** How loose patterns may look: before noise was taken out of them, or with white space between all bytes, such as `68 75 6e`. */
  spellings: readonly Uint8Array[]
}

/**
 * Patterns that are found although noise is between their bytes, and what a filter needs to know to find where in a
 * text one may be.
 */
export class NoisePatterns {
  readonly matcher: PatternMatcher
  readonly grams: GramFilter
  /** Whether runs are searched for. */
  readonly hasLoose: boolean
  /** A pattern begins at most so many significant bytes before the place that the filter finds. */
  readonly reach: number

  constructor({ loose, tight, spellings }: NoisePatternsInput) {
    this.matcher = new PatternMatcher(loose, tight)
    this.hasLoose = loose.length > 0
    this.reach = KNOWN + MARGIN
    this.grams = new GramFilter(KNOWN * (loose.length + tight.length + 2 * spellings.length))
    for (const pattern of [...loose, ...tight]) this.grams.add(pattern, KNOWN)
    for (const spelling of spellings) this.grams.add(spelling, 2 * KNOWN)
  }
}
