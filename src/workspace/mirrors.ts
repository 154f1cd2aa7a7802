import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Hashed, hashFile } from './hash-file.ts'
import { removeAllBut, removeTree } from './remove-tree.ts'

/** Each fetch adds two or three, and nothing here is ever packed anew. */
const MOST_FILES = 120

/** A bare repository that an earlier build of this process has left, and what stood in it then. */
export type Mirror = {
  directory: string
  isPrivate: boolean
  /** To which depth each commit has been fetched. */
  depths: Map<string, number>
  files: Files
}

type Files = Map<string, Hashed>

/**
 * What a sandbox keeps of the repositories that were built in it last. Commands can write where it lies, so it is
 * believed only as long as every file is what it was when git had written it, before the command ran.
 */
export class Mirrors {
  /** Below the sandbox; whatever is there and not known here goes when the sandbox is cleaned. */
  readonly name = 'mirrors'
  readonly #directory: string
  readonly #budgetBytes: number
  /** The one used last comes last. */
  readonly #known = new Map<string, Mirror>()
  #last = 0

  constructor(sandbox: string, budgetBytes: number) {
    this.#directory = join(sandbox, this.name)
    this.#budgetBytes = budgetBytes
  }

  /**
   * The mirror of a remote as it was left; else an empty one, in a directory that is not there yet. Those of other private
   * repositories go: this one's commands could read them.
   */
  async open(remote: string, isPrivate: boolean): Promise<Mirror> {
    const known = this.#known.get(remote)
    this.#known.delete(remote)
    for (const [other, mirror] of this.#known) {
      if (!mirror.isPrivate) continue
      this.#known.delete(other)
      await removeTree(mirror.directory)
    }
    if (known) {
      const found = await hashFiles(known.directory).catch(() => null)
      if (found && isSame(found, known.files)) return { ...known, isPrivate }
      console.error(`The copy of ${remote} is not what it was, and is fetched anew.`)
      await removeTree(known.directory)
    }
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const directory = join(this.#directory, `${++this.#last}.git`)
    return { directory, isPrivate, depths: new Map(), files: new Map() }
  }

  /** Notes how a mirror is left; those that were not used for the longest time make room for it. */
  async keep(remote: string, mirror: Mirror): Promise<void> {
    // Packs are never written again, and were looked at when the mirror was opened.
    const files = await hashFiles(mirror.directory, new Map(packsIn(mirror.files)))
    if (packsIn(files).length > MOST_FILES) return
    this.#known.set(remote, { ...mirror, files })
    let bytes = [...this.#known.values()].reduce((sum, each) => sum + sizeOf(each.files), 0)
    for (const [oldest, { files }] of this.#known) {
      if (bytes <= this.#budgetBytes) break
      this.#known.delete(oldest)
      bytes -= sizeOf(files)
    }
  }

  /** Removes what is not known; a build may still need it until it has ended. */
  async sweep(): Promise<void> {
    const kept = new Set([...this.#known.values()].map(({ directory }) => directory))
    await removeAllBut(this.#directory, kept)
  }
}

/** All files below a directory with their hashes; those of `known` are not read again. */
async function hashFiles(directory: string, known: Files = new Map()): Promise<Files> {
  const files: Files = new Map()
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter(each => !each.isDirectory())) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile()) throw new Error(`${path} is no file`)
    files.set(path, known.get(path) ?? (await hashFile(path)))
  }
  return files
}

const isSame = (one: Files, other: Files) =>
  one.size === other.size && [...one].every(([path, { digest }]) => other.get(path)?.digest === digest)
const sizeOf = (files: Files) => [...files.values()].reduce((sum, { bytes }) => sum + bytes, 0)
const isPack = (path: string) => /\.(pack|idx|rev)$/.test(path)
const packsIn = (files: Files) => [...files].filter(([path]) => isPack(path))
