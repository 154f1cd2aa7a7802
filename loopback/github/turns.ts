/** Lets work with the same key happen one after the other, in the order in which it was asked for. */
export class Turns {
  readonly #last = new Map<number, Promise<unknown>>()

  take<T>(key: number, work: () => Promise<T>): Promise<T> {
    const acquisition = (this.#last.get(key) ?? Promise.resolve()).then(work)
    const settled = acquisition
      .catch(() => undefined)
      .then(() => {
        if (this.#last.get(key) === settled) this.#last.delete(key)
      })
    this.#last.set(key, settled)
    return acquisition
  }

  /** Resolves when nothing is waiting or under way any more. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values())
  }
}
