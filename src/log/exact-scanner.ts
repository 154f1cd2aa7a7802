import type { ExactPatterns } from './exact-patterns.ts'
import type { GramText } from './gram-text.ts'
import { addRange, type Range } from './ranges.ts'
import type { Scanner } from './scanner.ts'

/** Finds patterns in a stream byte by byte. */
export class ExactScanner implements Scanner {
  found: Range[] = []
  readonly #patterns: ExactPatterns
  #state = 0
  #end = 0

  constructor(patterns: ExactPatterns) {
    this.#patterns = patterns
  }

  get position(): number {
    return this.#end
  }

  get held(): number {
    return this.#end - (this.#patterns.matcher.held[this.#state] as number)
  }

  scan(text: GramText, offset: number) {
    const { bytes } = text
    const patterns = this.#patterns
    const { matcher } = patterns
    let state = this.#state
    for (let at = this.#end - offset; at < bytes.length; at++) {
      if (state === 0) {
        at = Math.max(at, patterns.skip(text, at))
        if (at === bytes.length) break
      }
      state = matcher.next(state, bytes[at] as number)
      const length = matcher.matched[state] as number
      if (length !== 0) addRange(this.found, { start: offset + at + 1 - length, end: offset + at + 1 })
    }
    this.#state = state
    this.#end = offset + bytes.length
  }

  end(text: GramText, offset: number) {
    this.#state = 0
    this.#end = offset + text.bytes.length
  }
}
