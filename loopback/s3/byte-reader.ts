import { Fault } from './faults.ts'

/** Reads lines and counted bytes from a stream. Buffers at most one line or one chunk of the stream. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /**
   * Reads a line, without its CR LF.
   * @throws {Fault} IncompleteBody at the end of the stream, InvalidRequest if the line is longer than `limit` bytes
   */
  async line(limit: number): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf('\r\n')
      if (end !== -1) return this.#pull(end + 2).toString('latin1', 0, end)
      if (this.#held.length > limit)
        throw new Fault('InvalidRequest', 'A line of the chunked body is too long.')
      const more = await this.#next()
      if (!more) throw new Fault('IncompleteBody')
      this.#held = Buffer.concat([this.#held, more])
    }
  }

  /**
   * Reads `count` bytes, in pieces.
   * @throws {Fault} IncompleteBody
   */
  async *take(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#held.length === 0) this.#held = (await this.#next()) ?? this.#held
      if (this.#held.length === 0) throw new Fault('IncompleteBody')
      const bytes = this.#pull(Math.min(left, this.#held.length))
      left -= bytes.length
      yield bytes
    }
  }

  async ended(): Promise<boolean> {
    return this.#held.length === 0 && !(await this.#next())
  }

  #pull(count: number): Buffer {
    const bytes = this.#held.subarray(0, count)
    this.#held = this.#held.subarray(count)
    return bytes
  }

  async #next(): Promise<Buffer | undefined> {
    for (;;) {
      const { value, done } = await this.#source.next()
      if (done) return undefined
      if (value.length > 0) return value
    }
  }
}
