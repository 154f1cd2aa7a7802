/** The size of a new block. Most logs are smaller, and a large block for each would keep the garbage collector busy. */
const FIRST_BYTES = 64 * 1024
/** A block that is full becomes this many times as large: its content is copied once or twice. */
const GROWTH = 16

/** A block of memory, and how many of its bytes are used. */
type Block = { buffer: Uint8Array; length: number }

/**
 * Copies the bytes of a log that wait to be sent into blocks as large as a segment. A block is used again once its segment is released,
 * so that a log of any size needs a few of them. Blocks grow with what is in them.
 */
export class SegmentBuffer {
  readonly #segmentBytes: number
  #blocks: Block[] = []
  readonly #spare: Uint8Array[] = []
  #bytes = 0

  constructor(segmentBytes: number) {
    this.#segmentBytes = segmentBytes
  }

  /** The number of bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  add(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    for (let at = 0; at < bytes.length; ) {
      const block = this.#openBlock()
      const part = bytes.subarray(at, at + this.#segmentBytes - block.length)
      this.#makeRoom(block, part.length)
      block.buffer.set(part, block.length)
      block.length += part.length
      at += part.length
    }
  }

  /** The next segment, as it is in its block. Empty if nothing waits. */
  take(): Uint8Array {
    const { buffer, length } = this.#blocks.shift() ?? { buffer: new Uint8Array(), length: 0 }
    this.#bytes -= length
    return buffer.subarray(0, length)
  }

  /** Allows a segment that was taken to be overwritten. */
  release(segment: Uint8Array): void {
    this.#spare.push(new Uint8Array(segment.buffer))
  }

  clear(): void {
    this.#blocks = []
    this.#bytes = 0
  }

  #openBlock(): Block {
    const last = this.#blocks.at(-1)
    if (last && last.length < this.#segmentBytes) return last
    const block = { buffer: this.#spare.pop() ?? new Uint8Array(), length: 0 }
    this.#blocks.push(block)
    return block
  }

  #makeRoom(block: Block, bytes: number): void {
    const needed = block.length + bytes
    if (needed <= block.buffer.length) return
    const size = Math.max(needed, GROWTH * block.buffer.length, FIRST_BYTES)
    const buffer = Buffer.allocUnsafeSlow(Math.min(size, this.#segmentBytes))
    buffer.set(block.buffer.subarray(0, block.length))
    block.buffer = buffer
  }
}
