import { Socket } from 'node:net'

/** A process that is about to fill the pipe takes longer to start. */
const INTERVAL_MS = 2
/** While the pipe may be full, a process that starts to write fails at once. */
const FULL_INTERVAL_MS = 1

/** The method with which Node sets or clears O_NONBLOCK on a pipe. It is not in Node's documentation. */
type PipeHandle = { setBlocking(isBlocking: boolean): number }

/**
 * The write end of a pipe that many processes share. O_NONBLOCK belongs to the open file, not to the process that sets it, as every Node
 * child does when it prints. All others would then fail with EAGAIN once the pipe is full. While the pipe is watched, our copy clears the
 * flag.
 */
export class BlockingWriter {
  readonly fd: number
  mayBeFull = false
  readonly #socket: Socket
  #timer: NodeJS.Timeout | undefined

  constructor(fd: number) {
    this.fd = fd
    this.#socket = new Socket({ fd, readable: false, writable: true })
    // Node has just set the flag.
    this.clearFlag()
  }

  watch() {
    this.clearFlag()
    this.#timer = setTimeout(() => this.watch(), this.mayBeFull ? FULL_INTERVAL_MS : INTERVAL_MS)
  }

  /** Makes the pipe blocking again. Costs a microsecond. */
  clearFlag() {
    const { _handle: handle } = this.#socket as Socket & { _handle: PipeHandle | null }
    handle?.setBlocking(true)
  }

  get isClosed(): boolean {
    return this.#socket.destroyed
  }

  /** Closes our copy. May be called again. */
  close() {
    clearTimeout(this.#timer)
    if (!this.#socket.destroyed) this.clearFlag()
    this.#socket.destroy()
  }
}
