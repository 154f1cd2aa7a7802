import { ByteWindow } from './byte-window.ts'
import { ExactPatterns } from './exact-patterns.ts'
import { ExactScanner } from './exact-scanner.ts'
import { GramFilter } from './gram-filter.ts'
import { GramText, WORD } from './gram-text.ts'
import type { NoisePatterns } from './noise-patterns.ts'
import { NoiseScanner } from './noise-scanner.ts'
import { addRange, type Range } from './ranges.ts'
import type { Scanner } from './scanner.ts'
import { StyleCollector } from './style-collector.ts'

const MASK = Buffer.from('***')

export type Redactor = {
  /** Takes the next bytes and returns all that can no longer become part of a secret. Keeps copies; what it returns may be part of the chunk. */
  write(chunk: Uint8Array): Uint8Array
  /** Returns the bytes that were held back. */
  end(): Uint8Array
  /** Redacts a text for records and messages, independently of the stream. */
  redactText(text: string): string
}

/**
 * Replaces every occurrence of a secret by `***`, however the bytes are split into chunks. Occurrences that overlap or touch become one
 * `***`. Takes linear time and holds back at most as many bytes as the longest secret has, with noise between its bytes.
 * @param noisy patterns that are also found with noise between their bytes
 */
export function createRedactor(secrets: Iterable<string>, noisy: readonly NoisePatterns[] = []): Redactor {
  const exact = new ExactPatterns([...new Set(secrets)].map(secret => Buffer.from(secret)))
  const common = commonFilter([exact.grams, ...noisy.map(({ grams, run }) => (run > 0 ? grams : null))])
  const open = () =>
    new Mask([new ExactScanner(exact), ...noisy.map(patterns => new NoiseScanner(patterns))], common)
  const stream = open()
  return {
    write: chunk => stream.write(chunk),
    end: () => stream.end(),
    redactText: text => {
      const mask = open()
      return Buffer.concat([mask.write(Buffer.from(text)), mask.end()]).toString()
    },
  }
}

/** One search instead of several, for those filters that try few grams. */
function commonFilter(filters: readonly (GramFilter | null)[]): GramFilter | null {
  const some = filters.flatMap(filter => (filter && filter.step >= MIN_COMMON_STEP ? [filter] : []))
  if (some.length < 2) return null
  return new GramFilter(
    some.flatMap(({ grams }) => grams),
    { step: Math.min(...some.map(({ step }) => step)), ignoresCase: true },
  )
}
const MIN_COMMON_STEP = 2 * WORD

class Mask {
  readonly #scanners: readonly Scanner[]
  readonly #common: GramFilter | null
  /** Begins with the first byte that was not yet returned, `#offset` bytes after the beginning of the stream. */
  readonly #window = new ByteWindow()
  #offset = 0
  readonly #styles = new StyleCollector()
  /** Whether the last output was a mask: a secret directly after it does not need another one. */
  #afterMask = false

  constructor(scanners: readonly Scanner[], common: GramFilter | null) {
    this.#scanners = scanners
    this.#common = common
  }

  write(chunk: Uint8Array): Uint8Array {
    const bytes = this.#window.append(chunk)
    let limit = this.#offset + bytes.length
    const from = Math.min(...this.#scanners.map(({ position }) => position))
    const text = new GramText(bytes, this.#common, from - this.#offset)
    for (const scanner of this.#scanners) {
      scanner.scan(text, this.#offset)
      limit = Math.min(limit, scanner.held)
    }
    return this.#release(bytes, limit)
  }

  end(): Uint8Array {
    const bytes = this.#window.append(new Uint8Array())
    const limit = this.#offset + bytes.length
    const text = new GramText(bytes)
    for (const scanner of this.#scanners) scanner.end(text, this.#offset)
    const rest = this.#release(bytes, limit)
    this.#afterMask = false
    return rest
  }

  /** Returns the bytes before `limit`, masked. No later match can begin before it. */
  #release(bytes: Uint8Array, limit: number): Uint8Array {
    if (limit === this.#offset) {
      this.#window.drop(0)
      return bytes.subarray(0, 0)
    }
    const parts: Uint8Array[] = []
    let at = this.#offset
    for (const { start, end } of this.#takeFound(limit)) {
      if (start > at) parts.push(bytes.subarray(at - this.#offset, start - this.#offset))
      if (start > at || !this.#afterMask) {
        this.#styles.begin()
        parts.push(MASK)
      }
      this.#afterMask = true
      parts.push(...this.#styles.collect(bytes.subarray(start - this.#offset, end - this.#offset)))
      at = end
    }
    if (limit > at) {
      parts.push(bytes.subarray(at - this.#offset, limit - this.#offset))
      this.#afterMask = false
    }
    this.#window.drop(limit - this.#offset)
    this.#offset = limit
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
  }

  /** The ranges found before `limit`. The rest is kept. */
  #takeFound(limit: number): Range[] {
    const taken: Range[] = []
    const found = this.#scanners.flatMap(scanner => scanner.found).toSorted((a, b) => a.start - b.start)
    for (const { start, end } of found)
      if (start < limit) addRange(taken, { start: Math.max(start, this.#offset), end: Math.min(end, limit) })
    for (const scanner of this.#scanners)
      scanner.found = scanner.found
        .filter(({ end }) => end > limit)
        .map(({ start, end }) => ({ start: Math.max(start, limit), end }))
    return taken
  }
}
