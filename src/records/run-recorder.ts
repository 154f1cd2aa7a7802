import { randomUUID } from 'node:crypto'
import type { Build } from '../model/build.ts'
import type { JobRun, Runner } from './job-run.ts'
import { buildKeys } from './keys.ts'
import { readRawJobRun } from './read-records.ts'
import type { Store } from './store.ts'
import { createRecord } from './update-record.ts'

/** How long a change that nobody waits for may stay unwritten. Most writes of short builds are saved by that. */
const SOON_MS = 250

/** Records how a job goes, in `run.json`, as its only writer. */
export class RunRecorder {
  readonly #store: Store
  readonly #key: string
  #run: JobRun
  #lastWrite: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  private constructor(store: Store, key: string, run: JobRun) {
    this.#store = store
    this.#key = key
    this.#run = run
  }

  /** Claims the job. Null if another invocation has claimed it: SNS and Lambda may both deliver a message twice. */
  static async claim(store: Store, build: Build, runner: Runner, now: Date): Promise<RunRecorder | null> {
    const run: JobRun = {
      nonce: build.nonce,
      writeId: randomUUID(),
      phase: 'claimed',
      startedAt: now.toISOString(),
      endedAt: null,
      plan: null,
      exit: null,
      conclusion: null,
      reason: null,
      deploy: null,
      log: null,
      timings: {},
      runner,
      notifications: null,
    }
    const { run: key } = buildKeys(build)
    const claimed = await createRecord(store, key, run, {
      read: () => readRawJobRun(store, build),
      isOwn: ({ writeId }) => writeId === run.writeId,
    })
    return claimed && new RunRecorder(store, key, run)
  }

  get run(): JobRun {
    return this.#run
  }

  /** Writes a change, after the writes before it. Each write triggers report. */
  async record(change: Partial<JobRun>): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#add(change)
    const body = JSON.stringify(this.#run)
    const before = this.#lastWrite.catch(() => {})
    this.#lastWrite = before.then(() => this.#store.put(this.#key, body, 'application/json'))
    await this.#lastWrite
  }

  /** Writes a change soon, unless another write contains it by then. If that fails, the next write contains it. */
  recordSoon(change: Partial<JobRun>): void {
    this.#add(change)
    this.#timer ??= setTimeout(() => this.record({}).catch(error => console.error(error)), SOON_MS)
  }

  /** Writes now what would be written soon. */
  async flush(): Promise<void> {
    if (this.#timer) await this.record({})
    else await this.#lastWrite.catch(() => this.record({}))
  }

  /** Runs a phase and adds its duration to the timings, even if it fails. The next write contains it. */
  async time<T>(phase: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return await work()
    } finally {
      const milliseconds = Math.round(performance.now() - start)
      this.#add({ timings: { ...this.#run.timings, [phase]: milliseconds } })
    }
  }

  #add(change: Partial<JobRun>) {
    this.#run = { ...this.#run, ...change }
  }
}
