import { setTimeout as sleep } from 'node:timers/promises'

const MIB = 1024 * 1024
/** While S3 works on one segment, the next is on its way. */
const UNDER_WAY = 2

export type StreamerOptions = {
  /** Stores the bytes of the log from `firstByte` on; called again with the same arguments when it fails. */
  upload(firstByte: number, bytes: Uint8Array): Promise<void>
  /** Told of each stored segment in the order of the log; called again like `upload`. */
  stored?(firstByte: number, bytes: Uint8Array): Promise<void>
  /** How long a byte waits before it goes up, unless `soonBytes` wait (1 s, 5 MiB). */
  intervalMs?: number
  flushBytes?: number
  /** The largest segment (8 MiB). */
  segmentBytes?: number
  /** How much may wait or be under way before `write` stops taking more (24 MiB). */
  bufferBytes?: number
  /** The end of the log, up to so many bytes, is only told as stored: whoever makes it whole has it anyway (0). */
  restBytes?: number
  /** Before the second try of an upload; doubles from try to try, up to fifty times as long (200 ms). */
  backOffMs?: number
  /** Once the build has ended: tries for one upload (5), and the longest wait for all of them (60 s). */
  endTries?: number
  endTimeoutMs?: number
}

const DEFAULTS = {
  stored: async () => {},
  intervalMs: 1000,
  // What S3 takes as a part of the whole need not be sent twice.
  flushBytes: 5 * MIB,
  segmentBytes: 8 * MIB,
  bufferBytes: 24 * MIB,
  restBytes: 0,
  backOffMs: 200,
  endTries: 5,
  endTimeoutMs: 60_000,
}

/**
 * Sends the log up while it grows, segment after segment, full ones two at a time. A failed upload is tried again for
 * as long as the build lives, and never fails it; what counts as uploaded is always the log's beginning, without gaps.
 */
export class LogStreamer {
  readonly #options: Required<StreamerOptions>
  readonly #ending = new AbortController()
  readonly #over = new AbortController()
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  /** Bytes that wait or are under way. */
  #held = 0
  #taken = 0
  #uploaded = 0
  #segments = 0
  #complete = true
  #timer: NodeJS.Timeout | undefined
  /** The oldest byte that waits has waited long enough. */
  #isDue = false
  #underWay = 0
  #last: Promise<unknown> = Promise.resolve()
  #room = Promise.withResolvers<void>()

  constructor(options: StreamerOptions) {
    this.#options = { ...DEFAULTS, ...options }
    this.#room.resolve()
  }

  /** Takes the next bytes of the log; resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0 && this.#complete && !this.#ending.signal.aborted) {
      if (this.#held < this.#options.bufferBytes && this.#held + bytes.length >= this.#options.bufferBytes)
        this.#room = Promise.withResolvers<void>()
      this.#waiting.push(bytes)
      this.#waitingBytes += bytes.length
      this.#held += bytes.length
      this.#schedule()
    }
    return this.#room.promise
  }

  /** Sends what is left. `complete` is false when something had to be given up: then `bytes` are stored. */
  async end(): Promise<{ bytes: number; complete: boolean; segments: number }> {
    this.#ending.abort()
    const tooLate = sleep(this.#options.endTimeoutMs, true, { signal: this.#over.signal }).catch(() => false)
    if (await Promise.race([this.#drain(), tooLate])) this.#giveUp()
    clearTimeout(this.#timer)
    this.#over.abort()
    return { bytes: this.#uploaded, complete: this.#complete, segments: this.#segments }
  }

  async #drain() {
    while (this.#held > 0) {
      this.#schedule()
      await this.#last
    }
  }

  #schedule() {
    while (this.#waitingBytes > 0 && this.#underWay < UNDER_WAY && this.#isTime()) this.#send()
    if (this.#waitingBytes > 0 && !this.#isDue)
      this.#timer ??= setTimeout(() => {
        this.#isDue = true
        this.#schedule()
      }, this.#options.intervalMs)
  }

  /** Beside another only a full one goes: many small segments would cost more than they bring. */
  #isTime(): boolean {
    const { flushBytes, segmentBytes } = this.#options
    const enough = this.#underWay === 0 ? flushBytes : Math.max(flushBytes, segmentBytes)
    return this.#isDue || this.#ending.signal.aborted || this.#waitingBytes >= enough
  }

  #send() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isDue = false
    this.#underWay += 1
    const firstByte = this.#taken
    const segment = this.#takeSegment()
    this.#taken += segment.length
    const isRest = this.#ending.signal.aborted && this.#waitingBytes === 0
    const needsUpload = !isRest || segment.length > this.#options.restBytes
    this.#last = this.#keep(firstByte, segment, needsUpload, this.#last).finally(() => {
      this.#underWay -= 1
      this.#schedule()
    })
  }

  async #keep(
    firstByte: number,
    segment: Uint8Array,
    needsUpload: boolean,
    before: Promise<unknown>,
  ): Promise<void> {
    const { upload, stored } = this.#options
    const isUp = !needsUpload || (await this.#inTheEnd(() => upload(firstByte, segment)))
    await before
    if (!isUp || !(await this.#inTheEnd(() => stored(firstByte, segment)))) return this.#giveUp()
    this.#uploaded += segment.length
    this.#segments += 1
    this.#release(segment.length)
  }

  /** Whether it was done, at last. */
  async #inTheEnd(work: () => Promise<void>): Promise<boolean> {
    const { backOffMs, endTries } = this.#options
    for (let tries = 0, lastOnes = 0; lastOnes < endTries && this.#complete; tries++) {
      if (this.#ending.signal.aborted) lastOnes++
      try {
        await work()
        return this.#complete
      } catch {
        // The end of the build cuts a long wait short: its own tries begin at once.
        const signal = lastOnes > 0 ? this.#over.signal : this.#ending.signal
        const pause = backOffMs * Math.min(2 ** (lastOnes || tries), 50)
        if (lastOnes < endTries) await sleep(pause, undefined, { signal }).catch(() => {})
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
    this.#waitingBytes -= this.#options.segmentBytes - room
    return Buffer.concat(parts)
  }

  #release(bytes: number) {
    this.#held -= bytes
    if (this.#held < this.#options.bufferBytes) this.#room.resolve()
  }

  #giveUp() {
    this.#complete = false
    this.#waiting = []
    this.#waitingBytes = 0
    this.#release(this.#held)
  }
}
