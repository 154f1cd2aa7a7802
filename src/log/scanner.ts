import type { GramText } from './gram-text.ts'
import type { Range } from './ranges.ts'

/** Finds secrets in a stream. All offsets count from the beginning of the stream. */
export type Scanner = {
  /** The found secrets that are not yet masked, in order. The code that masks them removes them. */
  found: Range[]
  /** All bytes before it have been read. */
  readonly position: number
  /** From here on, bytes may still become part of a secret. */
  readonly held: number
  /** Continues reading. `text` begins at `offset` with held bytes, and ends with new ones. */
  scan(text: GramText, offset: number): void
  /** The same, but the text ends here, and another one follows. */
  end(text: GramText, offset: number): void
}
