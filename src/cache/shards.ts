import { createHash } from 'node:crypto'
import { type Dirent, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Parts of a tree that can be packed and unpacked at once, as names for tar, and the hash of the whole. */
export type Shards = {
  lists: string[][]
  tree: string
  bytes: number
  /** When any of it was last changed, or came to lie there; ms since 1970. */
  changedAt: number
}

/** Below this one is enough. */
const SMALL_BYTES = 8 * 1024 * 1024
export const MOST_SHARDS = 4
/** What a file costs beside its bytes, in bytes: about what is read while one is opened. */
const EACH_FILE = 4096

/**
 * Divides what lies below some names. The files of one directory stay together, each shard has all the directories that lead
 * to its files, and so none has to wait for another. The hash is of names, sizes and modes: what is installed anew is the same
 * but for its times. In place, for nobody waits.
 */
export function divide(root: string, names: readonly string[]): Shards {
  const hash = createHash('sha256')
  const units: { path: string; files: string[]; bytes: number }[] = []
  let changedAt = 0
  const look = (path: string) => {
    const stats = lstatSync(join(root, path))
    changedAt = Math.max(changedAt, stats.ctimeMs)
    return stats
  }
  const note = (path: string) => {
    const { mode, size } = look(path)
    hash.update(`${path}\0${mode}\0${size}\0`)
    return size + EACH_FILE
  }
  const walk = (path: string) => {
    const entries = readdirSync(join(root, path), { withFileTypes: true }).toSorted(byName)
    const files = entries.filter(entry => !entry.isDirectory()).map(({ name }) => `${path}/${name}`)
    hash.update(`${path}/\0${look(path).mode}\0`)
    units.push({ path, files, bytes: files.reduce((sum, file) => sum + note(file), EACH_FILE) })
    for (const { name } of entries.filter(entry => entry.isDirectory())) walk(`${path}/${name}`)
  }
  for (const name of names) {
    if (lstatSync(join(root, name)).isDirectory()) walk(name)
    else units.push({ path: parentOf(name), files: [name], bytes: note(name) })
  }
  const bytes = units.reduce((sum, unit) => sum + unit.bytes, 0)
  return { lists: balance(units, bytes), tree: hash.digest('hex'), bytes, changedAt }
}

function balance(units: { path: string; files: string[]; bytes: number }[], total: number): string[][] {
  const count = total < SMALL_BYTES ? 1 : MOST_SHARDS
  const shards = Array.from({ length: count }, () => ({ bytes: 0, names: new Set<string>() }))
  for (const { path, files, bytes } of units) {
    const shard = shards.reduce((least, each) => (each.bytes < least.bytes ? each : least))
    shard.bytes += bytes
    for (const name of [...waysTo(path), ...files]) shard.names.add(name)
  }
  return shards.map(({ names }) => [...names])
}

/** A directory and all that lead to it, the outermost first. */
function waysTo(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

const byName = (one: Dirent, other: Dirent) => (one.name < other.name ? -1 : 1)
const parentOf = (path: string) => path.split('/').slice(0, -1).join('/')
