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
    for (let at = this.#done - offset; at < bytes.length; at++) {
      at = this.#read(bytes, offset, at, bytes.length)
      // The beginning of an escape is none.
      if (at < bytes.length) this.#readByte(bytes[at] as number, offset + at)
    }
    this.#state = 0
    this.#done = offset + bytes.length
    this.#seen.reset()
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
    let at = from
    while (at < bytes.length && (at < until || this.#state !== 0)) {
      const byte = bytes[at] as number
      if (BEGINS_ESCAPE[byte]) {
        const length = this.#escape.read(bytes, at, bytes.length)
        if (length === 0) break
        for (let index = 0; index < this.#escape.count; index++) {
          const value = this.#escape.bytes[index] as number
          if (SIGNIFICANT[value]) this.#take(SIGNIFICANT[value] as number, offset + at, offset + at + length)
          else if (WHITE_SPACE[value]) this.#seen.addSpace()
        }
        at += length
      } else {
        this.#readByte(byte, offset + at)
        at++
      }
    }
    return at
  }

  #readByte(byte: number, at: number) {
    const value = SIGNIFICANT[byte] as number
    if (value !== 0) this.#take(value, at, at + 1)
    else if (byte === LINE_BREAK) this.#seen.addLineBreak()
    else if (WHITE_SPACE[byte]) this.#seen.addSpace()
  }

  #take(value: number, start: number, end: number) {
    const { matcher } = this.#patterns
    const before = start - this.#last > MAX_NOISE ? 0 : this.#state
    this.#state = matcher.next(before, value)
    if (this.#state === 0) return
    this.#last = end
    this.#seen.add(start, end)
    const length = matcher.matched[this.#state] as number
    if (length !== 0) this.#seen.cover(length, this.found)
    const tight = matcher.matchedOther[this.#state] as number
    if (tight !== 0 && !this.#seen.hasSpaceIn(tight)) this.#seen.cover(tight, this.found)
  }
}
