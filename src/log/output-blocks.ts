/** Smaller pieces are copied into a block of the larger size: a command may write byte by byte. */
const SMALL_BYTES = 16 * 1024
const BLOCK_BYTES = 64 * 1024

/** Bytes that follow one another. `line`: how many lines of the log end before them. */
type Block = { buffer: Uint8Array; length: number; line: number; isOpen: boolean }

/** Consecutive bytes of an output. Large pieces are kept as they are, without a copy. */
export class OutputBlocks {
  #blocks: Block[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** How many lines of the log end before the first byte. */
  get line(): number {
    return this.#blocks[0]?.line ?? 0
  }

  add(piece: Uint8Array, line: number): void {
    this.#bytes += piece.length
    if (piece.length >= SMALL_BYTES) {
      this.#blocks.push({ buffer: piece, length: piece.length, line, isOpen: false })
      return
    }
    const last = this.#blocks.at(-1)
    if (last?.isOpen && last.length + piece.length <= last.buffer.length) {
      last.buffer.set(piece, last.length)
      last.length += piece.length
      return
    }
    const buffer = new Uint8Array(BLOCK_BYTES)
    buffer.set(piece)
    this.#blocks.push({ buffer, length: piece.length, line, isOpen: true })
  }

  /** Drops the first blocks while at least `limit` bytes are left. Returns whether any were dropped. */
  dropBefore(limit: number): boolean {
    let dropped = 0
    for (const { length } of this.#blocks) {
      if (this.#bytes - length < limit) break
      this.#bytes -= length
      dropped += 1
    }
    this.#blocks.splice(0, dropped)
    return dropped > 0
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
