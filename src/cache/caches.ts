import { setTimeout as sleep } from 'node:timers/promises'
import { Cache, type CacheContext, type CacheSpec } from './cache.ts'
import type { WarmCache } from './warm-cache.ts'

/** File systems take the time of a change from a clock that advances in ticks. */
const CLOCK_TICK_MS = 10

/** All caches of one build. */
export class Caches {
  readonly #caches: readonly Cache[]
  readonly #warmCache: WarmCache
  readonly #isKeyed: boolean
  #since = 0

  constructor({ deadline, ...given }: CacheContext, specs: readonly CacheSpec[]) {
    const late = AbortSignal.timeout(Math.max(1, Math.floor(deadline - Date.now())))
    const context = { ...given, deadline, signal: AbortSignal.any([given.signal, late]) }
    this.#warmCache = context.warmCache
    this.#isKeyed = specs.some(({ key }) => key.length > 0)
    // Builds of forks neither read nor save caches.
    this.#caches = context.build.trust === 'fork' ? [] : specs.map(spec => new Cache(context, spec))
  }

  /** Restores all caches and logs a line about each. A cache that cannot be restored does not fail the build. */
  async restore(logLine: (line: string) => Promise<void>): Promise<void> {
    // One after another: each uses all memory and processors.
    for (const cache of this.#caches) await logLine(await cache.restore())
    await this.#warmCache.clear()
    this.#since = Date.now() + CLOCK_TICK_MS
    if (this.#isKeyed) await sleep(2 * CLOCK_TICK_MS)
  }

  /** Saves the caches of a build that passed. Errors are logged, because the build has ended. */
  async save(): Promise<void> {
    for (const cache of this.#caches) {
      const bytes = await cache
        .save(this.#since)
        .catch(error => console.error(`A cache was not saved: ${error}`))
      if (bytes) console.log(`A cache of ${(bytes / 1e6).toFixed(1)} MB was saved`)
    }
    // Caches may be nested: files may only be moved once all caches have been saved.
    for (const cache of this.#caches)
      await cache.keep().catch(error => console.error(`A cache was not kept for the next build: ${error}`))
  }
}
