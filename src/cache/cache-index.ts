import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Build, Trust } from '../model/build.ts'
import { cachePrefix } from '../records/keys.ts'
import { readSmallRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { MOST_SHARDS } from './shards.ts'

/** What was saved under a hash: written last, so that whoever finds it finds all of it. */
const savedSchema = z.object({
  archives: z.array(z.string().regex(/^[0-9a-f-]{36}\.\d\.tar\.zst$/)).max(MOST_SHARDS),
  tree: z.string().max(64),
})
export type Saved = z.infer<typeof savedSchema>

/** What a branch has saved last. */
const pointerSchema = z.object({ hash: z.string().regex(/^[0-9a-f]{32}$/) })

export type Found = {
  hash: string
  tree: string
  /** The keys of its archives. */
  archives: string[]
  /** Whose newest it is, where it is not the very one that was asked for. */
  branch: string | null
}

export const hashOf = (...texts: string[]) =>
  createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 32)

/** What the bucket has of one cache: at the job's own level of trust and, for branches, what deploying builds have saved. */
export class CacheIndex {
  readonly #store: Store
  readonly #job: Build
  readonly #levels: readonly Trust[]
  readonly #name: string

  constructor(store: Store, build: Build, paths: readonly string[]) {
    this.#store = store
    this.#job = build
    this.#levels = build.trust === 'branch' ? ['branch', 'protected'] : [build.trust]
    // What was packed for one kind of machine is no use to another.
    this.#name = hashOf(process.platform, process.arch, ...paths)
  }

  /** What the keys of all that this job saves begin with. */
  get prefix() {
    return this.#prefixAt(this.#job.trust)
  }

  /** The very one, else what the branch has saved last, else its base or the default branch. */
  async find(hash: string): Promise<Found | null> {
    const { checkoutBranch, branch, defaultBranch } = this.#job
    const branches = [...new Set([checkoutBranch, branch, defaultBranch])]
    const looks = [
      ...this.#levels.map(level => this.#savedAs(level, hash, null)),
      ...branches.flatMap(each => this.#levels.map(level => this.#newestOf(level, each))),
    ]
    return (await Promise.all(looks)).find(found => found !== null) ?? null
  }

  /** Tells that the archives are there, and that they are this branch's newest. */
  async note(hash: string, saved: Saved): Promise<void> {
    await this.#put(hash, saved)
    await this.#put(pointerOf(this.#job.checkoutBranch), { hash })
  }

  #prefixAt = (level: Trust) => `${cachePrefix(this.#job.project, level)}${this.#name}`
  #put = (name: string, value: object) =>
    this.#store.put(`${this.prefix}-${name}.json`, JSON.stringify(value), 'application/json')

  async #newestOf(level: Trust, branch: string): Promise<Found | null> {
    const key = `${this.#prefixAt(level)}-${pointerOf(branch)}.json`
    const pointer = await readSmallRecord(this.#store, key, pointerSchema)
    return pointer && this.#savedAs(level, pointer.hash, branch)
  }

  async #savedAs(level: Trust, hash: string, branch: string | null): Promise<Found | null> {
    const prefix = this.#prefixAt(level)
    const saved = await readSmallRecord(this.#store, `${prefix}-${hash}.json`, savedSchema)
    if (!saved) return null
    return { hash, branch, tree: saved.tree, archives: saved.archives.map(name => `${prefix}-${name}`) }
  }
}

const pointerOf = (branch: string) => `branch-${hashOf(branch)}`
