import { mkdir, realpath, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { removeAllExcept, removeTree } from '../workspace/remove-tree.ts'

/** The key of a cache and the hash of its files. */
export type WarmTree = { hash: string; tree: string }

type WarmEntry = WarmTree & { directory: string; names: readonly string[]; bytes: number }

/**
 * The caches of the previous build, moved aside in the sandbox. They exist only between two builds: the next build
 * takes or removes them before its command runs, so no other command can read or change them.
 */
export class WarmCache {
  /** The directory below the sandbox. Unknown files in it are removed when the sandbox is cleaned. */
  readonly name = 'caches'
  readonly #sandbox: string
  readonly #budgetBytes: number
  readonly #entries = new Map<string, WarmEntry>()
  #last = 0

  constructor(sandbox: string, budgetBytes: number) {
    this.#sandbox = sandbox
    this.#budgetBytes = budgetBytes
  }

  /** Moves a cache back to its original paths. Null if none has this id and hash, or if a path is occupied. */
  async take(id: string, hash: string): Promise<WarmTree | null> {
    const entry = this.#entries.get(id)
    if (entry?.hash !== hash) return null
    this.#entries.delete(id)
    const { directory, names, tree } = entry
    const moved: string[] = []
    try {
      for (const [index, name] of names.entries()) {
        const target = await this.#resolve(name)
        await rename(join(directory, String(index)), target)
        moved.push(target)
      }
      return { hash, tree }
    } catch {
      for (const target of moved) await removeTree(target)
      return null
    }
  }

  /** Moves these files and directories of the sandbox aside, unless that fails or exceeds the budget. */
  async keep(id: string, tree: WarmTree, names: readonly string[], bytes: number): Promise<void> {
    const total = [...this.#entries.values()].reduce((sum, each) => sum + each.bytes, 0)
    if (total + bytes > this.#budgetBytes) return
    const directory = join(this.#sandbox, this.name, String(++this.#last))
    await mkdir(directory, { recursive: true, mode: 0o700 })
    try {
      for (const [index, name] of names.entries())
        await rename(await this.#resolve(name), join(directory, String(index)))
      this.#entries.set(id, { ...tree, directory, names, bytes })
    } catch {
      await removeTree(directory)
    }
  }

  /**
   * The absolute path of a name. Creates its directory.
   * @throws if a link leads out of the sandbox
   */
  async #resolve(name: string): Promise<string> {
    const path = join(await realpath(this.#sandbox), name)
    await mkdir(dirname(path), { recursive: true })
    if ((await realpath(dirname(path))) !== dirname(path)) throw new Error(`A link leads to ${name}`)
    return path
  }

  /** Forgets all caches whose id does not begin with the prefix. The next sweep removes them. */
  retain(prefix: string): void {
    for (const id of [...this.#entries.keys()]) if (!id.startsWith(prefix)) this.#entries.delete(id)
  }

  /** Removes all caches that were not taken. */
  async clear(): Promise<void> {
    this.#entries.clear()
    await this.sweep()
  }

  /** Removes all unknown files. */
  async sweep(): Promise<void> {
    const retained = new Set([...this.#entries.values()].map(({ directory }) => directory))
    await removeAllExcept(join(this.#sandbox, this.name), retained)
  }
}
