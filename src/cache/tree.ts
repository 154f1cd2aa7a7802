import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readlinkSync, type Stats, unlinkSync } from 'node:fs'

/** Files and directories that belong in the same archive. */
export type Unit = { directory: string; names: string[]; bytes: number }

/** The files below some names, as on disk. Names are bytes, one in each character (latin1): a file's name need not be UTF-8. */
export type Tree = {
  /** Each element: units that belong in the same archive. */
  groups: Unit[][]
  /** The regular files, in a fixed order. */
  files: string[]
  /** The hash of names, types, modes, sizes, times of change, and links: everything except the content of files. */
  digest: string
  bytes: number
  /** The newest ctime, which no program can set; ms since 1970. */
  changedAt: number
}

/** The overhead of a file, in bytes: about as much could be read while it is opened. */
const FILE_OVERHEAD = 4096
const OWNER_RIGHTS = 0o700

export const toBytes = (name: string) => Buffer.from(name).toString('latin1')
export const pathOf = (root: string, name: string) => Buffer.from(`${toBytes(root)}/${name}`, 'latin1')

/**
 * Reads the trees below some names. Removes sockets, which archives cannot contain and which nobody listens to now. Synchronous, because
 * nothing else runs after the build.
 * @throws if something cannot be read
 */
export function readTree(root: string, names: readonly string[]): Tree {
  const reader = new TreeReader(root)
  for (const name of names) reader.read(toBytes(name))
  return reader.tree()
}

class TreeReader {
  readonly #root: string
  readonly #hash = createHash('sha256')
  readonly #units: Unit[] = []
  readonly #files: string[] = []
  /** The first place of a file with several names, by its inode. */
  readonly #linked = new Map<number, { name: string; unit: Unit }>()
  readonly #merged = new Map<Unit, Unit>()
  #changedAt = 0

  constructor(root: string) {
    this.#root = root
  }

  read(name: string): void {
    const stats = this.#stat(name)
    if (stats.isDirectory()) this.#readDirectory(name, null)
    else this.#add(name, stats, this.#newUnit(parentOf(name)))
  }

  tree(): Tree {
    const groups = Map.groupBy(this.#units, unit => this.#leaderOf(unit))
    return {
      groups: [...groups.values()],
      files: this.#files,
      digest: this.#hash.digest('hex'),
      bytes: this.#units.reduce((sum, { bytes }) => sum + bytes, 0),
      changedAt: this.#changedAt,
    }
  }

  /** Adds a directory to the unit `within` or, for null, as a separate unit. */
  #readDirectory(directory: string, within: Unit | null): void {
    const entries = readdirSync(pathOf(this.#root, directory), { encoding: 'latin1' })
      .toSorted()
      .map(name => ({ name: `${directory}/${name}`, stats: this.#stat(`${directory}/${name}`) }))
      .filter(entry => !this.#removeSocket(entry))
    const stats = this.#stat(directory)
    // Only the archive that creates a read-only directory can fill it.
    const isClosed = (stats.mode & OWNER_RIGHTS) !== OWNER_RIGHTS
    const closed = within ?? (isClosed ? this.#newUnit(parentOf(directory)) : null)
    if (closed) this.#add(directory, stats, closed)
    else this.#note(directory, stats)
    const unit = closed ?? this.#newUnit(directory)
    for (const entry of entries) if (!entry.stats.isDirectory()) this.#add(entry.name, entry.stats, unit)
    for (const entry of entries) if (entry.stats.isDirectory()) this.#readDirectory(entry.name, closed)
  }

  #add(name: string, stats: Stats, unit: Unit): void {
    this.#note(name, stats)
    unit.names.push(name)
    // Sparse files take less than their size.
    unit.bytes += FILE_OVERHEAD + (stats.isFile() ? Math.min(stats.size, stats.blocks * 512) : 0)
    if (!stats.isFile()) return
    this.#files.push(name)
    if (stats.nlink === 1) return
    const first = this.#linked.get(stats.ino)
    if (!first) this.#linked.set(stats.ino, { name, unit })
    else {
      this.#hash.update(`=${first.name}\0`)
      const [one, other] = [this.#leaderOf(first.unit), this.#leaderOf(unit)]
      if (one !== other) this.#merged.set(other, one)
    }
  }

  /** Hashes the `stat` data of an entry. The times of links and directories are left out, because nothing depends on them. */
  #note(name: string, stats: Stats): void {
    this.#hash.update(`${name}\0${stats.mode}\0${this.#describe(name, stats)}\0`)
  }

  #describe(name: string, stats: Stats): string {
    if (stats.isSymbolicLink()) return readlinkSync(pathOf(this.#root, name), 'latin1')
    return stats.isFile() ? `${stats.size}\0${stats.mtimeMs}` : ''
  }

  #stat(name: string): Stats {
    const stats = lstatSync(pathOf(this.#root, name))
    this.#changedAt = Math.max(this.#changedAt, stats.ctimeMs)
    return stats
  }

  #removeSocket({ name, stats }: { name: string; stats: Stats }): boolean {
    if (stats.isSocket()) unlinkSync(pathOf(this.#root, name))
    return stats.isSocket()
  }

  #newUnit(directory: string): Unit {
    const unit = { directory, names: [], bytes: FILE_OVERHEAD }
    this.#units.push(unit)
    return unit
  }

  #leaderOf(unit: Unit): Unit {
    const next = this.#merged.get(unit)
    return next ? this.#leaderOf(next) : unit
  }
}

const parentOf = (path: string) => path.split('/').slice(0, -1).join('/')
