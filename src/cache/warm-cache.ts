import { mkdir, realpath, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { removeAllBut, removeTree } from '../workspace/remove-tree.ts'

/** What a cache held when a build left it, and what it is known as. */
export type WarmTree = { hash: string; tree: string }

type HeldLock = WarmTree & { directory: string; names: readonly string[]; bytes: number }

/**
 * The trees of the last build's caches, moved aside as they lay. They are there between two builds only: before a
 * command runs, the next build has taken them back or let them go, and so nobody else's command can read or change them.
 */
export class WarmCache {
  /** Below the sandbox; whatever is there and not known here goes when the sandbox is cleaned. */
  readonly name = 'caches'
  readonly #sandbox: string
  readonly #budgetBytes: number
  readonly #held = new Map<string, HeldLock>()
  #last = 0

  constructor(sandbox: string, budgetBytes: number) {
    this.#sandbox = sandbox
    this.#budgetBytes = budgetBytes
  }

  /** Moves what is held under an id back to where it was, if it is this; null where it is not, or something is in its way. */
  async take(id: string, hash: string): Promise<WarmTree | null> {
    const held = this.#held.get(id)
    if (held?.hash !== hash) return null
    this.#held.delete(id)
    const { directory, names, tree } = held
    const moved: string[] = []
    try {
      for (const [index, name] of names.entries()) {
        const target = await this.#placeOf(name)
        await rename(join(directory, String(index)), target)
        moved.push(target)
      }
      return { hash, tree }
    } catch {
      for (const target of moved) await removeTree(target)
      return null
    }
  }

  /** Moves these files and directories of the sandbox aside; what cannot be moved, or is too much, is not kept. */
  async keep(id: string, kept: WarmTree, names: readonly string[], bytes: number): Promise<void> {
    const held = [...this.#held.values()].reduce((sum, each) => sum + each.bytes, 0)
    if (held + bytes > this.#budgetBytes) return
    const directory = join(this.#sandbox, this.name, String(++this.#last))
    await mkdir(directory, { recursive: true, mode: 0o700 })
    try {
      for (const [index, name] of names.entries())
        await rename(await this.#placeOf(name), join(directory, String(index)))
      this.#held.set(id, { ...kept, directory, names, bytes })
    } catch {
      await removeTree(directory)
    }
  }

  /** Where a name lies, its directory made; a link on the way there would lead out of the sandbox. */
  async #placeOf(name: string): Promise<string> {
    const place = join(await realpath(this.#sandbox), name)
    await mkdir(dirname(place), { recursive: true })
    if ((await realpath(dirname(place))) !== dirname(place)) throw new Error(`A link leads to ${name}`)
    return place
  }

  /** Lets go of all whose id does not begin so; the next cleaning removes it. */
  retain(prefix: string): void {
    for (const id of [...this.#held.keys()]) if (!id.startsWith(prefix)) this.#held.delete(id)
  }

  /** Lets go of all that nobody has taken. */
  async clear(): Promise<void> {
    this.#held.clear()
    await this.sweep()
  }

  /** Removes what is not known. */
  async sweep(): Promise<void> {
    const kept = new Set([...this.#held.values()].map(({ directory }) => directory))
    await removeAllBut(join(this.#sandbox, this.name), kept)
  }
}
