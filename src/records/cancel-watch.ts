import { type CancelRequest, readCancelRequest } from './cancel-request.ts'
import type { BuildRef } from './keys.ts'
import type { Store } from './store.ts'

const INTERVAL_MS = 3000

/** Watches for a request to cancel a build while it runs. */
export class CancelWatch {
  readonly #controller = new AbortController()
  readonly #look: () => Promise<void>
  readonly #intervalMs: number
  #timer: NodeJS.Timeout | undefined
  #firstPoll = Promise.resolve()
  /** The request that counts, once there is one. */
  request: CancelRequest | null = null
  #seen: CancelRequest | null = null
  #isStopped = false
  #allowsSupersede = false

  constructor(store: Store, build: BuildRef, intervalMs = INTERVAL_MS) {
    this.#intervalMs = intervalMs
    this.#look = async () => {
      // A failed read is repeated at the next interval; an unreadable request stops nothing.
      this.#seen = (await readCancelRequest(store, build).catch(() => null)) ?? this.#seen
      this.#check()
    }
  }

  start(): void {
    this.#firstPoll = this.#look()
    this.#timer = setInterval(this.#look, this.#intervalMs)
  }

  /** Resolves after the first poll, which must come before the command. */
  get firstPoll(): Promise<void> {
    return this.#firstPoll
  }

  /** Aborted when a request counts, and when the job is abandoned. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** From now on, a newer commit of the same branch or pull request cancels the build as well. */
  allowSupersede(): void {
    this.#allowsSupersede = true
    this.#check()
  }

  /** From now on, nothing is cancelled. */
  stop(): void {
    this.#isStopped = true
    clearInterval(this.#timer)
  }

  /** Stops watching, and everything that `signal` stops. */
  abandon(): void {
    this.stop()
    this.#controller.abort()
  }

  #check() {
    if (!this.#seen || this.#isStopped || (this.#seen.supersededBy !== null && !this.#allowsSupersede)) return
    this.request = this.#seen
    this.#controller.abort()
    this.stop()
  }
}
