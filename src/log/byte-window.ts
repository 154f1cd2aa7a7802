/**
 * The bytes that were held back, followed by the newest chunk. If nothing is held back, the chunk is used without a
 * copy. Otherwise it is appended to a buffer that grows by doubling, so many small chunks cost no more than a large
 * one. The window overwrites nothing that it has returned. Call `drop` before the chunk is overwritten: what is left of it is copied.
 */
export class ByteWindow {
  #buffer = new Uint8Array()
  #ownsBuffer = false
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  /** Adds a chunk and returns all bytes in the window. */
  append(chunk: Uint8Array): Uint8Array {
    const { length } = this
    if (length === 0) this.#replace(chunk as Uint8Array<ArrayBuffer>, chunk.length, false)
    else {
      if (!this.#ownsBuffer || this.#end + chunk.length > this.#buffer.length) {
        const larger = new Uint8Array(2 * (length + chunk.length))
        larger.set(this.#buffer.subarray(this.#start, this.#end))
        this.#replace(larger, length, true)
      }
      this.#buffer.set(chunk, this.#end)
      this.#end += chunk.length
    }
    return this.#buffer.subarray(this.#start, this.#end)
  }

  /** Removes the first `count` bytes. */
  drop(count: number) {
    this.#start += count
    if (!this.#ownsBuffer && this.length > 0)
      this.#replace(new Uint8Array(this.#buffer.subarray(this.#start, this.#end)), this.length, true)
  }

  #replace(buffer: Uint8Array<ArrayBuffer>, end: number, ownsBuffer: boolean) {
    this.#buffer = buffer
    this.#start = 0
    this.#end = end
    this.#ownsBuffer = ownsBuffer
  }
}
