import { setTimeout as sleep } from 'node:timers/promises'

const MIB = 1024 * 1024

export type StreamerOptions = {
  /** Stores the bytes of the log from `firstByte` on; called again with the same arguments when it fails. */
  upload(firstByte: number, bytes: Uint8Array): Promise<void>
  /** How long a byte waits before it goes up, unless `soonBytes` wait (1 s, 1 MiB). */
  intervalMs?: number
  soonBytes?: number
  /** The largest segment (8 MiB). */
  segmentBytes?: number
  /** How much may wait or be under way before `write` stops taking more (16 MiB). */
  bufferBytes?: number
  /** Before the second try of an upload; doubles from try to try, up to fifty times as long (200 ms). */
  backOffMs?: number
  /** Once the build has ended: tries for one upload (5), and the longest wait for all of them (60 s). */
  lastTries?: number
  lastMs?: number
}

const DEFAULTS = {
  intervalMs: 1000,
  soonBytes: MIB,
  segmentBytes: 8 * MIB,
  bufferBytes: 16 * MIB,
  backOffMs: 200,
  lastTries: 5,
  lastMs: 60_000,
}

/**
 * Sends the log up while it grows, one segment after another. A failed upload is tried again for as long as the
 * build lives, and never fails it; what is uploaded is always the log's beginning, without gaps.
 */
export class LogStreamer {
  readonly #options: StreamerOptions & typeof DEFAULTS
  readonly #ending = new AbortController()
  readonly #over = new AbortController()
  #waiting: Uint8Array[] = []
  /** Bytes that wait or are under way. */
  #held = 0
  #uploaded = 0
  #segments = 0
  #complete = true
  #timer: NodeJS.Timeout | undefined
  #uploading: Promise<void> | undefined
  #room = Promise.withResolvers<void>()

  constructor(options: StreamerOptions) {
    this.#options = { ...DEFAULTS, ...options }
    this.#room.resolve()
  }

  /** Takes the next bytes of the log; resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0 && !this.#ending.signal.aborted) {
      if (this.#held < this.#options.bufferBytes && this.#held + bytes.length >= this.#options.bufferBytes)
        this.#room = Promise.withResolvers<void>()
      this.#waiting.push(bytes)
      this.#held += bytes.length
      this.#schedule()
    }
    return this.#room.promise
  }

  /** Sends what is left. `complete` is false when something had to be given up: then `bytes` are stored. */
  async end(): Promise<{ bytes: number; complete: boolean; segments: number }> {
    this.#ending.abort()
    const tooLate = sleep(this.#options.lastMs, true, { signal: this.#over.signal }).catch(() => false)
    if (await Promise.race([this.#drain(), tooLate])) this.#giveUp()
    this.#over.abort()
    return { bytes: this.#uploaded, complete: this.#complete, segments: this.#segments }
  }

  async #drain() {
    clearTimeout(this.#timer)
    while (this.#held > 0) {
      this.#start()
      await this.#uploading
    }
  }

  #schedule() {
    if (this.#ending.signal.aborted || this.#uploading || this.#held === 0) return
    if (this.#held >= this.#options.soonBytes) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), this.#options.intervalMs)
  }

  #start() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#uploading ??= this.#uploadWaiting().finally(() => {
      this.#uploading = undefined
      this.#schedule()
    })
  }

  async #uploadWaiting() {
    do {
      const segment = this.#takeSegment()
      if (!(await this.#uploadInTheEnd(segment))) return this.#giveUp()
      this.#uploaded += segment.length
      this.#segments += 1
      this.#release(segment.length)
    } while (this.#held >= this.#options.soonBytes)
  }

  async #uploadInTheEnd(segment: Uint8Array): Promise<boolean> {
    const { upload, backOffMs, lastTries } = this.#options
    for (let tries = 0, lastOnes = 0; lastOnes < lastTries && this.#complete; tries++) {
      if (this.#ending.signal.aborted) lastOnes++
      try {
        await upload(this.#uploaded, segment)
        return this.#complete
      } catch {
        // The end of the build cuts a long wait short: its own tries begin at once.
        const signal = lastOnes > 0 ? this.#over.signal : this.#ending.signal
        const pause = backOffMs * Math.min(2 ** (lastOnes || tries), 50)
        if (lastOnes < lastTries) await sleep(pause, undefined, { signal }).catch(() => {})
      }
    }
    return false
  }

  #takeSegment(): Uint8Array {
    let room = this.#options.segmentBytes
    let taken = 0
    const parts: Uint8Array[] = []
    for (const bytes of this.#waiting) {
      if (room === 0) break
      const part = bytes.subarray(0, room)
      parts.push(part)
      room -= part.length
      if (part.length < bytes.length) this.#waiting[taken] = bytes.subarray(part.length)
      else taken++
    }
    this.#waiting.splice(0, taken)
    return Buffer.concat(parts)
  }

  #release(bytes: number) {
    this.#held -= bytes
    if (this.#held < this.#options.bufferBytes) this.#room.resolve()
  }

  #giveUp() {
    this.#complete = false
    this.#waiting = []
    this.#release(this.#held)
  }
}
