/** `now` is in milliseconds since 1970. Tests pass a clock that they can advance. */
export type Clock = { now(): number }

export const systemClock: Clock = { now: () => Date.now() }

/** A test clock does not signal when it is advanced, so alarms look at it at least this often. */
const MAX_SLEEP_MS = 500

/** Calls `onDue` once, when the clock reaches the time set last. */
export class Alarm {
  readonly #clock: Clock
  readonly #onDue: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Replaces the time set before; `null` only cancels it. */
  set(at: number | null) {
    clearTimeout(this.#timer)
    if (at === null) return
    const wait = at - this.#clock.now()
    const check = () => (this.#clock.now() >= at ? this.#onDue() : this.set(at))
    this.#timer = setTimeout(check, Math.min(Math.max(wait, 0), MAX_SLEEP_MS))
  }
}
