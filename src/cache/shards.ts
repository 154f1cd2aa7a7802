import type { Tree } from './tree.ts'

/** Smaller trees are packed as one shard. */
const SMALL_BYTES = 8 * 1024 * 1024
export const MAX_SHARDS = 4

/**
 * Divides a tree into parts that can be packed and unpacked concurrently: the names in each, for tar. The files of a
 * directory stay in one shard, and each shard contains the parent directories of its files, so shards can be unpacked in
 * any order.
 */
export function divide({ groups, bytes: total }: Tree): string[][] {
  const count = total < SMALL_BYTES ? 1 : MAX_SHARDS
  const shards = Array.from({ length: count }, () => ({ bytes: 0, names: new Set<string>() }))
  for (const units of groups) {
    const shard = shards.reduce((least, each) => (each.bytes < least.bytes ? each : least))
    for (const { directory, names, bytes } of units) {
      shard.bytes += bytes
      for (const name of [...ancestorsOf(directory), ...names]) shard.names.add(name)
    }
  }
  return shards.filter(({ names }) => names.size > 0).map(({ names }) => [...names])
}

/** A directory and its ancestors, the outermost first. */
function ancestorsOf(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}
