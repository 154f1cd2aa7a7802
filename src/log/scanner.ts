import type { GramText } from './gram-text.ts'
import type { Range } from './ranges.ts'

/** Finds secrets in a stream. All offsets count from the beginning of the stream. */
export type Scanner = {
  /** What was found and is not yet masked, in order. The code that masks it removes it. */
  found: Range[]
  /** All bytes before it have been read. */
  readonly position: number
  /** From here on, bytes may still become part of a secret. */
  readonly held: number
  /** Reads on. `text` begins at `offset` with bytes that were held, and ends with new ones. */
  scan(text: GramText, offset: number): void
  /** The same, but the text ends here, and what follows is another. */
  end(text: GramText, offset: number): void
}
