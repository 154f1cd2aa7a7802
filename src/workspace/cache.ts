import { createHash } from 'node:crypto'
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { cachePrefix } from '../build/layout.ts'
import { readIfThere } from '../build/records.ts'
import type { Store } from '../build/store.ts'
import type { Job } from '../job/job.ts'
import { packTree, unpackTree } from './cache-archive.ts'
import { download, upload } from './cache-transfer.ts'
import { hashFile } from './hash-file.ts'
import { removeTree } from './remove-tree.ts'
import type { Sandbox } from './sandbox.ts'

/** What is kept together, and the files of the repository that tell whether it still fits. */
export type CacheSpec = { paths: readonly string[]; key: readonly string[] }

type Place = {
  store: Store
  job: Job
  sandbox: Sandbox
  /** PATH. */
  path: string
  /** What is not done by then is given up; ms since 1970. */
  deadline: number
  signal: AbortSignal
}

/** What a branch has saved last. */
const pointerSchema = z.object({ hash: z.string().regex(/^[0-9a-f]{32}$/), tree: z.string().max(64) })
type Pointer = z.infer<typeof pointerSchema>

const hashOf = (...texts: string[]) =>
  createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 32)

/** One cache of a build: from where it was restored, and what it was then. */
export class Cache {
  readonly #place: Place
  readonly #spec: CacheSpec
  readonly #prefix: string
  readonly #names: string[]
  #hash = ''
  /** The hash of what was found. */
  #restored: string | null = null

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
    const { job, sandbox, path, store, signal } = this.#place
    const start = performance.now()
    const files = await Promise.all(this.#spec.key.map(name => hashIn(sandbox.workspace, name)))
    this.#hash = hashOf(
      ...this.#spec.key.flatMap((name, index) => [name, files[index] ?? '']),
      ownOf(this.#spec, job),
    )
    const branches = [...new Set([job.checkoutBranch, job.branch, job.defaultBranch])]
    try {
      for (const hash of [this.#hash, ...branches]) {
        const isFitting = hash === this.#hash
        const pointer = isFitting ? { hash } : await this.#pointerOf(hash)
        if (!pointer || (!isFitting && pointer.hash === this.#hash)) continue
        const archive = download(store, this.#keyOf(pointer.hash))
        const first = await archive.next().catch(notThere)
        if (!first || first.done) continue
        await unpackTree({ root: sandbox.directory, path }, this.#names, after(first.value, archive), signal)
        this.#restored = pointer.hash
        const seconds = ((performance.now() - start) / 1000).toFixed(1)
        return `Restored ${this.#label} from the cache${isFitting ? '' : ` of ${hash}`} in ${seconds} s`
      }
      return `There is no cache of ${this.#label} yet`
    } catch (error) {
      for (const name of this.#names) await removeTree(join(sandbox.directory, name))
      return `The cache of ${this.#label} is broken, and is left out: ${(error as Error).message}`
    }
  }

  /** Saves what has changed since it was restored. Answers its size in bytes, null where nothing was to be saved. */
  async save(): Promise<number | null> {
    const { job, sandbox, path, store, signal } = this.#place
    const isKnown = this.#restored === this.#hash
    const names = existing(sandbox.directory, this.#names)
    if (names.length === 0 || (isKnown && this.#spec.key.length > 0)) return null
    const tree = hashTree(sandbox.directory, names)
    if (isKnown && (await this.#pointerOf(job.checkoutBranch))?.tree === tree) return null
    const { packed, done } = packTree({ root: sandbox.directory, path }, names, signal)
    const [bytes] = await Promise.all([upload(store, this.#keyOf(this.#hash), packed), done])
    const pointer: Pointer = { hash: this.#hash, tree }
    await store.put(this.#pointerKey(job.checkoutBranch), JSON.stringify(pointer), 'application/json')
    return bytes
  }

  #keyOf = (hash: string) => `${this.#prefix}-${hash}.tar.zst`
  #pointerKey = (branch: string) => `${this.#prefix}-branch-${hashOf(branch)}.json`
  #pointerOf = async (branch: string) =>
    (await readIfThere(this.#place.store, this.#pointerKey(branch), pointerSchema))?.value ?? null
}

/** Names, sizes and modes: whatever is installed anew is the same but for its times. In place, for nobody waits. */
function hashTree(root: string, names: readonly string[]): string {
  const hash = createHash('sha256')
  const walk = (path: string) => {
    const found = lstatSync(join(root, path), { throwIfNoEntry: false })
    hash.update(`${path}\0${found?.mode}\0${found?.isDirectory() ? '' : found?.size}\0`)
    if (found?.isDirectory())
      for (const name of readdirSync(join(root, path)).toSorted()) walk(`${path}/${name}`)
  }
  for (const name of names) walk(name)
  return hash.digest('hex')
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

const existing = (directory: string, names: readonly string[]) =>
  names.filter(name => lstatSync(join(directory, name), { throwIfNoEntry: false }))

/** Whoever may not list is answered 403 for what is not there. */
function notThere(error: { $metadata?: { httpStatusCode?: number } }): null {
  if (error.$metadata?.httpStatusCode === 403) return null
  throw error
}

async function* after(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}

/** All caches of one build. */
export class Caches {
  readonly #caches: readonly Cache[]

  constructor({ deadline, ...given }: Place, specs: readonly CacheSpec[]) {
    const late = AbortSignal.timeout(Math.max(1, Math.floor(deadline - Date.now())))
    const place = { ...given, deadline, signal: AbortSignal.any([given.signal, late]) }
    // Strangers' builds read nothing of others, and keep nothing.
    this.#caches = place.job.trust === 'fork' ? [] : specs.map(spec => new Cache(place, spec))
  }

  async restore(say: (line: string) => Promise<void>): Promise<void> {
    for (const line of await Promise.all(this.#caches.map(cache => cache.restore()))) await say(line)
  }

  /** After the end of a build that has passed; nobody waits for it, and nothing depends on it. */
  async save(): Promise<void> {
    for (const cache of this.#caches) {
      const bytes = await cache.save().catch(error => console.error(`A cache was not saved: ${error}`))
      if (bytes) console.log(`A cache of ${(bytes / 1e6).toFixed(1)} MB was saved`)
    }
  }
}
