import { createHash } from 'node:crypto'
import type { Build } from '../model/build.ts'
import { z } from '../model/zod.ts'
import { type CachePlace, cachePlaces, cachesOf } from '../records/cache-keys.ts'
import { readSmallRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { MAX_SHARDS } from './shards.ts'

/**
 * The archives that were saved under a hash; empty if nothing was left of the cache. Written after them, so they are complete if this
 * exists.
 */
const savedSchema = z.object({
  archives: z.array(z.string().regex(/^[0-9a-f-]{36}\.\d\.tar\.zst$/)).max(MAX_SHARDS),
  /** `Tree.digest`. */
  tree: z.string().max(64),
  /** The hash of all content. Null if it was not needed. */
  content: z.string().max(64).nullable().default(null),
})
export type Saved = z.infer<typeof savedSchema>

export const MAX_REASON = 500

/** The hash that a branch saved last. */
const pointerSchema = z.object({ hash: z.string().regex(/^[0-9a-f]{32}$/) })

/** The progress of a branch's newest build in saving a cache. Written by builds: it decides nothing. */
const attemptSchema = z.object({
  build: z.int().positive(),
  state: z.enum(['saving', 'saved', 'failed']),
  /** Why it failed. */
  reason: z.string().max(MAX_REASON).default(''),
})
export type Attempt = z.infer<typeof attemptSchema>

export type Found = Omit<Saved, 'archives'> & {
  hash: string
  /** The keys of its archives. */
  archives: string[]
  /** The branch that saved it, if it was found as a branch's newest; null if the hash matched. */
  branch: string | null
}

export const hashOf = (...texts: string[]) =>
  createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 32)

export type CachingJob = {
  store: Store
  build: Build
  /** The stage that it deploys to; null for all other jobs. */
  stage: string | null
}

/** Finds and records one cache's archives in the bucket. */
export class CacheIndex {
  readonly #store: Store
  readonly #build: Build
  readonly #stage: string | null
  readonly #places: readonly CachePlace[]
  readonly #name: string

  constructor({ store, build, stage }: CachingJob, paths: readonly string[]) {
    this.#store = store
    this.#build = build
    this.#stage = stage
    this.#places = cachePlaces(build, stage)
    // An archive may contain binaries, which are useless on another platform.
    this.#name = hashOf(process.platform, process.arch, ...paths)
  }

  /** The common prefix of all keys that this build saves. */
  get prefix() {
    const [own] = this.#places
    if (!own) throw new Error('A build of a fork has no caches')
    return this.#prefixAt(own)
  }

  /** The cache, wherever it was saved. */
  get id() {
    return `${cachesOf(this.#build, this.#stage)}${this.#name}`
  }

  /** Finds the archives of a hash; else the newest of the branch, of its base branch, or of the default branch. */
  async find(hash: string): Promise<Found | null> {
    const { checkoutBranch, branch, defaultBranch } = this.#build
    const branches = [...new Set([checkoutBranch, branch, defaultBranch])]
    const lookups = [
      ...this.#places.map(place => this.#readSaved(place, hash, null)),
      ...branches.flatMap(each =>
        this.#places
          .filter(place => place.branches.includes(each))
          .map(place => this.#readNewest(place, each)),
      ),
    ]
    return (await Promise.all(lookups)).find(found => found !== null) ?? null
  }

  /** Records saved archives under their hash and as the branch's newest. */
  async record(hash: string, saved: Saved): Promise<void> {
    await this.#put(hash, saved)
    await this.#put(pointerOf(this.#build.checkoutBranch), { hash })
  }

  /** The last attempt to save this cache on this branch. Null if there was none. */
  lastAttempt = (): Promise<Attempt | null> =>
    readSmallRecord(this.#store, `${this.prefix}-${this.#attempt}.json`, attemptSchema)

  recordAttempt = (attempt: Attempt): Promise<string> => this.#put(this.#attempt, attempt)

  get #attempt() {
    return `attempt-${hashOf(this.#build.checkoutBranch)}`
  }

  #prefixAt = ({ prefix }: CachePlace) => `${prefix}${this.#name}`
  #put = (name: string, value: object) =>
    this.#store.put(`${this.prefix}-${name}.json`, JSON.stringify(value), 'application/json')

  async #readNewest(place: CachePlace, branch: string): Promise<Found | null> {
    const key = `${this.#prefixAt(place)}-${pointerOf(branch)}.json`
    const pointer = await readSmallRecord(this.#store, key, pointerSchema)
    return pointer && this.#readSaved(place, pointer.hash, branch)
  }

  async #readSaved(place: CachePlace, hash: string, branch: string | null): Promise<Found | null> {
    const prefix = this.#prefixAt(place)
    const saved = await readSmallRecord(this.#store, `${prefix}-${hash}.json`, savedSchema)
    if (!saved) return null
    return { ...saved, hash, branch, archives: saved.archives.map(name => `${prefix}-${name}`) }
  }
}

const pointerOf = (branch: string) => `branch-${hashOf(branch)}`
