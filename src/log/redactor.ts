import { ByteWindow } from './byte-window.ts'
import { PatternMatcher } from './pattern-matcher.ts'

const MASK = Buffer.from('***')

export type Redactor = {
  /** Takes the next bytes and returns all that can no longer become part of a secret. */
  write(chunk: Uint8Array): Uint8Array
  /** Returns the bytes that were held back. */
  end(): Uint8Array
  /** Redacts a text for records and messages, independently of the stream. */
  redactText(text: string): string
}

/**
 * Replaces every occurrence of a secret by `***`, however the bytes are split into chunks. Occurrences that overlap
 * or touch become one `***`. Takes linear time and holds back at most as many bytes as the longest secret has.
 */
export function createRedactor(secrets: Iterable<string>): Redactor {
  const matcher = new PatternMatcher([...new Set(secrets)].map(secret => Buffer.from(secret)))
  const stream = new Mask(matcher)
  return {
    write: chunk => stream.write(chunk),
    end: () => stream.end(),
    redactText: text => {
      const mask = new Mask(matcher)
      return Buffer.concat([mask.write(Buffer.from(text)), mask.end()]).toString()
    },
  }
}

type Range = { start: number; end: number }

/** Positions are relative to the window, which begins with the first byte that was not yet returned. */
class Mask {
  readonly #matcher: PatternMatcher
  readonly #window = new ByteWindow()
  #state = 0
  #found: Range[] = []
  /** Whether the last output was a mask: a secret that follows directly needs no second one. */
  #afterMask = false

  constructor(matcher: PatternMatcher) {
    this.#matcher = matcher
  }

  write(chunk: Uint8Array): Uint8Array {
    const before = this.#window.length
    const bytes = this.#window.append(chunk)
    this.#scan(bytes, before)
    return this.#release(bytes, bytes.length - (this.#matcher.depth[this.#state] as number))
  }

  end(): Uint8Array {
    const bytes = this.#window.append(new Uint8Array())
    this.#state = 0
    const rest = this.#release(bytes, bytes.length)
    this.#afterMask = false
    return rest
  }

  #scan(bytes: Uint8Array, from: number) {
    const matcher = this.#matcher
    let state = this.#state
    for (let at = from; at < bytes.length; at++) {
      if (state === 0) {
        at = matcher.skip(bytes, at, bytes.length)
        if (at === bytes.length) break
      }
      state = matcher.next(state, bytes[at] as number)
      const length = matcher.matched[state] as number
      if (length !== 0) this.#add({ start: at + 1 - length, end: at + 1 })
    }
    this.#state = state
  }

  #add(range: Range) {
    let start = range.start
    for (let last = this.#found.at(-1); last && last.end >= start; last = this.#found.at(-1)) {
      start = Math.min(start, last.start)
      this.#found.pop()
    }
    this.#found.push({ start, end: range.end })
  }

  /** Returns the bytes before `limit`, masked. No later match can begin before it. */
  #release(bytes: Uint8Array, limit: number): Uint8Array {
    if (limit === 0) return bytes.subarray(0, 0)
    const parts: Uint8Array[] = []
    let at = 0
    const kept: Range[] = []
    for (const { start, end } of this.#found) {
      if (start < limit) {
        if (start > at) parts.push(bytes.subarray(at, start))
        if (start > at || !this.#afterMask) parts.push(MASK)
        this.#afterMask = true
        at = Math.min(end, limit)
      }
      if (end > limit) kept.push({ start: Math.max(start, limit) - limit, end: end - limit })
    }
    if (limit > at) {
      parts.push(bytes.subarray(at, limit))
      this.#afterMask = false
    }
    this.#found = kept
    this.#window.drop(limit)
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
  }
}
