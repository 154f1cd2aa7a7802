/** The weight of a file that took no time: every file counts, so that no shard stays empty. */
const LEAST_SECONDS = 0.001

/** The seconds that each file is expected to take: the known ones, and their median for other files. Without any, all count the same. */
export function weightsOf(files: readonly string[], known: ReadonlyMap<string, number>): number[] {
  const seconds = files.flatMap(file => known.get(file) ?? []).toSorted((one, other) => one - other)
  const median = seconds[Math.floor(seconds.length / 2)] ?? 1
  return files.map(file => Math.max(known.get(file) ?? median, LEAST_SECONDS))
}

/**
 * Divides files among shards so that all take about the same time: each file, the longest first, goes to the shard with the least work.
 * Returns the shard of each file, from 1. No shard is empty unless there are more shards than files. A pure function: the same files and
 * weights always give the same shards.
 */
export function packByWeight(files: readonly string[], weights: readonly number[], shards: number): number[] {
  const order = files
    .map((file, at) => ({ file, at, weight: weights[at] ?? 0 }))
    .toSorted((one, other) => other.weight - one.weight || (one.file < other.file ? -1 : 1))
  const loads = new Array<number>(shards).fill(0)
  const shardOf = new Array<number>(files.length).fill(1)
  for (const { at, weight } of order) {
    const least = loads.indexOf(Math.min(...loads))
    loads[least] = (loads[least] ?? 0) + weight
    shardOf[at] = least + 1
  }
  return shardOf
}
