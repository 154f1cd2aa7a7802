import { WHITE_SPACE } from './alphabet.ts'
import { AMPERSAND, BACKSLASH, digitOf, ESC, entityEnd, PERCENT, readSequence, SEMICOLON } from './escapes.ts'

const CARRIAGE_RETURN = 0x0d
const KINDS = [ESC, CARRIAGE_RETURN, BACKSLASH, PERCENT, AMPERSAND]

/**
 * Finds the bytes that begin an escape, and carriage returns. Passes over those that begin none, and those that stand for
 * no character and are next to white space: most colours begin after a blank and end before one, and most carriage returns
 * end a line.
 */
export class NoiseStarts {
  #bytes: Buffer = Buffer.alloc(0)
  readonly #next = new Int32Array(KINDS.length)

  begin(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#next.fill(-1)
  }

  /** The first at or after `from`, or the text's length. `from` never decreases. */
  next(from: number): number {
    let first = this.#bytes.length
    for (let kind = 0; kind < KINDS.length; kind++) {
      let at = this.#next[kind] as number
      if (at < from) {
        at = this.#search(KINDS[kind] as number, from)
        this.#next[kind] = at
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
  if (kind === PERCENT) return digitOf(bytes[at + 1] as number) < 16 && digitOf(bytes[at + 2] as number) < 16
  if (kind === AMPERSAND) return bytes[entityEnd(bytes, at)] === SEMICOLON
  if (kind === BACKSLASH) return true
  if (at > 0 && WHITE_SPACE[bytes[at - 1] as number] === 1) return false
  const length = kind === ESC ? readSequence(bytes, at, bytes.length) : 1
  return length < 1 || WHITE_SPACE[bytes[at + length] as number] !== 1
}
