import { type CancelRequest, readCancelRequest } from './cancel-request.ts'
import type { BuildRef } from './keys.ts'
import type { Store } from './store.ts'

/** Watches for a request to cancel a build while it runs. */
export class CancelWatch {
  readonly #controller: AbortController
  readonly #timer: NodeJS.Timeout
  /** Resolves after the first poll, which must come before the command. */
  readonly firstPoll: Promise<void>
  /** The request that counts, once there is one. */
  request: CancelRequest | null = null
  #seen: CancelRequest | null = null
  #isStopped = false
  #allowsSupersede = false

  /** @param controller aborted when a request counts */
  constructor(store: Store, build: BuildRef, controller: AbortController, intervalMs: number) {
    this.#controller = controller
    const look = async () => {
      // A failed read is repeated at the next interval; an unreadable request stops nothing.
      this.#seen = (await readCancelRequest(store, build).catch(() => null)) ?? this.#seen
      this.#check()
    }
    this.firstPoll = look()
    this.#timer = setInterval(look, intervalMs)
  }

  /** From now on, a newer commit of the same branch or pull request also cancels the build. */
  allowSupersede(): void {
    this.#allowsSupersede = true
    this.#check()
  }

  /** From now on, nothing is cancelled. */
  stop(): void {
    this.#isStopped = true
    clearInterval(this.#timer)
  }

  #check() {
    if (!this.#seen || this.#isStopped || (this.#seen.supersededBy !== null && !this.#allowsSupersede)) return
    this.request = this.#seen
    this.#controller.abort()
    this.stop()
  }
}
