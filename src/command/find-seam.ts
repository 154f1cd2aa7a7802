type OnOutput = (bytes: Uint8Array) => Promise<void>

/** The digits of an index in a mark. */
const DIGITS = 3

/** The end of the mark of a seam. */
export const indexOfSeam = (index: number) => String(index).padStart(DIGITS, '0')

/**
 * Passes output on without the marks of seams, and calls `onSeam` in their places. A mark is followed by the seam's index. A mark that is
 * repeated or out of order is passed on. Copies of bytes that may begin a mark are held back until more follow, so call `end` at the end.
 */
export class SeamFinder {
  readonly #mark: Buffer
  readonly #count: number
  readonly #onOutput: OnOutput
  readonly #onSeam: (index: number) => Promise<void>
  #held: Uint8Array = Buffer.alloc(0)
  /** The index of the last seam that was found. */
  last = -1

  /** @param count how many seams there are, from 0 */
  constructor(mark: string, count: number, onOutput: OnOutput, onSeam: (index: number) => Promise<void>) {
    this.#mark = Buffer.from(mark)
    this.#count = count
    this.#onOutput = onOutput
    this.#onSeam = onSeam
  }

  async add(bytes: Uint8Array): Promise<void> {
    let rest =
      this.#held.length === 0
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
        : Buffer.concat([this.#held, bytes])
    this.#held = Buffer.alloc(0)
    let from = 0
    while (this.last < this.#count - 1) {
      const at = rest.indexOf(this.#mark, from)
      const end = at + this.#mark.length + DIGITS
      if (at < 0 || end > rest.length) {
        const kept = at < 0 ? this.#possibleStart(rest.subarray(from)) : rest.length - at
        this.#held = Buffer.from(rest.subarray(rest.length - kept))
        rest = rest.subarray(0, rest.length - kept)
        break
      }
      const index = this.#indexIn(rest.subarray(end - DIGITS, end))
      from = at + 1
      if (index === null) continue
      await this.#pass(rest.subarray(0, at))
      this.last = index
      await this.#onSeam(index)
      rest = rest.subarray(end)
      from = 0
    }
    await this.#pass(rest)
  }

  /** Passes on what was held back. */
  async end(): Promise<void> {
    const held = this.#held
    this.#held = Buffer.alloc(0)
    await this.#pass(held)
  }

  /** Null if no seam with this index can follow. */
  #indexIn(digits: Buffer): number | null {
    const index = Number(digits.toString('latin1'))
    return indexOfSeam(index) === digits.toString('latin1') && index > this.last && index < this.#count
      ? index
      : null
  }

  async #pass(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#onOutput(bytes)
  }

  /** How many of the last bytes the mark may begin with. */
  #possibleStart(bytes: Buffer): number {
    for (let count = Math.min(bytes.length, this.#mark.length - 1); count > 0; count--)
      if (bytes.subarray(bytes.length - count).equals(this.#mark.subarray(0, count))) return count
    return 0
  }
}
