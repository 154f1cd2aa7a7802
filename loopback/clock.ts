/** Milliseconds since 1970; tests give one that they can move. */
export type Clock = { now(): number }

export const systemClock: Clock = { now: () => Date.now() }

/** A clock that is moved says nothing: how long it takes, at most, until that is noticed. */
const LONGEST_SLEEP_MS = 500

/** Calls `ring` once when its clock has reached the time that was set last. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** `null` sets nothing and takes back what was set. */
  set(at: number | null) {
    clearTimeout(this.#timer)
    if (at === null) return
    const wait = at - this.#clock.now()
    const wake = () => (this.#clock.now() >= at ? this.#ring() : this.set(at))
    this.#timer = setTimeout(wake, Math.min(Math.max(wait, 0), LONGEST_SLEEP_MS))
  }
}
