import { createLimiter, type Limiter } from './limiter.ts'
import { createRedactor, type Redactor } from './redactor.ts'
import { runnerLine } from './runner-line.ts'
import { secretForms } from './secret-forms.ts'
import type { LogSink } from './sink.ts'
import { LogStreamer } from './streamer.ts'

/** A host keeps half a minute for all that comes after the command. */
const LAST_MS = 15_000
/** Below the least that S3 copies into a whole: such an end is put into `log.txt` as it is. */
const REST_BYTES = 5 * 1024 * 1024 - 1

export type WrittenLog = { bytes: number; complete: boolean; segments: number }

/**
 * One build's log: whatever is written is redacted, limited and sent up in its order. The redactor's words are also
 * for records and messages.
 */
export class BuildLog {
  readonly #sink: LogSink
  readonly #streamer: LogStreamer
  readonly #limiter: Limiter
  #redactor: Redactor
  #secrets: readonly string[]
  #endsLine = true

  /** Past `limit` bytes the log is counted, not kept. */
  constructor(sink: LogSink, secrets: readonly string[], limit: number) {
    this.#sink = sink
    this.#limiter = createLimiter(limit)
    const { upload, stored } = sink
    this.#streamer = new LogStreamer({ upload, stored, endTimeoutMs: LAST_MS, restBytes: REST_BYTES })
    this.#secrets = secrets
    this.#redactor = createRedactor(secretForms(secrets))
  }

  /** From here on these are masked too. */
  async hide(secrets: readonly string[]): Promise<void> {
    await this.#send(this.#redactor.end())
    this.#secrets = [...this.#secrets, ...secrets]
    this.#redactor = createRedactor(secretForms(this.#secrets))
  }

  /** Output of a command; resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) this.#endsLine = bytes.at(-1) === 0x0a
    return this.#send(this.#redactor.write(bytes))
  }

  /** A line of the runner's own, on a line of its own whatever the command left. */
  async say(text: string): Promise<void> {
    await this.#send(this.#redactor.end())
    await this.write(Buffer.from(`${this.#endsLine ? '' : '\n'}${runnerLine(text)}`))
  }

  redact(text: string): string {
    return this.#redactor.redactText(text)
  }

  /** Sends what is left and makes `log.txt` whole; never throws. */
  async end(): Promise<WrittenLog> {
    await this.#send(this.#redactor.end())
    const leftOut = this.#limiter.end()
    if (leftOut) await this.#streamer.write(Buffer.from(`\n${runnerLine(leftOut)}`))
    const { bytes, complete, segments } = await this.#streamer.end()
    const isWhole = await this.#finish()
    return { bytes, complete: complete && isWhole, segments }
  }

  async #finish(): Promise<boolean> {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        await this.#sink.finish()
        return true
      } catch {
        // The SDK has waited between its own attempts already.
      }
    }
    // It is read from its segments then.
    await this.#sink.storeRest().catch(() => {})
    return false
  }

  #send(redacted: Uint8Array): Promise<void> {
    return this.#streamer.write(this.#limiter.write(redacted))
  }
}
