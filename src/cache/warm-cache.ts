import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { removeAllExcept, removeTree } from '../workspace/remove-tree.ts'
import type { Attempt } from './cache-index.ts'
import { placeIn } from './move-tree.ts'

/** `archives`: the keys of the archives that contain the same files. */
type WarmEntry = { archives: string; directory: string; names: readonly string[]; bytes: number }

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
  readonly #failures = new Map<string, Attempt>()
  #last = 0

  constructor(sandbox: string, budgetBytes: number) {
    this.#sandbox = sandbox
    this.#budgetBytes = budgetBytes
  }

  /** Moves a cache back to its original paths. False if it does not equal these archives, or if a path is occupied. */
  async take(id: string, archives: readonly string[]): Promise<boolean> {
    const entry = this.#entries.get(id)
    if (entry?.archives !== archives.join()) return false
    this.#entries.delete(id)
    const { directory, names } = entry
    const moved: string[] = []
    try {
      for (const [index, name] of names.entries()) {
        const target = placeIn(this.#sandbox, name)
        await rename(join(directory, String(index)), target)
        moved.push(target)
      }
      return true
    } catch {
      for (const target of moved) await removeTree(target)
      return false
    }
  }

  /** Moves these files and directories of the sandbox aside, unless that fails or exceeds the budget. */
  async keep(
    id: string,
    archives: readonly string[],
    names: readonly string[],
    bytes: number,
  ): Promise<void> {
    const total = [...this.#entries.values()].reduce((sum, each) => sum + each.bytes, 0)
    if (total + bytes > this.#budgetBytes) return
    const directory = join(this.#sandbox, this.name, String(++this.#last))
    await mkdir(directory, { recursive: true, mode: 0o700 })
    try {
      for (const [index, name] of names.entries())
        await rename(placeIn(this.#sandbox, name), join(directory, String(index)))
      this.#entries.set(id, { archives: archives.join(), directory, names, bytes })
    } catch {
      await removeTree(directory)
    }
  }

  /** Remembers that a cache was not saved, in case the bucket cannot record that. */
  noteFailure(id: string, failure: Attempt): void {
    this.#failures.set(id, failure)
  }

  /** Returns the failure noted for a cache, once. */
  takeFailure(id: string): Attempt | null {
    const failure = this.#failures.get(id) ?? null
    this.#failures.delete(id)
    return failure
  }

  /** Forgets all caches whose id does not begin with the prefix. The next sweep removes them. */
  retain(prefix: string): void {
    for (const each of [this.#entries, this.#failures])
      for (const id of [...each.keys()]) if (!id.startsWith(prefix)) each.delete(id)
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
