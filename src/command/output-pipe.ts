import { constants, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { BlockingWriter } from './blocking-writer.ts'

/** A chunk of this many bytes comes from a pipe that may be full. */
const FULL_CHUNK = 64 * 1024
/** How much is read at a time. */
const READ_BYTES = 256 * 1024
/** After a read of fewer bytes than this, a large pipe is left to fill for a moment: many small reads cost more than processing them. */
const FEW_BYTES = 32 * 1024
const GATHER_MS = 1
/** A pipe buffers 64 KiB at first. In a larger one, most programs never see it full, which is when O_NONBLOCK hurts. */
const LARGE_PIPE = 512 * 1024
/** Commands that end earlier do not need it. */
const ENLARGE_AFTER_MS = 20
/** A consumer that takes longer for a full chunk gets smaller ones, so that O_NONBLOCK is cleared in between. */
const LONG_MS = 1
const SHORT_CHUNK = 16 * 1024
/** A pipe buffers at most 1 MiB. More than this after the command's end must have been written since. */
const MAX_DRAINED_BYTES = 2 * 1024 * 1024
/** Node cannot set the size of a pipe (Linux's F_SETPIPE_SZ). Git includes Perl. */
const SET_SIZE: readonly (readonly [string, ...string[]])[] = [
  ['perl', '-e', `fcntl(STDOUT, 1031, ${LARGE_PIPE}) or exit 1`],
  ['python3', '-ISc', `import fcntl; fcntl.fcntl(1, 1031, ${LARGE_PIPE})`],
]

/** A pipe that is opened ahead of its command. */
export type PreparedOutput = AsyncDisposable & { pipe: Promise<OutputPipe> }

/** How long a full chunk would have taken. */
const msPerChunk = (start: number, bytes: number) => ((performance.now() - start) * FULL_CHUNK) / bytes

/** Opens a pipe for a command that comes later. Disposing of it closes the pipe, whether it was used or not. */
export function prepareOutput(): PreparedOutput {
  const pipe = OutputPipe.open()
  const close = () => pipe.then(opened => opened.close())
  pipe.catch(() => {})
  return { pipe, [Symbol.asyncDispose]: () => close().catch(() => {}) }
}

/**
 * A real pipe for a command's stdout and stderr. One descriptor for both keeps their order. Unlike the socket pairs
 * that Node gives its children, a pipe can be reopened (`echo x > /dev/stderr`, `tee /dev/stdout`).
 */
export class OutputPipe {
  /** The write end, for the child. */
  readonly writer: BlockingWriter
  readonly #socket: Socket
  /** Holds the bytes of the last read. A new buffer for each read would take as much time as everything else. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  /** The number of bytes that the pending read has brought; 0 at the end. */
  #read = Promise.withResolvers<number>()
  #bytes = 0
  #maxBytes = Number.POSITIVE_INFINITY
  #consuming = false
  #consumed: Promise<void> | undefined
  #ended = false
  #enlarging: NodeJS.Timeout | undefined
  #isLarge = false

  constructor(reader: number, writer: number) {
    this.writer = new BlockingWriter(writer)
    // False stops reading until these bytes are consumed.
    const callback = (count: number) => {
      this.#read.resolve(count)
      return false
    }
    const onread = { buffer: this.#buffer, callback }
    this.#socket = new Socket({ fd: reader, readable: true, writable: false, onread })
      // An error closes it, too.
      .on('error', () => {})
      .on('close', () => this.#read.resolve(0))
  }

  static async open(): Promise<OutputPipe> {
    const directory = await mkdtemp(join(tmpdir(), 'lambci-pipe-'))
    try {
      const path = join(directory, 'output')
      await execa('mkfifo', ['-m', '600', path])
      // The reader first and non-blocking: opening the writer blocks until there is a reader.
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      return new OutputPipe(reader, openSync(path, constants.O_WRONLY))
    } finally {
      await rm(directory, { recursive: true })
    }
  }

  /** Keeps the pipe blocking while the command runs. */
  watch() {
    this.writer.watch()
    this.#enlarging = setTimeout(() => this.#enlarge(), ENLARGE_AFTER_MS)
  }

  /** Leaves the pipe unchanged if it does not work. */
  async #enlarge() {
    for (const [program, ...options] of process.platform === 'linux' ? SET_SIZE : []) {
      if (this.writer.isClosed) return
      const { failed } = await execa(program, options, {
        stdin: 'ignore',
        stdout: this.writer.fd as 3,
        stderr: 'ignore',
        buffer: false,
        reject: false,
      })
      if (!failed) {
        this.#isLarge = true
        return
      }
    }
  }

  /**
   * Passes all output to the consumer, and waits for it before reading on, which overwrites the bytes. Rejects only if the consumer does.
   */
  consume(onOutput: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    this.#consumed = this.#consume(onOutput)
    return this.#consumed
  }

  async #consume(onOutput: (bytes: Uint8Array) => Promise<void>) {
    let size = FULL_CHUNK
    try {
      for await (const bytes of this.#chunks()) {
        this.#bytes += bytes.length
        this.writer.mayBeFull = true
        this.#consuming = true
        for (let at = 0, part: Uint8Array; at < bytes.length; at += part.length) {
          part = bytes.subarray(at, at + size)
          this.writer.clearFlag()
          const start = performance.now()
          const consumed = onOutput(part)
          size = msPerChunk(start, part.length) > LONG_MS ? SHORT_CHUNK : FULL_CHUNK
          await consumed
        }
        this.#consuming = false
        this.writer.mayBeFull = bytes.length >= FULL_CHUNK
        this.writer.clearFlag()
        if (this.#bytes > this.#maxBytes) return
      }
    } finally {
      this.#ended = true
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (let count = await this.#read.promise; count > 0; count = await this.#read.promise) {
      yield this.#buffer.subarray(0, count)
      if (this.#isLarge && count < FEW_BYTES) await sleep(GATHER_MS)
      // After `close` nothing more is to be read.
      if (this.#socket.destroyed) return
      this.#read = Promise.withResolvers()
      this.#socket.resume()
    }
  }

  /** How much has been read. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether the consumer is working. */
  get isConsuming(): boolean {
    return this.#consuming
  }

  /** Waits at most `ms` until all output is read. Returns whether it is. */
  async settle(ms: number): Promise<boolean> {
    const stop = new AbortController()
    const timeout = sleep(ms, undefined, { signal: stop.signal }).catch(() => {})
    await Promise.race([this.#consumed, timeout])
    stop.abort()
    return this.#ended
  }

  /**
   * Reads the rest after the process group was killed, then closes the pipe. Stops early if it `isTooLate`, or if an
   * escaped process must be holding the pipe: it is silent, or writes more than a pipe can buffer, or keeps writing.
   */
  async drain(tickMs: number, isTooLate: () => boolean): Promise<void> {
    this.#maxBytes = this.#bytes + MAX_DRAINED_BYTES
    let idleTicks = 0
    for (let before = this.#bytes; !(await this.settle(tickMs)); before = this.#bytes) {
      if (!this.#consuming) idleTicks++
      const isQuiet = this.#bytes === before && !this.#consuming
      if (isQuiet || idleTicks === 3 || isTooLate()) break
    }
    this.close()
  }

  close() {
    clearTimeout(this.#enlarging)
    this.writer.close()
    this.#socket.destroy()
  }
}
