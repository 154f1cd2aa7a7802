/**
 * The bytes held back, followed by the newest chunk. A chunk that meets nothing held back is used as it is; else
 * bytes are appended to a store that grows by doubling, so that many small chunks cost no more than a large one.
 * Bytes once given out are never overwritten.
 */
export class ByteWindow {
  #store = new Uint8Array()
  #owned = false
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  /** Adds a chunk and gives all that the window now holds. */
  append(chunk: Uint8Array): Uint8Array {
    const { length } = this
    if (length === 0) this.#replace(chunk as Uint8Array<ArrayBuffer>, chunk.length, false)
    else {
      if (!this.#owned || this.#end + chunk.length > this.#store.length) {
        const roomy = new Uint8Array(2 * (length + chunk.length))
        roomy.set(this.#store.subarray(this.#start, this.#end))
        this.#replace(roomy, length, true)
      }
      this.#store.set(chunk, this.#end)
      this.#end += chunk.length
    }
    return this.#store.subarray(this.#start, this.#end)
  }

  /** Forgets the first `count` bytes. */
  drop(count: number) {
    this.#start += count
  }

  #replace(store: Uint8Array<ArrayBuffer>, end: number, owned: boolean) {
    this.#store = store
    this.#start = 0
    this.#end = end
    this.#owned = owned
  }
}
