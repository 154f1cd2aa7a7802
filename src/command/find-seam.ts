type OnOutput = (bytes: Uint8Array) => Promise<void>

/**
 * Passes output on without the first occurrence of a mark, and calls `onSeam` in its place. Bytes that may begin the mark are held
 * back until more follow, so call `end` at the end.
 */
export class SeamFinder {
  readonly #mark: Buffer
  readonly #onOutput: OnOutput
  readonly #onSeam: () => Promise<void>
  #held: Uint8Array = Buffer.alloc(0)
  #isFound = false

  constructor(mark: string, onOutput: OnOutput, onSeam: () => Promise<void>) {
    this.#mark = Buffer.from(mark)
    this.#onOutput = onOutput
    this.#onSeam = onSeam
  }

  async add(bytes: Uint8Array): Promise<void> {
    if (this.#isFound) return this.#onOutput(bytes)
    const all = Buffer.concat([this.#held, bytes])
    const at = all.indexOf(this.#mark)
    if (at < 0) {
      const kept = this.#possibleStart(all)
      this.#held = all.subarray(all.length - kept)
      return this.#pass(all.subarray(0, all.length - kept))
    }
    this.#isFound = true
    this.#held = Buffer.alloc(0)
    await this.#pass(all.subarray(0, at))
    await this.#onSeam()
    await this.#pass(all.subarray(at + this.#mark.length))
  }

  /** Passes on what was held back. */
  async end(): Promise<void> {
    const held = this.#held
    this.#held = Buffer.alloc(0)
    await this.#pass(held)
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
