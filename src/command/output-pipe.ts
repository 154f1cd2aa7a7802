import { closeSync, constants, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'

/** A pipe holds 64 KiB, at most 1 MiB; whatever comes beyond it after the end is new. */
const MOST_LEFT_BYTES = 2 * 1024 * 1024

/**
 * A real pipe for a command's output and errors alike: one descriptor keeps their order, and a pipe, unlike the
 * socket pairs that Node gives its children, can be opened again (`echo x > /dev/stderr`, `tee /dev/stdout`).
 */
export class OutputPipe {
  /** The descriptor for the child. */
  readonly writer: number
  readonly #socket: Socket
  #writerOpen = true
  #bytes = 0
  #mostBytes = Number.POSITIVE_INFINITY
  #consuming = false
  #consumed: Promise<void> | undefined
  #ended = false

  constructor(reader: number, writer: number) {
    this.writer = writer
    this.#socket = new Socket({ fd: reader, readable: true, writable: false })
  }

  static async open(): Promise<OutputPipe> {
    const directory = await mkdtemp(join(tmpdir(), 'lambci-pipe-'))
    try {
      const path = join(directory, 'output')
      await execa('mkfifo', ['-m', '600', path])
      // A reader that does not wait for a writer has to come first: a writer would wait for it.
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      return new OutputPipe(reader, openSync(path, constants.O_WRONLY))
    } finally {
      await rm(directory, { recursive: true })
    }
  }

  /** Our own end for writing; the child has its copy, and only when all are closed does reading end. */
  closeWriter() {
    if (this.#writerOpen) closeSync(this.writer)
    this.#writerOpen = false
  }

  /** Hands on all output; reads no further while the consumer is at work. Fails only if the consumer does. */
  consume(onOutput: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    this.#consumed = this.#consume(onOutput)
    return this.#consumed
  }

  async #consume(onOutput: (bytes: Uint8Array) => Promise<void>) {
    try {
      for await (const bytes of this.#chunks()) {
        this.#bytes += bytes.length
        this.#consuming = true
        await onOutput(bytes)
        this.#consuming = false
        if (this.#bytes > this.#mostBytes) return
      }
    } finally {
      this.#ended = true
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const bytes of this.#socket) yield bytes
    } catch (error) {
      // Closed by ourselves: nothing is left that should be read.
      if (!this.#socket.destroyed) throw error
    }
  }

  /** Waits until all is read, at most `ms`. Says whether it is. */
  async settle(ms: number): Promise<boolean> {
    const stop = new AbortController()
    const waiting = sleep(ms, undefined, { signal: stop.signal }).catch(() => {})
    await Promise.race([this.#consumed, waiting])
    stop.abort()
    return this.#ended
  }

  /**
   * Reads what is left once nobody should write any more: until the end, or until somebody who escaped plainly
   * holds the pipe (nothing comes, or more than a pipe can hold, or little by little), or until it `isTooLate`.
   */
  async drain(tickMs: number, isTooLate: () => boolean): Promise<void> {
    this.#mostBytes = this.#bytes + MOST_LEFT_BYTES
    let idleTicks = 0
    for (let before = this.#bytes; !(await this.settle(tickMs)); before = this.#bytes) {
      if (!this.#consuming) idleTicks++
      const isQuiet = this.#bytes === before && !this.#consuming
      if (isQuiet || idleTicks === 3 || isTooLate()) break
    }
    this.close()
  }

  close() {
    this.closeWriter()
    this.#socket.destroy()
  }
}
