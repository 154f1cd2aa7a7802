const BLOCK_BYTES = 64 * 1024

/** Bytes that follow one another. `line`: how many lines of the log end before them. */
type Block = { buffer: Uint8Array; length: number; line: number }

/** Copies of consecutive bytes of an output, in blocks. Each block begins where a piece begins. */
export class OutputBlocks {
  #blocks: Block[] = []
  #bytes = 0
  /** The buffer of a dropped block, to be used again. */
  #spare: Uint8Array | null = null

  get bytes(): number {
    return this.#bytes
  }

  /** How many lines of the log end before the first byte. */
  get line(): number {
    return this.#blocks[0]?.line ?? 0
  }

  add(piece: Uint8Array, line: number): void {
    this.#bytes += piece.length
    const block = this.#blockFor(piece.length, line)
    block.buffer.set(piece, block.length)
    block.length += piece.length
  }

  /** Drops the first blocks while at least `limit` bytes are left. Returns whether any were dropped. */
  dropBefore(limit: number): boolean {
    let dropped = 0
    for (const { length, buffer } of this.#blocks) {
      if (this.#bytes - length < limit) break
      this.#bytes -= length
      this.#spare = buffer
      dropped += 1
    }
    if (dropped > 0) this.#blocks.splice(0, dropped)
    return dropped > 0
  }

  #blockFor(bytes: number, line: number): Block {
    const last = this.#blocks.at(-1)
    if (last && last.length + bytes <= last.buffer.length) return last
    const spare = this.#spare
    this.#spare = null
    const isFit = spare !== null && spare.length >= bytes
    const buffer = isFit ? spare : Buffer.allocUnsafeSlow(Math.max(bytes, BLOCK_BYTES))
    const block = { buffer, length: 0, line }
    this.#blocks.push(block)
    return block
  }

  /** The last bytes, or all. */
  end(bytes = this.#bytes): Buffer {
    const parts: Uint8Array[] = []
    let left = bytes
    for (let at = this.#blocks.length - 1; at >= 0 && left > 0; at--) {
      const { buffer, length } = this.#blocks[at] as Block
      parts.push(buffer.subarray(Math.max(0, length - left), length))
      left -= length
    }
    return Buffer.concat(parts.reverse())
  }
}
