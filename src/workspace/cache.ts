import { createHash, randomUUID } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { cachePrefix } from '../build/layout.ts'
import { readIfThere } from '../build/records.ts'
import type { Store } from '../build/store.ts'
import type { Job } from '../job/job.ts'
import { packTree, unpackTree } from './cache-archive.ts'
import { divide } from './cache-shards.ts'
import { download, upload } from './cache-transfer.ts'
import { hashFile } from './hash-file.ts'
import type { KeptTree, KeptTrees } from './kept-trees.ts'
import { removeTree } from './remove-tree.ts'
import type { Sandbox } from './sandbox.ts'
import { unlessAborted } from './unless-aborted.ts'

/** What is kept together, and the files of the repository that tell whether it still fits. */
export type CacheSpec = { paths: readonly string[]; key: readonly string[] }

/** Where caches are restored and saved. */
export type Place = {
  store: Store
  job: Job
  sandbox: Sandbox
  /** What the last build here has left. */
  trees: KeptTrees
  /** PATH. */
  path: string
  /** What is not done by then is given up; ms since 1970. */
  deadline: number
  signal: AbortSignal
}

/** What was saved under a hash: written last, so that whoever finds it finds all of it. */
const savedSchema = z.object({
  archives: z.array(z.string().regex(/^[0-9a-f-]{36}\.\d\.tar\.zst$/)).max(16),
  tree: z.string().max(64),
})
type Saved = z.infer<typeof savedSchema>

/** What a branch has saved last. */
const pointerSchema = z.object({ hash: z.string().regex(/^[0-9a-f]{32}$/) })

/** Of the time that a build has left, for a cache that does not come: the command needs the rest. */
const MOST_OF_A_BUILD = 1 / 4

const hashOf = (...texts: string[]) =>
  createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 32)

/** One cache of a build: from where it was restored, and what it was then. */
export class Cache {
  readonly #place: Place
  readonly #spec: CacheSpec
  readonly #prefix: string
  readonly #names: string[]
  #hash = ''
  #restored: KeptTree | null = null

  constructor(place: Place, spec: CacheSpec) {
    const { job } = place
    this.#place = place
    this.#spec = spec
    // What was packed for one kind of machine is no use to another.
    this.#prefix = `${cachePrefix(job.project, job.trust)}${hashOf(process.platform, process.arch, ...spec.paths)}`
    this.#names = spec.paths.map(nameOf)
  }

  get #label() {
    return this.#spec.paths.join(', ')
  }

  /**
   * Brings back what fits, else what the branch has saved last, else its base or the default branch. Answers a sentence
   * about it; a cache that is broken is told of, and no more.
   */
  async restore(): Promise<string> {
    const { job, sandbox, trees, deadline } = this.#place
    const late = AbortSignal.timeout(Math.max(1, Math.floor((deadline - Date.now()) * MOST_OF_A_BUILD)))
    const signal = AbortSignal.any([this.#place.signal, late])
    const start = performance.now()
    const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`
    const files = await Promise.all(this.#spec.key.map(name => hashIn(sandbox.workspace, name)))
    this.#hash = hashOf(
      ...this.#spec.key.flatMap((name, index) => [name, files[index] ?? '']),
      ownOf(this.#spec, job),
    )
    this.#restored = await trees.take(this.#prefix, this.#hash)
    if (this.#restored) return `Restored ${this.#label} from the build before, in ${seconds()}`
    const branches = [...new Set([job.checkoutBranch, job.branch, job.defaultBranch])]
    try {
      for (const branch of [null, ...branches]) {
        const hash = branch === null ? this.#hash : await unlessAborted(signal, this.#hashOfBranch(branch))
        const saved = hash && (await unlessAborted(signal, this.#savedAs(hash)))
        if (!hash || !saved) continue
        await this.#unpack(saved, signal)
        this.#restored = { hash, tree: saved.tree }
        return `Restored ${this.#label} from the cache${branch ? ` of ${branch}` : ''} in ${seconds()}`
      }
      return `There is no cache of ${this.#label} yet`
    } catch (error) {
      for (const name of this.#names) await removeTree(join(sandbox.directory, name))
      if (late.aborted) return `The cache of ${this.#label} is not here after ${seconds()}, and is left out`
      return `The cache of ${this.#label} is broken, and is left out: ${(error as Error).message}`
    }
  }

  /**
   * Saves what has changed since it was restored, and keeps it for the next build. Answers its size in bytes, null where
   * nothing was to be saved.
   * @param since when restoring was over; ms since 1970
   */
  async save(since: number): Promise<number | null> {
    const { job, sandbox } = this.#place
    const isKnown = this.#restored?.hash === this.#hash
    const isKeyed = this.#spec.key.length > 0
    const names = this.#names.filter(name =>
      lstatSync(join(sandbox.directory, name), { throwIfNoEntry: false }),
    )
    if (names.length === 0) return null
    const { lists, tree, changedAt } = divide(sandbox.directory, names)
    const keep = () => this.#place.trees.keep(this.#prefix, { hash: this.#hash, tree }, names)
    if (isKnown && (isKeyed || this.#restored?.tree === tree)) {
      // Of what its files stand for there is one, the same in a sandbox that is cold.
      if (!isKeyed || changedAt <= since) await keep()
      return null
    }
    const id = randomUUID()
    const saved: Saved = { archives: lists.map((_, index) => `${id}.${index}.tar.zst`), tree }
    const sizes = await Promise.all(lists.map((list, index) => this.#pack(list, saved.archives[index] ?? '')))
    await this.#put(this.#hash, saved)
    await this.#put(this.#branchName(job.checkoutBranch), { hash: this.#hash })
    await keep()
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  async #pack(list: readonly string[], name: string): Promise<number> {
    const { sandbox, path, store, signal } = this.#place
    const { packed, done } = packTree({ root: sandbox.directory, path }, list, signal)
    const [bytes] = await Promise.all([upload(store, `${this.#prefix}-${name}`, packed), done])
    return bytes
  }

  /** All at once: none needs what another brings. */
  async #unpack({ archives }: Saved, signal: AbortSignal): Promise<void> {
    const { sandbox, path, store } = this.#place
    const tree = { root: sandbox.directory, path }
    await Promise.all(
      archives.map(name => unpackTree(tree, this.#names, download(store, `${this.#prefix}-${name}`), signal)),
    )
  }

  #branchName = (branch: string) => `branch-${hashOf(branch)}`
  #keyOf = (name: string) => `${this.#prefix}-${name}.json`
  #put = (name: string, value: object) =>
    this.#place.store.put(this.#keyOf(name), JSON.stringify(value), 'application/json')
  #savedAs = async (hash: string) =>
    (await readIfThere(this.#place.store, this.#keyOf(hash), savedSchema))?.value ?? null
  #hashOfBranch = async (branch: string) =>
    (await readIfThere(this.#place.store, this.#keyOf(this.#branchName(branch)), pointerSchema))?.value
      .hash ?? null
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
const ownOf = ({ key }: CacheSpec, { checkoutBranch }: Job) => (key.length > 0 ? '' : checkoutBranch)
