import { AMPERSAND, BACKSLASH, ESC, PERCENT } from './escapes.ts'

const INTRODUCERS = [ESC, 0x0d, BACKSLASH, PERCENT, AMPERSAND]

/** Finds the bytes that begin an escape, and carriage returns. */
export class NoiseStarts {
  #bytes: Buffer = Buffer.alloc(0)
  readonly #next = new Int32Array(INTRODUCERS.length)

  begin(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#next.fill(-1)
  }

  /** The first at or after `from`, or the text's length. `from` never decreases. */
  next(from: number): number {
    const { length } = this.#bytes
    let first = length
    for (let kind = 0; kind < INTRODUCERS.length; kind++) {
      let at = this.#next[kind] as number
      if (at < from) {
        at = this.#bytes.indexOf(INTRODUCERS[kind] as number, from)
        if (at === -1) at = length
        this.#next[kind] = at
      }
      if (at < first) first = at
    }
    return first
  }
}
