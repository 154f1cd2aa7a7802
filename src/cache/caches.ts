import type { Cache, CacheContext, CacheSpec } from './cache.ts'
import { settleFileTime } from './file-time.ts'

/** All caches of one build. */
export class Caches {
  readonly #caches: readonly Cache[]
  readonly #context: CacheContext
  readonly #late: AbortSignal
  #since = 0

  private constructor(context: CacheContext, late: AbortSignal, caches: readonly Cache[]) {
    this.#late = late
    this.#context = context
    this.#caches = caches
  }

  /** Opens the caches of a build. Builds of forks do not read or save any. */
  static async open(options: CacheContext, specs: readonly CacheSpec[]): Promise<Caches> {
    const late = AbortSignal.timeout(Math.max(1, Math.floor(options.deadline - Date.now())))
    const context = { ...options, signal: AbortSignal.any([options.signal, late]) }
    if (context.build.trust === 'fork' || specs.length === 0) return new Caches(context, late, [])
    // Loaded on demand, because most builds have no cache.
    const { Cache } = await import('./cache.ts')
    return new Caches(
      context,
      late,
      specs.map(spec => new Cache(context, spec)),
    )
  }

  /** Restores all caches and logs lines about each. A cache that cannot be restored does not fail the build. */
  async restore(logLine: (line: string) => Promise<void>): Promise<void> {
    const { warmCache, sandbox } = this.#context
    // Sequentially, because each uses all memory and processors.
    for (const cache of this.#caches) for (const line of await cache.restore()) await logLine(line)
    await warmCache.clear()
    if (this.#caches.some(({ isRestored }) => isRestored)) this.#since = await settleFileTime(sandbox.temp)
  }

  /** Saves the caches of a build that passed. The build has ended, and so has its log: errors are recorded for the next build's log. */
  async save(): Promise<void> {
    const { redact } = this.#context
    for (const cache of this.#caches) {
      try {
        const bytes = await cache.save(this.#since)
        if (bytes) console.log(`A cache of ${(bytes / 1e6).toFixed(1)} MB was saved`)
      } catch (error) {
        const reason = this.#late.aborted ? 'no time was left' : describeError(error as Error)
        console.error(redact(`A cache was not saved: ${reason}`))
        await cache
          .reportFailure(reason)
          .catch(cause => console.error(redact(`This was not recorded: ${cause}`)))
      }
    }
    // Caches may be nested: files may only be moved once all caches have been saved.
    for (const cache of this.#caches)
      await cache
        .keep()
        .catch(error => console.error(redact(`A cache was not kept for the next build: ${error}`)))
  }
}

/** The first line of an error. An answer of S3 may have no message. */
function describeError({ message, $metadata }: Error & { $metadata?: { httpStatusCode?: number } }): string {
  const [line = ''] = message.split('\n')
  const status = $metadata?.httpStatusCode
  return status === undefined ? line : `S3 answered ${status} (${line})`
}
