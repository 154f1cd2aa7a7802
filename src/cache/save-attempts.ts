import type { Build } from '../model/build.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { rejectOnAbort } from '../workspace/concurrency.ts'
import { type Attempt, type CacheIndex, MAX_REASON } from './cache-index.ts'
import type { WarmCache } from './warm-cache.ts'

/** How long a record may take: the function may have little time left. */
const RECORD_MS = 5000

type Context = { build: Build; warmCache: WarmCache; redact: (text: string) => string }

/**
 * Saving begins after the log of its build has ended, so the attempt is recorded with the cache, where the next build of the branch finds
 * it. If the bucket also refuses that, the sandbox remembers it.
 */
export class SaveAttempts {
  readonly #index: CacheIndex
  readonly #context: Context
  /** Whether the last attempt, which this build has logged, was not successful. */
  #isOpen = false

  constructor(index: CacheIndex, context: Context) {
    this.#index = index
    this.#context = context
  }

  /** A line for the log if the last attempt was not successful, or has not ended. */
  async describeLast(label: string): Promise<string[]> {
    const { warmCache } = this.#context
    const noted = warmCache.takeFailure(this.#index.prefix)
    // An unreadable record decides nothing, and the cache itself may still exist.
    const last = noted ?? (await this.#index.lastAttempt().catch(() => null))
    if (!last || last.state === 'saved') return []
    this.#isOpen = true
    const { build, state, reason } = last
    return [
      state === 'failed'
        ? `Build #${build} could not save the cache of ${label}: ${reason}`
        : `Build #${build} has not finished saving the cache of ${label}: it was interrupted, or is still under way`,
    ]
  }

  /** Runs an attempt, between records of its beginning and its success. */
  async run<T>(save: () => Promise<T>): Promise<T> {
    const begun = this.#record('saving').catch(() => {})
    const result = await save().finally(() => begun)
    this.#isOpen = true
    await this.clear()
    return result
  }

  /** Records that nothing is left to report. */
  async clear(): Promise<void> {
    if (this.#isOpen) await this.#record('saved').catch(() => {})
  }

  async fail(reason: string): Promise<void> {
    const { warmCache, redact } = this.#context
    const text = escapeControls(redact(reason)).slice(0, MAX_REASON).toWellFormed()
    // First, because this process may be ended while it waits.
    warmCache.noteFailure(this.#index.prefix, this.#attempt('failed', text))
    await this.#record('failed', text)
    warmCache.takeFailure(this.#index.prefix)
  }

  #attempt = (state: Attempt['state'], reason: string): Attempt => ({
    build: this.#context.build.number,
    state,
    reason,
  })

  #record = (state: Attempt['state'], reason = '') =>
    rejectOnAbort(AbortSignal.timeout(RECORD_MS), this.#index.recordAttempt(this.#attempt(state, reason)))
}
