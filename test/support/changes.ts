import { setTimeout as sleep } from 'node:timers/promises'

/** A change in a test system: the key of a record, or another word such as `mail`. */
type Change = string
type Waiter = { isRelevant: (change: Change) => boolean; resolve: () => void }

/** Tells those who wait that something has changed, so that they need not poll. */
export class Changes {
  readonly #waiters = new Set<Waiter>()
  readonly #explain: () => readonly string[]

  /** @param explain what explains a time-out: the last lines of the functions */
  constructor(explain: () => readonly string[] = () => []) {
    this.#explain = explain
  }

  announce(change: Change): void {
    for (const waiter of this.#waiters) {
      if (!waiter.isRelevant(change)) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }

  /**
   * Repeats `query` after each relevant change until it returns something truthy, and returns that. Repeats it every
   * `pollMs` as well, for changes that nobody announces.
   * @throws Error if that takes longer than `timeoutMs`
   */
  async until<T>(
    what: string,
    query: () => Promise<T | null | undefined | false>,
    { timeoutMs, pollMs, isRelevant = () => true }: UntilOptions,
  ): Promise<T> {
    const end = Date.now() + timeoutMs
    while (Date.now() < end) {
      // From before the query on: a change that it misses repeats it.
      const waiter = this.#wait(isRelevant)
      const stopped = new AbortController()
      try {
        const result = await query()
        if (result) return result
        const pause = sleep(Math.min(pollMs, Math.max(0, end - Date.now())), undefined, stopped)
        await Promise.race([waiter.changed, pause])
      } finally {
        stopped.abort()
        waiter.end()
      }
    }
    throw new Error([`Timed out waiting for ${what}`, ...this.#explain()].join('\n'))
  }

  #wait(isRelevant: Waiter['isRelevant']) {
    const { promise: changed, resolve } = Promise.withResolvers<void>()
    const waiter = { isRelevant, resolve }
    this.#waiters.add(waiter)
    return { changed, end: () => this.#waiters.delete(waiter) }
  }
}

type UntilOptions = { timeoutMs: number; pollMs: number; isRelevant?: (change: Change) => boolean }
