import { setTimeout as sleep } from 'node:timers/promises'
import { SegmentBuffer } from './segment-buffer.ts'

const MIB = 1024 * 1024
/** Uploads in flight: the next segment is sent while S3 stores the previous one. */
const MAX_IN_FLIGHT = 2

export type StreamerOptions = {
  /** Stores the bytes of the log from `firstByte` on. Retried with the same arguments if it fails. */
  upload(firstByte: number, bytes: Uint8Array): Promise<void>
  /** Called for each stored segment, in the order of the log. Retried like `upload`. The bytes are overwritten once it has resolved. */
  stored?(firstByte: number, bytes: Uint8Array): Promise<void>
  /** The longest time that a byte is buffered (1 s), unless `flushBytes` are buffered (5 MiB). */
  intervalMs?: number
  flushBytes?: number
  /** The largest segment (8 MiB). */
  segmentBytes?: number
  /** How many bytes may be buffered or in flight before `write` waits (24 MiB). */
  bufferBytes?: number
  /** The end of the log, up to this many bytes, is passed to `stored` without an upload (0). */
  restBytes?: number
  /** The delay before the first retry (200 ms). Doubles with each retry, up to fifty times as long. */
  backOffMs?: number
  /** After the end of the build: attempts per upload (5), and the time limit for all of them (60 s). */
  endTries?: number
  endTimeoutMs?: number
}

const DEFAULTS = {
  stored: async () => {},
  intervalMs: 1000,
  // From this size on, S3 can copy a segment as a part of `log.txt`, so it need not be sent twice.
  flushBytes: 5 * MIB,
  segmentBytes: 8 * MIB,
  bufferBytes: 24 * MIB,
  restBytes: 0,
  backOffMs: 200,
  endTries: 5,
  endTimeoutMs: 60_000,
}

/**
 * Uploads a growing log in segments, full ones two at a time. Failed uploads are retried until the build ends and
 * never fail it. The uploaded part of the log is always its beginning, without gaps.
 */
export class LogStreamer {
  readonly #options: Required<StreamerOptions>
  readonly #endSignal = new AbortController()
  readonly #ended = new AbortController()
  readonly #buffer: SegmentBuffer
  /** Bytes that are buffered or in flight. */
  #pendingBytes = 0
  #sentBytes = 0
  #uploadedBytes = 0
  #segments = 0
  #complete = true
  #timer: NodeJS.Timeout | undefined
  /** Whether the oldest buffered byte has waited for the whole interval. */
  #isDue = false
  #inFlight = 0
  #last: Promise<unknown> = Promise.resolve()
  #room = Promise.withResolvers<void>()

  constructor(options: StreamerOptions) {
    this.#options = { ...DEFAULTS, ...options }
    this.#buffer = new SegmentBuffer(this.#options.segmentBytes)
    this.#room.resolve()
  }

  /** Copies the next bytes of the log. Resolves when the buffer has room for more. */
  write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0 && this.#complete && !this.#endSignal.signal.aborted) {
      if (
        this.#pendingBytes < this.#options.bufferBytes &&
        this.#pendingBytes + bytes.length >= this.#options.bufferBytes
      )
        this.#room = Promise.withResolvers<void>()
      this.#buffer.add(bytes)
      this.#pendingBytes += bytes.length
      this.#schedule()
    }
    return this.#room.promise
  }

  /** Uploads the rest. `complete` is false if that failed; `bytes` of the log are always stored. */
  async end(): Promise<{ bytes: number; complete: boolean; segments: number }> {
    this.#endSignal.abort()
    const timeout = sleep(this.#options.endTimeoutMs, true, { signal: this.#ended.signal }).catch(() => false)
    if (await Promise.race([this.#drain(), timeout])) this.#abandon()
    clearTimeout(this.#timer)
    this.#ended.abort()
    return { bytes: this.#uploadedBytes, complete: this.#complete, segments: this.#segments }
  }

  async #drain() {
    while (this.#pendingBytes > 0) {
      this.#schedule()
      await this.#last
    }
  }

  #schedule() {
    while (this.#buffer.bytes > 0 && this.#inFlight < MAX_IN_FLIGHT && this.#shouldSend()) this.#send()
    if (this.#buffer.bytes > 0 && !this.#isDue)
      this.#timer ??= setTimeout(() => {
        this.#isDue = true
        this.#schedule()
      }, this.#options.intervalMs)
  }

  /** While another upload is in flight, only full segments are sent: requests cost money. */
  #shouldSend(): boolean {
    const { flushBytes, segmentBytes } = this.#options
    const enough = this.#inFlight === 0 ? flushBytes : Math.max(flushBytes, segmentBytes)
    return this.#isDue || this.#endSignal.signal.aborted || this.#buffer.bytes >= enough
  }

  #send() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isDue = false
    this.#inFlight += 1
    const firstByte = this.#sentBytes
    const segment = this.#buffer.take()
    this.#sentBytes += segment.length
    const isRest = this.#endSignal.signal.aborted && this.#buffer.bytes === 0
    const needsUpload = !isRest || segment.length > this.#options.restBytes
    this.#last = this.#store(firstByte, segment, needsUpload, this.#last).finally(() => {
      this.#inFlight -= 1
      this.#schedule()
    })
  }

  async #store(
    firstByte: number,
    segment: Uint8Array,
    needsUpload: boolean,
    before: Promise<unknown>,
  ): Promise<void> {
    const { upload, stored } = this.#options
    const isStored = !needsUpload || (await this.#retry(() => upload(firstByte, segment)))
    await before
    if (!isStored || !(await this.#retry(() => stored(firstByte, segment)))) return this.#abandon()
    this.#uploadedBytes += segment.length
    this.#segments += 1
    this.#buffer.release(segment)
    this.#release(segment.length)
  }

  /** Retries until it succeeds or the attempts after the end are exhausted. Returns whether it succeeded. */
  async #retry(work: () => Promise<void>): Promise<boolean> {
    const { backOffMs, endTries } = this.#options
    for (let tries = 0, triesAtEnd = 0; triesAtEnd < endTries && this.#complete; tries++) {
      if (this.#endSignal.signal.aborted) triesAtEnd++
      try {
        await work()
        return this.#complete
      } catch {
        // The end of the build interrupts a long delay: the attempts after it begin immediately.
        const signal = triesAtEnd > 0 ? this.#ended.signal : this.#endSignal.signal
        const delay = backOffMs * Math.min(2 ** (triesAtEnd || tries), 50)
        if (triesAtEnd < endTries) await sleep(delay, undefined, { signal }).catch(() => {})
      }
    }
    return false
  }

  #release(bytes: number) {
    this.#pendingBytes -= bytes
    if (this.#pendingBytes < this.#options.bufferBytes) this.#room.resolve()
  }

  #abandon() {
    this.#complete = false
    this.#buffer.clear()
    this.#release(this.#pendingBytes)
  }
}
