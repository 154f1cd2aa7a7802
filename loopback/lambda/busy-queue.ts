type Waiting<S> = { tenantId: string | null; since: number; resolve(sandbox: S | Promise<S>): void }

/**
 * Events that wait for a busy sandbox of their tenant. Calls `onLate` when the first of them has waited for `busyMs`, and again after each
 * further `busyMs` while it waits.
 */
export class BusyQueue<S> {
  readonly #busyMs: number
  readonly #onLate: () => void
  readonly #waiting: Waiting<S>[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(busyMs: number, onLate: () => void) {
    this.#busyMs = busyMs
    this.#onLate = onLate
  }

  /** Waits until the event is taken from the queue and resolved with a sandbox. */
  wait(tenantId: string | null): Promise<S> {
    return new Promise(resolve => {
      this.#waiting.push({ tenantId, since: performance.now(), resolve })
      this.#timer ??= this.#wakeIn(this.#busyMs)
    })
  }

  /** Takes the first event from the queue. */
  takeFirst(): Waiting<S> | undefined {
    return this.#waiting.shift()
  }

  /** Takes the first event of a tenant from the queue. */
  takeOf(tenantId: string | null): Waiting<S> | undefined {
    const index = this.#waiting.findIndex(each => each.tenantId === tenantId)
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]
  }

  #wakeIn(ms: number) {
    return setTimeout(() => this.#wake(), ms).unref()
  }

  #wake() {
    this.#timer = undefined
    const left = this.#leftOfFirst()
    // The event that began the wait may have left the queue.
    if (left <= 0) this.#onLate()
    if (this.#waiting.length > 0) this.#timer = this.#wakeIn(left > 0 ? left : this.#busyMs)
  }

  /** The time that the first event may still wait; ms. */
  #leftOfFirst(): number {
    const [first] = this.#waiting
    return first ? Math.ceil(first.since + this.#busyMs - performance.now()) : Number.POSITIVE_INFINITY
  }
}
