/** Keeps the end of a command's output, without copying what it keeps. */
export class OutputTail {
  readonly #limit: number
  #chunks: Uint8Array[] = []
  #bytes = 0

  /** @param limit in bytes */
  constructor(limit: number) {
    this.#limit = limit
  }

  write(chunk: Uint8Array): void {
    const end = chunk.subarray(-this.#limit)
    this.#chunks.push(end)
    this.#bytes += end.length
    while (this.#bytes - (this.#chunks[0]?.length ?? 0) >= this.#limit)
      this.#bytes -= this.#chunks.shift()?.length ?? 0
  }

  /** At least the last `limit` bytes. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}
