/** Waits until no invocation is running and the queues are empty. */
export class IdleWatch {
  readonly #queuesAreEmpty: () => boolean
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(queuesAreEmpty: () => boolean) {
    this.#queuesAreEmpty = queuesAreEmpty
  }

  /** Counts `work` as a running invocation. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
      this.check()
    }
  }

  wait(): Promise<void> {
    return new Promise(resolve => {
      this.#waiting.add(resolve)
      this.check()
    })
  }

  /** Resolves the waiting callers if idle. Call it when a queue may have become empty. */
  check() {
    if (this.#waiting.size === 0 || this.#running > 0 || !this.#queuesAreEmpty()) return
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
