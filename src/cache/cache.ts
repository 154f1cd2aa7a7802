import { randomUUID } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { rejectOnAbort, runConcurrently } from '../workspace/concurrency.ts'
import { hashFile } from '../workspace/hash-file.ts'
import { removeTree } from '../workspace/remove-tree.ts'
import type { Sandbox } from '../workspace/sandbox.ts'
import { packTree, unpackTree } from './archive.ts'
import { CacheIndex, type CachingJob, type Found, hashOf } from './cache-index.ts'
import { refuseDevices } from './devices.ts'
import { hashContents } from './hash-contents.ts'
import { moveTree, placeIn } from './move-tree.ts'
import { SaveAttempts } from './save-attempts.ts'
import { divide } from './shards.ts'
import { download, upload } from './transfer.ts'
import { readTree, type Tree } from './tree.ts'
import type { WarmCache } from './warm-cache.ts'

/** The paths that a cache contains, and the files of the repository whose hash is its key. */
export type CacheSpec = { paths: readonly string[]; key: readonly string[] }

/** The dependencies of restoring and saving caches. */
export type CacheContext = CachingJob & {
  sandbox: Sandbox
  /** The caches that the previous build left in this sandbox. */
  warmCache: WarmCache
  /** PATH. */
  path: string
  /** When restoring or saving is aborted; ms since 1970. */
  deadline: number
  signal: AbortSignal
  /** Masks secrets. */
  redact: (text: string) => string
}

/** The share of a build's remaining time for restoring a cache: the command needs the rest. */
const MAX_TIME_SHARE = 1 / 4

/** One cache of a build. Create it after the commit has been checked out. */
export class Cache {
  readonly #context: CacheContext
  readonly #spec: CacheSpec
  readonly #index: CacheIndex
  readonly #attempts: SaveAttempts
  readonly #names: readonly string[]
  /** A path that the commit contains: restoring an older copy of it would test the wrong files. */
  readonly #tracked: string | undefined
  #hash = ''
  #restored: Found | null = null
  #keep: (() => Promise<void>) | null = null

  constructor(context: CacheContext, spec: CacheSpec) {
    this.#context = context
    this.#spec = spec
    this.#index = new CacheIndex(context, spec.paths)
    this.#attempts = new SaveAttempts(this.#index, context)
    this.#names = spec.paths.map(nameOf)
    this.#tracked = spec.paths.find(path => this.#exists(nameOf(path)))
  }

  get #label() {
    return this.#spec.paths.join(', ')
  }

  get #isKeyed() {
    return this.#spec.key.length > 0
  }

  /** Restores the best match. Returns lines for the log, which also report errors, and an earlier build's failure to save this cache. */
  async restore(): Promise<string[]> {
    const { sandbox, deadline } = this.#context
    if (this.#tracked)
      return [`Cache of ${this.#label} skipped: the repository itself contains ${this.#tracked}`]
    const start = performance.now()
    const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`
    const late = AbortSignal.timeout(Math.max(1, Math.floor((deadline - Date.now()) * MAX_TIME_SHARE)))
    const signal = AbortSignal.any([this.#context.signal, late])
    const missing = await this.#readKey()
    const note = missing.length > 0 ? ` (${missing.join(', ')}: no such file)` : ''
    try {
      const failure = rejectOnAbort(signal, this.#attempts.describeLast(this.#label))
      const [from, earlier] = await Promise.all([this.#restoreBest(signal), failure])
      if (from === null) return [...earlier, `No cache of ${this.#label} yet${note}`]
      return [...earlier, `Restored ${this.#label} from ${from} in ${seconds()}${note}`]
    } catch (error) {
      this.#restored = null
      for (const name of this.#names) await removeTree(join(sandbox.directory, name))
      if (late.aborted) return [`Cache of ${this.#label} skipped: not restored within ${seconds()}`]
      return [`Cache of ${this.#label} ignored because it is broken: ${(error as Error).message}`]
    }
  }

  /** Reads the key files. Returns those that do not exist. */
  async #readKey(): Promise<string[]> {
    const { sandbox, build } = this.#context
    const { key } = this.#spec
    const files = await Promise.all(key.map(name => hashIn(sandbox.workspace, name)))
    const parts = key.flatMap((name, index) => [name, files[index] ?? ''])
    this.#hash = hashOf(...parts, this.#isKeyed ? '' : build.checkoutBranch)
    return key.filter((_, index) => files[index] === '')
  }

  /** Returns the source of the cache; null if there is none. */
  async #restoreBest(signal: AbortSignal): Promise<string | null> {
    const found = await rejectOnAbort(signal, this.#index.find(this.#hash))
    if (!found) return null
    // Another sandbox may have saved a newer one, so the cache left here counts only if it equals the bucket's.
    const isWarm = await this.#context.warmCache.take(this.#index.id, found.archives)
    if (!isWarm) await this.#unpack(found, signal)
    this.#restored = found
    if (found.archives.length === 0) return null
    if (found.branch) return `the cache of ${found.branch}`
    return isWarm ? 'the previous build' : 'the cache'
  }

  /** Whether files were restored, so that saving compares with them. */
  get isRestored() {
    return this.#restored !== null
  }

  /**
   * Saves the cache if it has changed since it was restored. Returns its size in bytes, or null if nothing was saved.
   * @param since later ctimes (ms since 1970) are of changes after the cache was restored
   */
  async save(since: number): Promise<number | null> {
    const { directory } = this.#context.sandbox
    const names = this.#names.filter(name => this.#exists(name))
    // Files that a command has removed are gone, unless other commits look for the cache by the same key.
    if (this.#tracked || (names.length === 0 && (this.#isKeyed || !this.#restored))) return null
    const link = names.find(name => lstatSync(join(directory, name)).isSymbolicLink())
    if (link) throw new Error(`${this.#pathOf(link)} is a link`)
    const tree = readTree(directory, names)
    const restored = this.#restored?.hash === this.#hash ? this.#restored : null
    const isAlike = restored?.tree === tree.digest
    const isTouched = tree.changedAt > since
    // A file with the same size but new times may be unchanged: only its content decides.
    const content =
      isAlike && isTouched && !this.#isKeyed
        ? await hashContents(directory, tree, this.#context.signal)
        : null
    const isSame = isAlike && (!isTouched || (content !== null && content === restored.content))
    const isFinal = restored !== null && (isSame || this.#isKeyed)
    const saved = isFinal ? null : await this.#attempts.run(() => this.#saveTree(tree, content))
    if (isFinal) await this.#attempts.clear()
    const archives = saved?.archives ?? restored?.archives ?? []
    // A keyed cache must be the same in every sandbox, so a changed one is not kept.
    if ((saved || isSame) && archives.length > 0)
      this.#keep = () => this.#context.warmCache.keep(this.#index.id, archives, names, tree.bytes)
    return saved?.bytes ?? null
  }

  /** Records for the next build that saving failed. */
  reportFailure = (reason: string): Promise<void> => this.#attempts.fail(reason)

  /** Keeps the saved files in the sandbox for its next build. */
  async keep(): Promise<void> {
    await this.#keep?.()
  }

  /** Returns the keys of the archives, and their size. */
  async #saveTree(tree: Tree, content: string | null): Promise<{ archives: string[]; bytes: number }> {
    const id = randomUUID()
    const lists = divide(tree)
    const archives = lists.map((_, index) => `${id}.${index}.tar.zst`)
    const sizes = await runConcurrently(
      this.#context.signal,
      lists.map((list, index) => signal => this.#pack(list, archives[index] ?? '', signal)),
    )
    await this.#index.record(this.#hash, { archives, tree: tree.digest, content })
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    return { archives: archives.map(name => `${this.#index.prefix}-${name}`), bytes }
  }

  async #pack(list: readonly string[], name: string, signal: AbortSignal): Promise<number> {
    const { sandbox, path, store } = this.#context
    const { packed, done } = packTree({ root: sandbox.directory, path }, list, signal)
    const [bytes] = await Promise.all([upload(store, `${this.#index.prefix}-${name}`, packed), done])
    return bytes
  }

  async #unpack({ archives }: Found, signal: AbortSignal): Promise<void> {
    const { sandbox, path, store } = this.#context
    const at = mkdtempSync(join(sandbox.directory, 'unpacked-'))
    const roots = archives.map((_, index) => join(at, String(index)))
    try {
      for (const root of roots) mkdirSync(root, { mode: 0o700 })
      // Each into a separate empty directory, so that a link in one archive cannot redirect another.
      await runConcurrently(
        signal,
        archives.map(
          (key, index) => signal =>
            unpackTree({ root: roots[index] ?? at, path }, this.#names, download(store, key), signal),
        ),
      )
      for (const root of roots) refuseDevices(root)
      const placed = roots.flatMap(root => this.#names.filter(name => this.#place(root, name)))
      if (roots.length > 0 && placed.length === 0) throw new Error('it contains none of its paths')
    } finally {
      await removeTree(at)
    }
  }

  /** Moves an unpacked path to its place. False if it has not been unpacked. */
  #place(root: string, name: string): boolean {
    const unpacked = placeIn(root, name)
    const stats = lstatSync(unpacked, { throwIfNoEntry: false })
    if (stats?.isSymbolicLink()) throw new Error(`${this.#pathOf(name)} is a link`)
    if (stats) moveTree(unpacked, placeIn(this.#context.sandbox.directory, name))
    return stats !== undefined
  }

  /** Its name in the configuration. */
  #pathOf = (name: string) => this.#spec.paths[this.#names.indexOf(name)]

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
