import type { CommandOutput } from '../model/command-output.ts'
import type { LogOutline, LogPhase } from '../model/log-outline.ts'
import { createLimiter, type Limiter } from './limiter.ts'
import { OutlineRecorder } from './outline-recorder.ts'
import { OutputRecorder } from './output-recorder.ts'
import type { Redactor } from './redactor.ts'
import { runnerLine } from './runner-line.ts'
import { createSecretRedactor } from './secret-redactor.ts'
import type { LogSink } from './sink.ts'
import { LogStreamer } from './streamer.ts'

/** The host reserves half a minute for everything after the command. */
const END_TIMEOUT_MS = 15_000
/** S3 cannot copy parts below 5 MiB: a smaller end of the log is written directly into `log.txt`. */
const REST_BYTES = 5 * 1024 * 1024 - 1

export type LogOptions = {
  /** Bytes beyond it are counted and discarded. */
  limitBytes: number
  /** How long output waits for its upload, in ms, unless much of it waits. */
  uploadMs: number
}

export type WrittenLog = {
  log: { bytes: number; complete: boolean; segments: number }
  outline: LogOutline
}

/** The log of a build. Everything written is redacted, limited in size, and uploaded in order. */
export class BuildLog {
  readonly #sink: LogSink
  readonly #streamer: LogStreamer
  readonly #limiter: Limiter
  #redactor: Redactor
  #secrets: readonly string[]
  #endsLine = true
  readonly #outline = new OutlineRecorder()
  /** The output of the running command. */
  #output: OutputRecorder | null = null
  /** Whether that is the output of an earlier one. */
  #isKept = false

  constructor(sink: LogSink, secrets: readonly string[], { limitBytes, uploadMs }: LogOptions) {
    this.#sink = sink
    this.#limiter = createLimiter(limitBytes)
    const { upload, stored } = sink
    this.#streamer = new LogStreamer({
      upload,
      stored,
      intervalMs: uploadMs,
      endTimeoutMs: END_TIMEOUT_MS,
      restBytes: REST_BYTES,
    })
    this.#secrets = secrets
    this.#redactor = createSecretRedactor(secrets)
  }

  /** From now on, masks these values, too. */
  async addSecrets(secrets: readonly string[]): Promise<void> {
    const added = secrets.filter(secret => !this.#secrets.includes(secret))
    if (added.length === 0) return
    await this.#send(this.#redactor.end())
    this.#secrets = [...this.#secrets, ...added]
    this.#redactor = createSecretRedactor(this.#secrets)
  }

  /** Writes output of a command. Resolves when the buffer has room for more. */
  write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) this.#endsLine = bytes.at(-1) === 0x0a
    return this.#send(this.#redactor.write(bytes))
  }

  /** Writes a line of the runner. Begins a new line if the command's output did not end with one. */
  async writeLine(text: string): Promise<void> {
    await this.#send(this.#redactor.end())
    await this.write(Buffer.from(`${this.#endsLine ? '' : '\n'}${runnerLine(text)}`))
  }

  /** From now on, everything written belongs to this phase. */
  async beginPhase(name: LogPhase): Promise<void> {
    await this.#send(this.#redactor.end())
    this.#outline.beginPhase(name)
  }

  /**
   * Begins a phase with a line of the runner. The output that `recordOutput` returns starts after this line. If the command `keepsOutput`,
   * it is that of the previous one, unless that had none.
   */
  async beginCommand(name: LogPhase, line: string, keepsOutput = false): Promise<void> {
    await this.beginPhase(name)
    const output = this.#output
    this.#output = null
    await this.writeLine(line)
    this.#isKept = keepsOutput && output?.isEmpty === false
    this.#output = output && !this.#isKept ? new OutputRecorder() : output
  }

  /**
   * Runs `work`, which writes the output of a command and no line of the runner except that of `beginCommand`. Returns the output since
   * then, as in the log.
   */
  async recordOutput<T>(work: () => Promise<T>): Promise<T & { output: CommandOutput }> {
    await this.#send(this.#redactor.end())
    this.#output = new OutputRecorder()
    this.#isKept = false
    try {
      const result = await work()
      await this.#send(this.#redactor.end())
      return { ...result, output: this.#output }
    } finally {
      this.#output = null
    }
  }

  /** Masks secrets in a text for records and messages. */
  redact(text: string): string {
    return this.#redactor.redactText(text)
  }

  /** Uploads the rest and completes `log.txt`. Never throws. */
  async end(): Promise<WrittenLog> {
    await this.#send(this.#redactor.end())
    const truncation = this.#limiter.end()
    if (truncation) await this.#streamer.write(Buffer.from(`\n${runnerLine(truncation)}`))
    const { bytes, complete, segments } = await this.#streamer.end()
    const isFinished = await this.#finish()
    return {
      log: { bytes, complete: complete && isFinished, segments },
      outline: this.#outline.outline(),
    }
  }

  async #finish(): Promise<boolean> {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        await this.#sink.finish()
        return true
      } catch {
        // No delay: the SDK has already waited between its own attempts.
      }
    }
    // Without `log.txt`, the log is read from its segments.
    await this.#sink.storeRest().catch(() => {})
    return false
  }

  #send(redacted: Uint8Array): Promise<void> {
    const { lines } = this.#sink
    const before = lines.newlines
    const kept = this.#limiter.write(redacted)
    lines.add(kept)
    this.#outline.add(kept, before, lines.newlines)
    if (!this.#isKept) this.#output?.add(redacted, before, lines.newlines)
    return this.#streamer.write(kept)
  }
}
