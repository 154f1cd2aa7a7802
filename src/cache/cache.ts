import { randomUUID } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { Build } from '../model/build.ts'
import type { Store } from '../records/store.ts'
import { rejectOnAbort, runConcurrently } from '../workspace/concurrency.ts'
import { hashFile } from '../workspace/hash-file.ts'
import { removeTree } from '../workspace/remove-tree.ts'
import type { Sandbox } from '../workspace/sandbox.ts'
import { packTree, unpackTree } from './archive.ts'
import { CacheIndex, type Found, hashOf } from './cache-index.ts'
import { divide } from './shards.ts'
import { download, upload } from './transfer.ts'
import type { WarmCache, WarmTree } from './warm-cache.ts'

/** The paths that a cache contains, and the files of the repository whose hash is its key. */
export type CacheSpec = { paths: readonly string[]; key: readonly string[] }

/** What restoring and saving caches needs. */
export type CacheContext = {
  store: Store
  build: Build
  sandbox: Sandbox
  /** The caches that the previous build left in this sandbox. */
  warmCache: WarmCache
  /** PATH. */
  path: string
  /** When restoring or saving is aborted; ms since 1970. */
  deadline: number
  signal: AbortSignal
}

/** The share of a build's remaining time that restoring a cache may take: the command needs the rest. */
const MAX_TIME_SHARE = 1 / 4

/** One cache of a build. Create it after the commit has been checked out. */
export class Cache {
  readonly #context: CacheContext
  readonly #spec: CacheSpec
  readonly #index: CacheIndex
  readonly #names: readonly string[]
  /** A path that the commit contains: restoring an older copy of it would test the wrong files. */
  readonly #tracked: string | undefined
  #hash = ''
  #restored: WarmTree | null = null
  #keep: (() => Promise<void>) | null = null

  constructor(context: CacheContext, spec: CacheSpec) {
    this.#context = context
    this.#spec = spec
    this.#index = new CacheIndex(context.store, context.build, spec.paths)
    this.#names = spec.paths.map(nameOf)
    this.#tracked = spec.paths.find(path => this.#exists(nameOf(path)))
  }

  get #label() {
    return this.#spec.paths.join(', ')
  }

  /** Restores the best match. Returns a line for the log, which also reports errors. */
  async restore(): Promise<string> {
    const { build, sandbox, warmCache, deadline } = this.#context
    if (this.#tracked)
      return `Cache of ${this.#label} skipped: the repository itself contains ${this.#tracked}`
    const start = performance.now()
    const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`
    const late = AbortSignal.timeout(Math.max(1, Math.floor((deadline - Date.now()) * MAX_TIME_SHARE)))
    const signal = AbortSignal.any([this.#context.signal, late])
    const { key } = this.#spec
    const files = await Promise.all(key.map(name => hashIn(sandbox.workspace, name)))
    this.#hash = hashOf(
      ...key.flatMap((name, index) => [name, files[index] ?? '']),
      branchPart(this.#spec, build),
    )
    const missing = key.filter((_, index) => files[index] === '')
    const note = missing.length > 0 ? ` (${missing.join(', ')}: no such file)` : ''
    try {
      this.#restored = await warmCache.take(this.#index.prefix, this.#hash)
      if (this.#restored) return `Restored ${this.#label} from the previous build in ${seconds()}${note}`
      const found = await rejectOnAbort(signal, this.#index.find(this.#hash))
      if (!found) return `No cache of ${this.#label} yet${note}`
      await this.#unpack(found, signal)
      this.#restored = found
      const { branch } = found
      return `Restored ${this.#label} from the cache${branch ? ` of ${branch}` : ''} in ${seconds()}${note}`
    } catch (error) {
      for (const name of this.#names) await removeTree(join(sandbox.directory, name))
      if (late.aborted) return `Cache of ${this.#label} skipped: not restored within ${seconds()}`
      return `Cache of ${this.#label} ignored because it is broken: ${(error as Error).message}`
    }
  }

  /**
   * Saves the cache if it has changed since it was restored. Returns its size in bytes, or null if nothing was saved.
   * @param since when restoring ended; ms since 1970
   */
  async save(since: number): Promise<number | null> {
    const { sandbox, warmCache, signal } = this.#context
    const isSaved = this.#restored?.hash === this.#hash
    const isKeyed = this.#spec.key.length > 0
    const names = this.#names.filter(name => this.#exists(name))
    if (this.#tracked || names.length === 0) return null
    const { lists, tree, bytes, changedAt } = divide(sandbox.directory, names)
    const keep = () => warmCache.keep(this.#index.prefix, { hash: this.#hash, tree }, names, bytes)
    if (isSaved && (isKeyed || this.#restored?.tree === tree)) {
      // A keyed cache must be the same in every sandbox, so a changed one is not kept.
      if (!isKeyed || changedAt <= since) this.#keep = keep
      return null
    }
    const id = randomUUID()
    const archives = lists.map((_, index) => `${id}.${index}.tar.zst`)
    const sizes = await runConcurrently(
      signal,
      lists.map((list, index) => signal => this.#pack(list, archives[index] ?? '', signal)),
    )
    await this.#index.record(this.#hash, { archives, tree })
    this.#keep = keep
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  /** Keeps the saved files in the sandbox for its next build. */
  async keep(): Promise<void> {
    await this.#keep?.()
  }

  async #pack(list: readonly string[], name: string, signal: AbortSignal): Promise<number> {
    const { sandbox, path, store } = this.#context
    const { packed, done } = packTree({ root: sandbox.directory, path }, list, signal)
    const [bytes] = await Promise.all([upload(store, `${this.#index.prefix}-${name}`, packed), done])
    return bytes
  }

  async #unpack({ archives }: Found, signal: AbortSignal): Promise<void> {
    const { sandbox, path, store } = this.#context
    const tree = { root: sandbox.directory, path }
    // Shards are independent of each other.
    await runConcurrently(
      signal,
      archives.map(key => signal => unpackTree(tree, this.#names, download(store, key), signal)),
    )
  }

  #exists = (name: string) =>
    lstatSync(join(this.#context.sandbox.directory, name), { throwIfNoEntry: false }) !== undefined
}

/** The path of `~/.npm` or `node_modules` relative to the sandbox. */
function nameOf(path: string): string {
  const trimmed = path.replace(/\/+$/, '')
  return trimmed.startsWith('~/') ? `home/${trimmed.slice(2)}` : `workspace/${trimmed}`
}

/** The hash of a file; empty if it is missing or not a regular file. */
const hashIn = (directory: string, name: string) =>
  hashFile(join(directory, name)).then(
    ({ digest }) => digest,
    () => '',
  )

/** A cache without key files belongs to its branch. */
const branchPart = ({ key }: CacheSpec, { checkoutBranch }: Build) => (key.length > 0 ? '' : checkoutBranch)
