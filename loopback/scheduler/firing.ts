import { Alarm, type Clock } from '../clock.ts'
import { retryAt } from './schedule.ts'
import type { Schedule, ScheduleStore } from './schedule-store.ts'

/** A target that rejects is called again later; it is called by the rights of a role. */
export type OnTarget = (targetArn: string, input: unknown, roleArn: string) => Promise<void> | void

/** Calls what is due, again where the target fails; a schedule is kept until its target has taken it. */
export class Firing {
  readonly #store: ScheduleStore
  readonly #clock: Clock
  readonly #onTarget: OnTarget
  readonly #alarm: Alarm
  #round: Promise<void> | null = null
  #closed = false

  constructor(store: ScheduleStore, clock: Clock, onTarget: OnTarget) {
    this.#store = store
    this.#clock = clock
    this.#onTarget = onTarget
    this.#alarm = new Alarm(clock, () => void this.runDue())
  }

  /** Until the next schedule is due. */
  sleep() {
    this.#alarm.set(this.#closed || this.#round ? null : this.#store.nextDue())
  }

  async runDue() {
    // One round at a time, or a schedule would be called twice; the next may have become due in the meantime.
    while (this.#round) await this.#round
    this.#round = this.#runRound().finally(() => {
      this.#round = null
      this.sleep()
    })
    await this.#round
  }

  async close() {
    this.#closed = true
    this.#alarm.set(null)
    await this.#round
  }

  async #runRound() {
    for (const { name } of this.#store.due(this.#clock.now())) {
      const schedule = this.#store.find(name)
      // Gone since, by a request that came while another target was being called.
      if (schedule && !this.#closed) await this.#fire(schedule)
    }
  }

  async #fire(schedule: Schedule) {
    const { name, input, failures } = schedule
    let next: number | null = null
    try {
      const { Arn, Input, RoleArn } = input.Target
      await this.#onTarget(Arn, JSON.parse(Input), RoleArn)
    } catch {
      next = retryAt(input, failures + 1, this.#clock.now())
    }
    // It may have been deleted while its target was being called.
    if (!this.#store.find(name)) return
    if (next === null && input.ActionAfterCompletion === 'DELETE') this.#store.remove(name)
    else this.#store.put({ ...schedule, dueAt: next, failures: failures + (next === null ? 0 : 1) })
  }
}
