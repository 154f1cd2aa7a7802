import { SIGNIFICANT, WHITE_SPACE } from './alphabet.ts'
import { BEGINS_ESCAPE, ESC, EscapeReader, MAX_SEQUENCE } from './escapes.ts'
import { GRAM, type GramText } from './gram-filter.ts'
import type { NoisePatterns } from './noise-patterns.ts'
import { MAX_NOISE, PlaceFinder } from './place-finder.ts'
import type { Range } from './ranges.ts'
import type { Scanner } from './scanner.ts'
import { SignificantBytes } from './significant-bytes.ts'

const LINE_BREAK = 0x0a

/**
 * Finds secrets in a stream although noise is between their bytes, or escapes stand for them. Reads only the surroundings
 * of places where a filter finds four bytes of a secret, and each byte there once.
 */
export class NoiseScanner implements Scanner {
  found: Range[] = []
  readonly #patterns: NoisePatterns
  readonly #places: PlaceFinder
  readonly #escape = new EscapeReader()
  readonly #seen: SignificantBytes
  #state = 0
  /** All bytes before it are read. */
  #done = 0
  /** The end of the last significant byte. */
  #last = 0

  constructor(patterns: NoisePatterns) {
    this.#patterns = patterns
    this.#places = new PlaceFinder(patterns)
    this.#seen = new SignificantBytes(patterns.matcher.longest)
  }

  get held(): number {
    const depth = this.#patterns.matcher.held[this.#state] as number
    return depth === 0 || this.#done - this.#last > MAX_NOISE
      ? this.#done
      : this.#seen.startOf(depth, this.#done)
  }

  scan(text: GramText, offset: number) {
    const { bytes } = text
    let at = this.#done - offset
    if (this.#state !== 0) at = this.#read(bytes, offset, at, at)
    this.#places.begin(text)
    // Where a secret is begun, an escape is not complete.
    while (at < bytes.length && this.#state === 0) {
      const place = this.#places.find(at)
      const until = Math.min(place + GRAM, bytes.length)
      at = this.#read(bytes, offset, this.#before(bytes, place, at), until)
      if (at < until) break
    }
    this.#done = offset + at
  }

  end({ bytes }: GramText, offset: number) {
    // The beginning of an escape is none: what follows it is read on its own.
    for (let at = this.#done - offset; at < bytes.length; at++) {
      at = this.#read(bytes, offset, at, bytes.length)
      const value = SIGNIFICANT[bytes[at] as number] as number
      if (at < bytes.length && value !== 0) this.#readLast(value, offset + at)
    }
    this.#state = 0
    this.#done = offset + bytes.length
    this.#seen.reset()
  }

  #readLast(value: number, at: number) {
    this.#state = this.#patterns.matcher.next(at - this.#last > MAX_NOISE ? 0 : this.#state, value)
    this.#last = at + 1
    if (this.#state !== 0) this.#add(this.#state, at, at + 1)
  }

  /** Where a secret begins at the earliest that goes on at `place`. */
  #before(bytes: Uint8Array, place: number, from: number): number {
    const { reach } = this.#patterns
    let at = Math.min(place, bytes.length)
    for (let significant = 0, noise = 0; at > from && significant < reach && noise <= MAX_NOISE; at--) {
      const byte = bytes[at - 1] as number
      if (BEGINS_ESCAPE[byte]) significant = Math.max(0, significant - (byte === ESC ? MAX_SEQUENCE : 12))
      if (SIGNIFICANT[byte] || BEGINS_ESCAPE[byte]) {
        significant++
        noise = 0
      } else noise++
    }
    return at
  }

  /** Reads from `from` to `until`, and on while a secret is begun. Returns where it stopped. */
  #read(bytes: Uint8Array, offset: number, from: number, until: number): number {
    const { matcher } = this.#patterns
    const { length } = bytes
    let state = this.#state
    let last = this.#last - offset
    let at = from
    while (at < length && (at < until || state !== 0)) {
      const byte = bytes[at] as number
      const isEscape = BEGINS_ESCAPE[byte] === 1
      const size = isEscape ? this.#escape.read(bytes, at, length) : 1
      if (size === 0) break
      const count = isEscape ? this.#escape.count : 1
      for (let index = 0; index < count; index++) {
        const read = isEscape ? (this.#escape.bytes[index] as number) : byte
        const value = SIGNIFICANT[read] as number
        if (value === 0) {
          if (WHITE_SPACE[read] === 1) this.#seen.addSpace(read === LINE_BREAK && !isEscape)
          continue
        }
        state = matcher.next(at - last > MAX_NOISE ? 0 : state, value)
        if (state === 0) continue
        last = at + size
        this.#add(state, offset + at, offset + last)
      }
      at += size
    }
    this.#state = state
    this.#last = last + offset
    return at
  }

  #add(state: number, start: number, end: number) {
    const { matched, matchedOther } = this.#patterns.matcher
    this.#seen.add(start, end)
    const loose = matched[state] as number
    if (loose !== 0) this.#seen.cover(loose, this.found)
    const tight = matchedOther[state] as number
    if (tight !== 0 && !this.#seen.hasSpaceIn(tight)) this.#seen.cover(tight, this.found)
  }
}
