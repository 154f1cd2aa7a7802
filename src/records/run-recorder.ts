import { randomUUID } from 'node:crypto'
import type { Build } from '../model/build.ts'
import { type JobRun, type Runner, recordNameOf } from './job-run.ts'
import { type JobRecordName, type JobRef, jobKeys } from './keys.ts'
import { readRun } from './read-records.ts'
import type { Store } from './store.ts'
import { createRecord } from './update-record.ts'

/** The longest time for which a change that nobody waits for may stay unwritten. That saves most writes of short builds. */
const SOON_MS = 250

/**
 * Records the progress of a job, as its only writer. Each record is written once, and contains all that is then known. A change between two
 * records is in the next one.
 */
export class RunRecorder {
  readonly #store: Store
  readonly #keys: ReturnType<typeof jobKeys>
  #run: JobRun
  #written = new Set<JobRecordName>()
  #lastWrite: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  private constructor(store: Store, keys: ReturnType<typeof jobKeys>, run: JobRun) {
    this.#store = store
    this.#keys = keys
    this.#run = run
  }

  /** Claims the job. Null if another invocation has claimed it: SNS and Lambda may both deliver a message twice. */
  static async claim(
    store: Store,
    build: Build,
    job: JobRef,
    { runner, now }: { runner: Runner; now: Date },
  ): Promise<RunRecorder | null> {
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
      log: null,
      timings: {},
      runner,
      notifications: null,
      draft: null,
      artifacts: [],
    }
    const recorder = new RunRecorder(store, jobKeys(build, job), run)
    return (await recorder.#write('claim')) ? recorder : null
  }

  get run(): JobRun {
    return this.#run
  }

  /** Adds a change and writes its record, after the earlier ones. Each record triggers report. */
  async record(change: Partial<JobRun>): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#add(change)
    const name = recordNameOf(this.#run)
    const before = this.#lastWrite.catch(() => {})
    this.#lastWrite = before.then(() => this.#write(name))
    await this.#lastWrite
  }

  /** Adds a change and writes its record soon, unless a later record contains it by then. */
  recordSoon(change: Partial<JobRun>): void {
    this.#add(change)
    this.#timer ??= setTimeout(() => this.record({}).catch(error => console.error(error)), SOON_MS)
  }

  /** Adds a change for the next record. */
  recordLater(change: Partial<JobRun>): void {
    this.#add(change)
  }

  /** Writes pending changes now. */
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

  /** Returns whether the record is this invocation's, whatever happened to the answers to earlier attempts. */
  async #write(name: JobRecordName): Promise<boolean> {
    if (this.#written.has(name)) return true
    const key = this.#keys.record(name)
    const { writeId } = this.#run
    const written = await createRecord(this.#store, key, this.#run, {
      read: () => readRun(this.#store, key),
      isOwn: standing => standing.writeId === writeId,
    })
    // A command may have written it: it has the access of its job.
    this.#written.add(name)
    return written !== null
  }
}
