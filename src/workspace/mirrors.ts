import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type FileHash, hashFile } from './hash-file.ts'
import { removeAllExcept, removeTree } from './remove-tree.ts'

/** Each fetch adds two or three pack files, and mirrors are never repacked. */
const MAX_PACK_FILES = 120

/** A bare repository that an earlier build of this process fetched. */
export type Mirror = {
  directory: string
  isPrivate: boolean
  /** The depth to which each commit has been fetched. */
  depths: Map<string, number>
  /** Its files when it was saved. */
  files: Files
}

type Files = Map<string, FileHash>

/**
 * Bare copies of the repositories that were built last in this sandbox. Commands can write to them. A mirror is
 * therefore used only if every file still has the hash that it had before the command ran.
 */
export class Mirrors {
  /** The directory below the sandbox. Unknown files in it are removed when the sandbox is cleaned. */
  readonly name = 'mirrors'
  readonly #directory: string
  readonly #budgetBytes: number
  /** By remote, the most recently used last. */
  readonly #known = new Map<string, Mirror>()
  #last = 0

  constructor(sandbox: string, budgetBytes: number) {
    this.#directory = join(sandbox, this.name)
    this.#budgetBytes = budgetBytes
  }

  /**
   * Returns the unchanged mirror of a remote, or an empty one whose directory does not exist yet. Removes the mirrors
   * of other private repositories, because this repository's commands could read them.
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
      console.error(`The mirror of ${remote} was modified. It is fetched again.`)
      await removeTree(known.directory)
    }
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const directory = join(this.#directory, `${++this.#last}.git`)
    return { directory, isPrivate, depths: new Map(), files: new Map() }
  }

  /** Remembers a mirror for later builds. Drops the least recently used ones if the budget is exceeded. */
  async keep(remote: string, mirror: Mirror): Promise<void> {
    // Packs are immutable, and were hashed when the mirror was opened.
    const files = await hashFiles(mirror.directory, new Map(packsIn(mirror.files)))
    if (packsIn(files).length > MAX_PACK_FILES) return
    this.#known.set(remote, { ...mirror, files })
    let bytes = [...this.#known.values()].reduce((sum, each) => sum + sizeOf(each.files), 0)
    for (const [oldest, { files }] of this.#known) {
      if (bytes <= this.#budgetBytes) break
      this.#known.delete(oldest)
      bytes -= sizeOf(files)
    }
  }

  /** Removes everything except the known mirrors. Must not be called before the end of a build, which may still use a dropped one. */
  async sweep(): Promise<void> {
    const kept = new Set([...this.#known.values()].map(({ directory }) => directory))
    await removeAllExcept(this.#directory, kept)
  }
}

/** Hashes all files below a directory, except those in `known`. */
async function hashFiles(directory: string, known: Files = new Map()): Promise<Files> {
  const files: Files = new Map()
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter(each => !each.isDirectory())) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile()) throw new Error(`${path} is not a regular file`)
    files.set(path, known.get(path) ?? (await hashFile(path)))
  }
  return files
}

const isSame = (one: Files, other: Files) =>
  one.size === other.size && [...one].every(([path, { digest }]) => other.get(path)?.digest === digest)
const sizeOf = (files: Files) => [...files.values()].reduce((sum, { bytes }) => sum + bytes, 0)
const isPack = (path: string) => /\.(pack|idx|rev)$/.test(path)
const packsIn = (files: Files) => [...files].filter(([path]) => isPack(path))
