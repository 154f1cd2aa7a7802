import {
  AMPERSAND,
  BACKSLASH,
  BACKSPACE,
  CARRIAGE_RETURN,
  digitOf,
  ESC,
  entityEnd,
  PERCENT,
  readSequence,
  SEMICOLON,
} from './escapes.ts'
import { WHITE_SPACE } from './white-space.ts'

/** The bytes that begin noise in a text, unless they are frequent and hardly ever noise. */
export const NOISE_STARTS = [ESC, CARRIAGE_RETURN, BACKSLASH, PERCENT, AMPERSAND, BACKSPACE]

/**
 * Finds the bytes that begin an escape, and carriage returns. Passes over those that begin none, and those without a character next to
 * white space: most colours begin after a blank and end before one, and most carriage returns end a line.
 */
export class NoiseStarts {
  #bytes: Buffer = Buffer.alloc(0)
  readonly #kinds: readonly number[]
  readonly #next: Int32Array

  constructor(kinds: readonly number[]) {
    this.#kinds = kinds
    this.#next = new Int32Array(kinds.length)
  }

  begin(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#next.fill(-1)
  }

  /** The first at or after `from`, or the text's length. `from` never decreases. */
  next(from: number): number {
    let first = this.#bytes.length
    for (let index = 0; index < this.#kinds.length; index++) {
      let at = this.#next[index] as number
      if (at < from) {
        at = this.#search(this.#kinds[index] as number, from)
        this.#next[index] = at
      }
      if (at < first) first = at
    }
    return first
  }

  #search(kind: number, from: number): number {
    const bytes = this.#bytes
    for (let at = bytes.indexOf(kind, from); at !== -1; at = bytes.indexOf(kind, at + 1))
      if (isNoise(bytes, kind, at)) return at
    return bytes.length
  }
}

function isNoise(bytes: Buffer, kind: number, at: number): boolean {
  if (kind === PERCENT) return isHex(bytes, at + 1) ? isHex(bytes, at + 2) : bytes[at + 1] === U
  if (kind === AMPERSAND) return bytes[entityEnd(bytes, at)] === SEMICOLON
  if (kind === BACKSLASH || kind === BACKSPACE) return true
  if (at > 0 && WHITE_SPACE[bytes[at - 1] as number] === 1) return false
  const length = kind === ESC ? readSequence(bytes, at, bytes.length) : 1
  return length < 1 || WHITE_SPACE[bytes[at + length] as number] !== 1
}

const U = 0x75
const isHex = (bytes: Buffer, at: number) => digitOf(bytes[at] as number) < 16
