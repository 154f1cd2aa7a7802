import { GRAM, gramOf } from './gram-filter.ts'
import { GramText } from './gram-text.ts'
import type { NoisePatterns } from './noise-patterns.ts'
import { NoiseStarts } from './noise-starts.ts'
import type { UnitReader } from './unit-reader.ts'

/** More noise than this between two bytes separates them. It limits what is held back. */
export const MAX_NOISE = 128

/** Finds the places in a text that may have the bytes of a secret, with noise between them. */
export class PlaceFinder {
  readonly #patterns: NoisePatterns
  readonly #starts: NoiseStarts
  readonly #units: UnitReader
  #text = new GramText(new Uint8Array())

  constructor(patterns: NoisePatterns) {
    this.#patterns = patterns
    this.#starts = new NoiseStarts(patterns.alphabet.noiseStarts)
    this.#units = patterns.alphabet.openReader()
  }

  begin(text: GramText) {
    this.#text = text
    this.#starts.begin(text.bytes)
  }

  /** The first place of a possible secret that begins at or after `from`, or the end of the text. */
  find(from: number): number {
    const { bytes } = this.#text
    const { run } = this.#patterns
    for (let at = from; ; ) {
      const start = this.#starts.next(at)
      const place = run > 0 ? this.#findRun(at, start) : start
      if (place + GRAM <= start) return place
      if (start === bytes.length) return start
      const next = this.#across(start, from)
      if (next === -1) return start
      at = next
    }
  }

  /** A place with two grams of a secret, as in each run. If there is none, its gram does not end before `end`. */
  #findRun(from: number, end: number): number {
    const { bytes } = this.#text
    const { grams, run } = this.#patterns
    const distance = (run - GRAM) >> 1
    for (let at = from; ; ) {
      const place = grams.find(this.#text, at, end)
      if (place + GRAM > end || grams.hasAt(bytes, place + distance)) return place
      if (place - distance >= from && grams.hasAt(bytes, place - distance)) return place
      at = place + 1
    }
  }

  /**
   * Whether the significant bytes next to noise are those of a secret: four after it, or three before and one after it. If they are, or the
   * text ends too early, -1. Otherwise, where to continue.
   */
  #across(start: number, from: number): number {
    const { bytes } = this.#text
    const { grams, alphabet } = this.#patterns
    const { significant, longestUnit } = alphabet
    const reader = this.#units
    const { length } = bytes
    let gram = 0
    let count = 0
    let next = 0
    let at = start
    for (let noise = 0; count < GRAM && noise <= MAX_NOISE; ) {
      if (at === length) return -1
      const byte = bytes[at] as number
      const before = at
      if (longestUnit[byte] === 0) {
        const value = significant[byte] as number
        at++
        if (value === 0) {
          noise++
          continue
        }
        gram = (gram >>> 8) | (value << 24)
        if (count++ === 0) next = before
        noise = 0
        continue
      }
      const size = reader.read(bytes, at, length)
      if (size === 0) return -1
      at += size
      if (reader.count === 0) noise += size
      for (let index = 0; index < reader.count && count < GRAM; index++) {
        const value = significant[reader.bytes[index] as number] as number
        if (value === 0) continue
        gram = (gram >>> 8) | (value << 24)
        if (count++ === 0) next = at
        noise = 0
      }
    }
    if (count < GRAM) return count === 0 ? at : next
    if (grams.has(gram)) return -1
    if (start - 3 < from) return next
    const first = significant[bytes[start - 3] as number] as number
    const second = significant[bytes[start - 2] as number] as number
    const third = significant[bytes[start - 1] as number] as number
    return grams.has(gramOf(first, second, third, gram & 0xff)) ? -1 : next
  }
}
