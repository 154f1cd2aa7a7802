import { setTimeout as sleep } from 'node:timers/promises'
import { Cache, type CacheSpec, type Place } from './cache.ts'
import type { WarmCache } from './warm-cache.ts'

/** File systems stamp changes with a clock that moves in steps. */
const CLOCK_TICK_MS = 10

/** All caches of one build. */
export class Caches {
  readonly #caches: readonly Cache[]
  readonly #warmCache: WarmCache
  readonly #isKeyed: boolean
  #since = 0

  constructor({ deadline, ...given }: Place, specs: readonly CacheSpec[]) {
    const late = AbortSignal.timeout(Math.max(1, Math.floor(deadline - Date.now())))
    const place = { ...given, deadline, signal: AbortSignal.any([given.signal, late]) }
    this.#warmCache = place.warmCache
    this.#isKeyed = specs.some(({ key }) => key.length > 0)
    // Strangers' builds read nothing of others, and keep nothing.
    this.#caches = place.build.trust === 'fork' ? [] : specs.map(spec => new Cache(place, spec))
  }

  async restore(say: (line: string) => Promise<void>): Promise<void> {
    // One after the other: each takes what memory and processors there are.
    for (const cache of this.#caches) await say(await cache.restore())
    await this.#warmCache.clear()
    this.#since = Date.now() + CLOCK_TICK_MS
    if (this.#isKeyed) await sleep(2 * CLOCK_TICK_MS)
  }

  /** After the end of a build that has passed; nobody waits for it, and nothing depends on it. */
  async save(): Promise<void> {
    for (const cache of this.#caches) {
      const bytes = await cache
        .save(this.#since)
        .catch(error => console.error(`A cache was not saved: ${error}`))
      if (bytes) console.log(`A cache of ${(bytes / 1e6).toFixed(1)} MB was saved`)
    }
    // One may lie in another: only what has been saved may be moved.
    for (const cache of this.#caches)
      await cache.keep().catch(error => console.error(`A cache was not kept: ${error}`))
  }
}
