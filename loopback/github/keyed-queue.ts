/** Runs tasks one at a time per key, in call order. Tasks with different keys run concurrently. */
export class KeyedQueue {
  readonly #last = new Map<number, Promise<unknown>>()

  run<T>(key: number, task: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(task)
    const settled = result
      .catch(() => undefined)
      .then(() => {
        if (this.#last.get(key) === settled) this.#last.delete(key)
      })
    this.#last.set(key, settled)
    return result
  }

  /** Resolves when no task is waiting or running. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values())
  }
}
