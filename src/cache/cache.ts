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

/** What is kept together, and the files of the repository that tell whether it still fits. */
export type CacheSpec = { paths: readonly string[]; key: readonly string[] }

/** Where caches are restored and saved. */
export type Place = {
  store: Store
  build: Build
  sandbox: Sandbox
  /** What the last build here has left. */
  warmCache: WarmCache
  /** PATH. */
  path: string
  /** What is not done by then is given up; ms since 1970. */
  deadline: number
  signal: AbortSignal
}

/** Of the time that a build has left, for a cache that does not come: the command needs the rest. */
const MOST_OF_A_BUILD = 1 / 4

/** One cache of a build: from where it was restored, and what it was then. Made when the commit has been checked out. */
export class Cache {
  readonly #place: Place
  readonly #spec: CacheSpec
  readonly #shelf: CacheIndex
  readonly #names: readonly string[]
  /** A path that the commit itself brings: it is tested as it is there, and not as it once was. */
  readonly #tracked: string | undefined
  #hash = ''
  #restored: WarmTree | null = null
  #keep: (() => Promise<void>) | null = null

  constructor(place: Place, spec: CacheSpec) {
    this.#place = place
    this.#spec = spec
    this.#shelf = new CacheIndex(place.store, place.build, spec.paths)
    this.#names = spec.paths.map(nameOf)
    this.#tracked = spec.paths.find(path => this.#isThere(nameOf(path)))
  }

  get #label() {
    return this.#spec.paths.join(', ')
  }

  /** Brings back what fits. Answers a sentence about it; a cache that is broken is told of, and no more. */
  async restore(): Promise<string> {
    const { build, sandbox, warmCache, deadline } = this.#place
    if (this.#tracked)
      return `The cache of ${this.#label} is left out: the repository itself has ${this.#tracked}`
    const start = performance.now()
    const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`
    const late = AbortSignal.timeout(Math.max(1, Math.floor((deadline - Date.now()) * MOST_OF_A_BUILD)))
    const signal = AbortSignal.any([this.#place.signal, late])
    const { key } = this.#spec
    const files = await Promise.all(key.map(name => hashIn(sandbox.workspace, name)))
    this.#hash = hashOf(...key.flatMap((name, index) => [name, files[index] ?? '']), ownOf(this.#spec, build))
    const missing = key.filter((_, index) => files[index] === '')
    const note = missing.length > 0 ? ` (${missing.join(', ')}: no such file)` : ''
    try {
      this.#restored = await warmCache.take(this.#shelf.prefix, this.#hash)
      if (this.#restored) return `Restored ${this.#label} from the build before, in ${seconds()}${note}`
      const found = await rejectOnAbort(signal, this.#shelf.find(this.#hash))
      if (!found) return `There is no cache of ${this.#label} yet${note}`
      await this.#unpack(found, signal)
      this.#restored = found
      const { branch } = found
      return `Restored ${this.#label} from the cache${branch ? ` of ${branch}` : ''} in ${seconds()}${note}`
    } catch (error) {
      for (const name of this.#names) await removeTree(join(sandbox.directory, name))
      if (late.aborted) return `The cache of ${this.#label} is not here after ${seconds()}, and is left out`
      return `The cache of ${this.#label} is broken, and is left out: ${(error as Error).message}`
    }
  }

  /**
   * Saves what has changed since it was restored. Answers its size in bytes, null where nothing was to be saved.
   * @param since when restoring was over; ms since 1970
   */
  async save(since: number): Promise<number | null> {
    const { sandbox, warmCache, signal } = this.#place
    const isKnown = this.#restored?.hash === this.#hash
    const isKeyed = this.#spec.key.length > 0
    const names = this.#names.filter(name => this.#isThere(name))
    if (this.#tracked || names.length === 0) return null
    const { lists, tree, bytes, changedAt } = divide(sandbox.directory, names)
    const keep = () => warmCache.keep(this.#shelf.prefix, { hash: this.#hash, tree }, names, bytes)
    if (isKnown && (isKeyed || this.#restored?.tree === tree)) {
      // Of what its files stand for there is one, the same in a sandbox that is cold.
      if (!isKeyed || changedAt <= since) this.#keep = keep
      return null
    }
    const id = randomUUID()
    const archives = lists.map((_, index) => `${id}.${index}.tar.zst`)
    const sizes = await runConcurrently(
      signal,
      lists.map((list, index) => signal => this.#pack(list, archives[index] ?? '', signal)),
    )
    await this.#shelf.note(this.#hash, { archives, tree })
    this.#keep = keep
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  /** Keeps for the next build here what has been saved. */
  async keep(): Promise<void> {
    await this.#keep?.()
  }

  async #pack(list: readonly string[], name: string, signal: AbortSignal): Promise<number> {
    const { sandbox, path, store } = this.#place
    const { packed, done } = packTree({ root: sandbox.directory, path }, list, signal)
    const [bytes] = await Promise.all([upload(store, `${this.#shelf.prefix}-${name}`, packed), done])
    return bytes
  }

  async #unpack({ archives }: Found, signal: AbortSignal): Promise<void> {
    const { sandbox, path, store } = this.#place
    const tree = { root: sandbox.directory, path }
    // None needs what another brings.
    await runConcurrently(
      signal,
      archives.map(key => signal => unpackTree(tree, this.#names, download(store, key), signal)),
    )
  }

  #isThere = (name: string) =>
    lstatSync(join(this.#place.sandbox.directory, name), { throwIfNoEntry: false }) !== undefined
}

/** `~/.npm` and `node_modules` as they lie in the sandbox. */
function nameOf(path: string): string {
  const trimmed = path.replace(/\/+$/, '')
  return trimmed.startsWith('~/') ? `home/${trimmed.slice(2)}` : `workspace/${trimmed}`
}

/** A file that is not there, or is none, is as good as an empty one. */
const hashIn = (directory: string, name: string) =>
  hashFile(join(directory, name)).then(
    ({ digest }) => digest,
    () => '',
  )

/** Without files that tell, each branch has its own. */
const ownOf = ({ key }: CacheSpec, { checkoutBranch }: Build) => (key.length > 0 ? '' : checkoutBranch)
