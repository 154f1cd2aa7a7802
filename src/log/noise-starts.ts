import { WHITE_SPACE } from './alphabet.ts'
import { AMPERSAND, BACKSLASH, ESC, PERCENT, readSequence } from './escapes.ts'

const CARRIAGE_RETURN = 0x0d
const KINDS = [ESC, CARRIAGE_RETURN, BACKSLASH, PERCENT, AMPERSAND]

/**
 * Finds the bytes that begin an escape, and carriage returns. Passes over those that are next to white space and stand for
 * no character: most colours begin after a blank and end before one, and most carriage returns end a line.
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
    for (let at = bytes.indexOf(kind, from); at !== -1; at = bytes.indexOf(kind, at + 1)) {
      if (kind !== ESC && kind !== CARRIAGE_RETURN) return at
      if (at > 0 && WHITE_SPACE[bytes[at - 1] as number] === 1) continue
      const length = kind === ESC ? readSequence(bytes, at, bytes.length) : 1
      if (length < 1 || WHITE_SPACE[bytes[at + length] as number] !== 1) return at
    }
    return bytes.length
  }
}
