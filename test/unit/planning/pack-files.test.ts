import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packByWeight, weightsOf } from '../../../src/planning/pack-files.ts'

const namesOf = (count: number) =>
  Array.from({ length: count }, (_, at) => `test/${String(at).padStart(4, '0')}.test.ts`)

/** Numbers between 0 and 1 that are always the same for a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How long files take in real repositories: many are short and some are long. In seconds. */
const DISTRIBUTIONS: Record<string, (random: () => number) => number> = {
  'the same': () => 3,
  even: random => 0.1 + 10 * random(),
  exponential: random => 0.05 - 4 * Math.log(1 - random()),
  'log-normal': random =>
    Math.exp(0.5 + 1.1 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())),
  'in two groups': random => (random() < 0.1 ? 20 + 10 * random() : 0.2 + random()),
}

/** How much longer the longest shard takes than the ideal: an equal part of all, but at least the longest file. */
function excessOf(seconds: readonly number[], known: ReadonlyMap<string, number>, shards: number): number {
  const files = namesOf(seconds.length)
  const shardOf = packByWeight(files, weightsOf(files, known), shards)
  const loads = new Array<number>(shards).fill(0)
  for (const [at, shard] of shardOf.entries()) loads[shard - 1] = (loads[shard - 1] ?? 0) + (seconds[at] ?? 0)
  const ideal = Math.max(seconds.reduce((sum, each) => sum + each, 0) / shards, ...seconds)
  return Math.max(...loads) / ideal
}

const SEEDS = Array.from({ length: 40 }, (_, at) => at + 1)

/** The excesses of 200 files in 8 shards, with the seconds that they really take, and with stale ones. */
function excessesOf(secondsOf: (random: () => number) => number): { known: number[]; stale: number[] } {
  const each = SEEDS.map(seed => {
    const random = seeded(seed)
    const seconds = namesOf(200).map(() => secondsOf(random))
    const exact = new Map(namesOf(200).map((file, at) => [file, seconds[at] ?? 0]))
    // Each differs by up to half, and every tenth is missing.
    const stale = new Map(
      [...exact].flatMap(([file, real]) =>
        random() < 0.1 ? [] : [[file, real * (0.5 + random())] as const],
      ),
    )
    return { known: excessOf(seconds, exact, 8), stale: excessOf(seconds, stale, 8) }
  })
  return { known: each.map(({ known }) => known), stale: each.map(({ stale }) => stale) }
}

test.each(Object.entries(DISTRIBUTIONS))(
  'of 200 files of uneven duration, %s, the longest of 8 shards takes at most 1.15 times the ideal; with stale seconds, 1.5 times',
  (name, secondsOf) => {
    const { known, stale } = excessesOf(secondsOf)
    expect(Math.max(...known)).toBeLessThanOrEqual(1.15)
    // Nobody can know that a new file takes thirty times as long as most: two of these may meet.
    const share = stale.filter(each => each <= 1.5).length / stale.length
    expect(share).toBeGreaterThanOrEqual(['log-normal', 'in two groups'].includes(name) ? 0.9 : 1)
  },
)

test('without any seconds, 200 files of uneven duration are divided less well', () => {
  const random = seeded(1)
  const uneven = namesOf(200).map(() => DISTRIBUTIONS['in two groups']?.(random) ?? 1)
  expect(excessOf(uneven, new Map(), 8)).toBeGreaterThan(1.15)
})

const files = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 60 })
  .map(paths => paths.toSorted())

test('each file has one shard, no shard is empty, and the order in which seconds are known changes nothing', () => {
  fc.assert(
    fc.property(
      files,
      fc.nat(),
      fc.array(fc.double({ min: 0, max: 900, noNaN: true })),
      (paths, number, seconds) => {
        const shards = 1 + (number % paths.length)
        const known = paths.flatMap((path, at) =>
          seconds[at] === undefined ? [] : [[path, seconds[at]] as const],
        )
        const shardOf = packByWeight(paths, weightsOf(paths, new Map(known)), shards)
        expect(shardOf).toHaveLength(paths.length)
        expect(new Set(shardOf)).toEqual(new Set(Array.from({ length: shards }, (_, at) => at + 1)))
        expect(packByWeight(paths, weightsOf(paths, new Map(known.toReversed())), shards)).toEqual(shardOf)
      },
    ),
  )
})

test('a file whose seconds are not known counts as the median of the others', () => {
  const known = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 9],
    ['gone', 100],
  ])
  expect(weightsOf(['a', 'b', 'c', 'd'], known)).toEqual([1, 2, 9, 2])
  expect(weightsOf(['x', 'y'], known)).toEqual([1, 1])
  const nothing = new Map(['a', 'b', 'c'].map(file => [file, 0]))
  expect(packByWeight(['a', 'b', 'c'], weightsOf(['a', 'b', 'c'], nothing), 3)).toEqual([1, 2, 3])
})

test('the longest files are divided first, and files that take as long by their names', () => {
  expect(packByWeight(['a', 'b', 'c', 'd'], [1, 1, 1, 1], 2)).toEqual([1, 2, 1, 2])
  expect(packByWeight(['a', 'b', 'c', 'd'], [1, 5, 4, 2], 2)).toEqual([1, 1, 2, 2])
})
