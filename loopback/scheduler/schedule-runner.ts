import { Alarm, type Clock } from '../clock.ts'
import { retryAt } from './schedule.ts'
import type { Schedule, ScheduleStore } from './schedule-store.ts'

/** Calls a target with the rights of the given role. A call that rejects is retried later. */
export type OnTarget = (targetArn: string, input: unknown, roleArn: string) => Promise<void> | void

/** Calls the targets of due schedules, with retries. A schedule is stored until its target has accepted the call. */
export class ScheduleRunner {
  readonly #store: ScheduleStore
  readonly #clock: Clock
  readonly #onTarget: OnTarget
  readonly #alarm: Alarm
  #running: Promise<void> | null = null
  #closed = false

  constructor(store: ScheduleStore, clock: Clock, onTarget: OnTarget) {
    this.#store = store
    this.#clock = clock
    this.#onTarget = onTarget
    this.#alarm = new Alarm(clock, () => void this.runDue())
  }

  /** Sets the alarm for the next due schedule. Call it after every change of a schedule. */
  setAlarm() {
    this.#alarm.set(this.#closed || this.#running ? null : this.#store.nextDue())
  }

  async runDue() {
    // One run at a time, or a target would be called twice. Run again, since schedules may have become due meanwhile.
    while (this.#running) await this.#running
    this.#running = this.#run().finally(() => {
      this.#running = null
      this.setAlarm()
    })
    await this.#running
  }

  async close() {
    this.#closed = true
    this.#alarm.set(null)
    await this.#running
  }

  async #run() {
    for (const { name } of this.#store.due(this.#clock.now())) {
      const schedule = this.#store.find(name)
      // It may have been deleted while another target was being called.
      if (schedule && !this.#closed) await this.#callTarget(schedule)
    }
  }

  async #callTarget(schedule: Schedule) {
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
