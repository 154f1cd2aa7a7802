import { createHash } from 'node:crypto'
import { type Dirent, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** A tree divided into parts that can be packed and unpacked concurrently. */
export type Shards = {
  /** The names in each shard, for tar. */
  lists: string[][]
  /** The hash of the whole tree. */
  tree: string
  bytes: number
  /** The newest ctime in the tree; ms since 1970. */
  changedAt: number
}

/** Smaller trees are packed as one shard. */
const SMALL_BYTES = 8 * 1024 * 1024
export const MAX_SHARDS = 4
/** The overhead of a file, in bytes: about as much could be read while it is opened. */
const FILE_OVERHEAD = 4096

/**
 * Divides the trees below some names. The files of a directory stay in one shard, and each shard contains the parent
 * directories of its files, so shards can be unpacked in any order. The hash covers names, sizes and modes, but not
 * times, which differ after each installation. Synchronous, because nothing else runs after the build.
 */
export function divide(root: string, names: readonly string[]): Shards {
  const hash = createHash('sha256')
  const units: { path: string; files: string[]; bytes: number }[] = []
  let changedAt = 0
  const stat = (path: string) => {
    const stats = lstatSync(join(root, path))
    changedAt = Math.max(changedAt, stats.ctimeMs)
    return stats
  }
  const addFile = (path: string) => {
    const { mode, size } = stat(path)
    hash.update(`${path}\0${mode}\0${size}\0`)
    return size + FILE_OVERHEAD
  }
  const walk = (path: string) => {
    const entries = readdirSync(join(root, path), { withFileTypes: true }).toSorted(byName)
    const files = entries.filter(entry => !entry.isDirectory()).map(({ name }) => `${path}/${name}`)
    hash.update(`${path}/\0${stat(path).mode}\0`)
    units.push({ path, files, bytes: files.reduce((sum, file) => sum + addFile(file), FILE_OVERHEAD) })
    for (const { name } of entries.filter(entry => entry.isDirectory())) walk(`${path}/${name}`)
  }
  for (const name of names) {
    if (lstatSync(join(root, name)).isDirectory()) walk(name)
    else units.push({ path: parentOf(name), files: [name], bytes: addFile(name) })
  }
  const bytes = units.reduce((sum, unit) => sum + unit.bytes, 0)
  return { lists: balance(units, bytes), tree: hash.digest('hex'), bytes, changedAt }
}

function balance(units: { path: string; files: string[]; bytes: number }[], total: number): string[][] {
  const count = total < SMALL_BYTES ? 1 : MAX_SHARDS
  const shards = Array.from({ length: count }, () => ({ bytes: 0, names: new Set<string>() }))
  for (const { path, files, bytes } of units) {
    const shard = shards.reduce((least, each) => (each.bytes < least.bytes ? each : least))
    shard.bytes += bytes
    for (const name of [...ancestorsOf(path), ...files]) shard.names.add(name)
  }
  return shards.map(({ names }) => [...names])
}

/** A directory and its ancestors, the outermost first. */
function ancestorsOf(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

const byName = (one: Dirent, other: Dirent) => (one.name < other.name ? -1 : 1)
const parentOf = (path: string) => path.split('/').slice(0, -1).join('/')
