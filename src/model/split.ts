import { jobNameSchema, MOST_JOBS } from './job.ts'
import { z } from './zod.ts'

/** The most files by which one job is divided. */
export const MOST_FILES = 20_000
/** The longest path of such a file, in UTF-16 units. */
export const MOST_PATH = 300

const base64Length = (bytes: number) => 4 * Math.ceil(bytes / 3)

/** The division of a job's files among its shards. The files are those of the commit, in the order of their paths. */
export const splitSchema = z.object({
  job: jobNameSchema,
  files: z.int().positive().max(MOST_FILES),
  /** The digest of the list of files: a commit with other files does not run. */
  digest: z.string().max(64),
  /** The shard of each file, from 0, in one byte; base64. */
  shardOf: z.base64().max(base64Length(MOST_FILES)),
})
export type Split = z.infer<typeof splitSchema>
export const splitsSchema = z.array(splitSchema).max(MOST_JOBS)

/** The split of a job; undefined if its files do not divide it. */
export const splitOf = ({ splits }: { splits?: readonly Split[] | undefined }, name: string) =>
  splits?.find(({ job }) => job === name)

/** @param shardOf the shard of each file, from 1 */
export const packShards = (shardOf: readonly number[]): string =>
  Buffer.from(shardOf.map(shard => shard - 1)).toString('base64')

/** The shard of each file, from 1. */
export const unpackShards = ({ shardOf }: Pick<Split, 'shardOf'>): number[] =>
  [...Buffer.from(shardOf, 'base64')].map(shard => shard + 1)

/** Whether each file has one of this many shards, and each shard a file. */
export function isPartition(split: Split, shards: number): boolean {
  const shardOf = unpackShards(split)
  const used = new Set(shardOf)
  return shardOf.length === split.files && used.size === shards && shardOf.every(shard => shard <= shards)
}

/** The positions of some files in a list: a bit for each file of the list, base64. */
export const filesSchema = z.base64().max(base64Length(Math.ceil(MOST_FILES / 8)))

export function packFiles(positions: Iterable<number>, files: number): string {
  const bits = new Uint8Array(Math.ceil(files / 8))
  for (const at of positions) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7))
  return Buffer.from(bits).toString('base64')
}

/** Whether packed positions include this one. */
export function hasFile(packed: Uint8Array, at: number): boolean {
  return ((packed[at >> 3] ?? 0) & (1 << (at & 7))) !== 0
}

/** The positions of the files of a shard. */
export const filesOfShard = (split: Split, shard: number): number[] =>
  unpackShards(split).flatMap((each, at) => (each === shard ? [at] : []))

/** `2 files ran nowhere: test/a.test.ts, test/b.test.ts`. The first three are named. */
export function describeMissing(paths: readonly string[]): string {
  const left = paths.length - MOST_NAMED
  const named = paths.slice(0, MOST_NAMED).join(', ')
  return `${filesOf(paths.length)} ran nowhere: ${named}${left > 0 ? ` and ${left} more` : ''}`
}
const MOST_NAMED = 3

export const filesOf = (number: number) => `${number} ${number === 1 ? 'file' : 'files'}`

/** The most seconds of a file. */
export const MOST_SECONDS = 3600

/** The seconds that the tests of a file took. */
export const fileSecondsSchema = z.object({
  path: z.string().max(MOST_PATH),
  seconds: z.number().nonnegative().max(MOST_SECONDS),
})
export type FileSeconds = z.infer<typeof fileSecondsSchema>

/** Keeps seconds within the bounds, to the millisecond. */
export const boundSeconds = (seconds: number) =>
  Math.round(Math.min(Math.max(seconds, 0), MOST_SECONDS) * 1000) / 1000
