import { GRAM } from './gram-filter.ts'
import type { GramText } from './gram-text.ts'
import type { NoisePatterns } from './noise-patterns.ts'
import { MAX_NOISE, PlaceFinder } from './place-finder.ts'
import type { Range } from './ranges.ts'
import type { Scanner } from './scanner.ts'
import { SignificantBytes } from './significant-bytes.ts'
import type { UnitReader } from './unit-reader.ts'
import { WHITE_SPACE } from './white-space.ts'

const LINE_FEED = 0x0a

/**
 * Finds secrets in a stream despite noise between their bytes, or escapes instead of them. Reads only the surroundings of places where a
 * filter finds four bytes of a secret, and each byte there once.
 */
export class NoiseScanner implements Scanner {
  found: Range[] = []
  readonly #patterns: NoisePatterns
  readonly #places: PlaceFinder
  readonly #units: UnitReader
  readonly #seen: SignificantBytes
  #state = 0
  /** All bytes before it are read. */
  #done = 0
  /** The end of the last significant byte. */
  #last = 0

  constructor(patterns: NoisePatterns) {
    this.#patterns = patterns
    this.#places = new PlaceFinder(patterns)
    this.#units = patterns.alphabet.openReader()
    this.#seen = new SignificantBytes(patterns.matcher.longest)
  }

  get position(): number {
    return this.#done
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
    // If a secret has begun, an escape is not complete yet.
    while (at < bytes.length && this.#state === 0) {
      const place = this.#places.find(at)
      const until = Math.min(place + GRAM, bytes.length)
      at = this.#read(bytes, offset, this.#before(bytes, place, at), until)
      if (at < until) break
    }
    this.#done = offset + at
  }

  end({ bytes }: GramText, offset: number) {
    const { significant } = this.#patterns.alphabet
    // An incomplete unit does not count: the bytes after it are read separately.
    for (let at = this.#done - offset; at < bytes.length; at++) {
      at = this.#read(bytes, offset, at, bytes.length)
      const value = significant[bytes[at] as number] as number
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

  /** The earliest beginning of a secret that continues at `place`. */
  #before(bytes: Uint8Array, place: number, from: number): number {
    const { reach, alphabet } = this.#patterns
    let at = Math.min(place, bytes.length)
    for (let significant = 0, noise = 0; at > from && significant < reach && noise <= MAX_NOISE; at--) {
      const byte = bytes[at - 1] as number
      const longest = alphabet.longestUnit[byte] as number
      // The next bytes may belong to it.
      if (longest > 1) significant = Math.max(0, significant - longest)
      if (alphabet.significant[byte] || longest > 0) {
        significant++
        noise = 0
      } else noise++
    }
    return at
  }

  /** Reads from `from` to `until`, and further within a begun secret. Returns where it stopped. */
  #read(bytes: Uint8Array, offset: number, from: number, until: number): number {
    const { matcher, alphabet } = this.#patterns
    const { significant, longestUnit } = alphabet
    const units = this.#units
    const { length } = bytes
    let state = this.#state
    let last = this.#last - offset
    let at = from
    while (at < length && (at < until || state !== 0)) {
      const byte = bytes[at] as number
      const isUnit = longestUnit[byte] !== 0
      const size = isUnit ? units.read(bytes, at, length) : 1
      if (size === 0) break
      const count = isUnit ? units.count : 1
      if (count === 0) state = this.#readEmpty(state, offset + at, offset + at + size)
      for (let index = 0; index < count; index++) {
        const read = isUnit ? (units.bytes[index] as number) : byte
        const value = significant[read] as number
        if (value === 0) {
          if (WHITE_SPACE[read] === 1) this.#seen.addSpace(read === LINE_FEED && !isUnit)
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

  /** Reads a unit that represents no byte. Returns the state after it. */
  #readEmpty(state: number, start: number, end: number): number {
    const { empty } = this.#units
    const latest = this.found.at(-1)
    if (empty === 'break') this.#seen.addBreak()
    if (empty === 'repetition' && latest?.end === start) latest.end = end
    if (empty !== 'cut') return state
    const begun = this.#patterns.matcher.held[state] as number
    if (begun >= this.#patterns.cutLength) this.#seen.cover(begun, this.found)
    return 0
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
