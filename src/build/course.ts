import { randomUUID } from 'node:crypto'
import type { Job } from '../job/job.ts'
import { buildKeys } from './layout.ts'
import { readRun } from './records.ts'
import type { Run, Runner } from './run-record.ts'
import type { Store } from './store.ts'

/** The course of a build while it happens: `run.json`, with the build as its only writer. */
export class Course {
  readonly #store: Store
  readonly #key: string
  #run: Run
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(store: Store, key: string, run: Run) {
    this.#store = store
    this.#key = key
    this.#run = run
  }

  /** Claims the job; null when another invocation has it: SNS and Lambda both deliver twice at times. */
  static async claim(store: Store, job: Job, runner: Runner, now: Date): Promise<Course | null> {
    const run: Run = {
      nonce: job.nonce,
      writeId: randomUUID(),
      phase: 'claimed',
      startedAt: now.toISOString(),
      endedAt: null,
      plan: null,
      exit: null,
      result: null,
      reason: null,
      deploy: null,
      log: null,
      timings: {},
      runner,
      notifications: null,
    }
    const { run: key } = buildKeys(job)
    const isOurs =
      (await store.putIf(key, JSON.stringify(run), { ifNoneMatch: '*' })) !== 'lost' ||
      // A retried request can lose against itself.
      (await readRun(store, job))?.writeId === run.writeId
    return isOurs ? new Course(store, key, run) : null
  }

  get run(): Run {
    return this.#run
  }

  /** Records what has changed, after whatever is being recorded. Each write wakes report. */
  async record(change: Partial<Run>): Promise<void> {
    this.note(change)
    const body = JSON.stringify(this.#run)
    const before = this.#writing.catch(() => {})
    this.#writing = before.then(() => this.#store.put(this.#key, body, 'application/json'))
    await this.#writing
  }

  /** Records what has changed while the build goes on; the next record says it again. */
  tell(change: Partial<Run>): void {
    this.record(change).catch(error => console.error(error))
  }

  /** Keeps a change for the next record. */
  note(change: Partial<Run>): void {
    this.#run = { ...this.#run, ...change }
  }

  /** Runs a phase and notes its time, in milliseconds, even when it fails. */
  async time<T>(phase: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return await work()
    } finally {
      const milliseconds = Math.round(performance.now() - start)
      this.note({ timings: { ...this.#run.timings, [phase]: milliseconds } })
    }
  }
}
