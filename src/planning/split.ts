import type { SplitConfig } from '../config/jobs/job-config.ts'
import { jobPath } from '../config/jobs/job-path.ts'
import { quote } from '../config/key-path.ts'
import type { Resolved } from '../config/resolve.ts'
import { filesOf, MOST_FILES, MOST_PATH } from '../model/split.ts'
import { UserError } from '../model/user-error.ts'
import { packByWeight, weightsOf } from './pack-files.ts'
import { reportPathsOf } from './report-paths.ts'

/** How the files of a job are divided among its shards. */
export type PlannedSplit = {
  job: string
  /** By path. */
  files: readonly string[]
  shards: number
  /** The shard of each file, from 1. Empty if report has already accepted how the files are divided. */
  shardOf: readonly number[]
  /** The seconds that the files are expected to take together. Null: none are known. */
  seconds: number | null
  /** The number of shards if the build could have more jobs; null if there are that many. */
  wanted: number | null
}

/** The basis for dividing files: the known seconds of each job's files, or the division that report has accepted. */
export type Dividing =
  | { secondsOf: (job: string) => ReadonlyMap<string, number> }
  | { accepted: readonly { job: string; shards: number }[] }

/** No file's seconds are known. */
export const WITHOUT_SECONDS: Dividing = { secondsOf: () => new Map() }

type SplitJob = { name: string; split: SplitConfig; source: string }
type DividedJob = SplitJob & { cells: number }

/**
 * Divides the files of these jobs.
 * @param most the most jobs that they may be in total
 * @throws UserError if the commit has no file for one of them, too many, or one whose path cannot be written on a line
 */
export function divide(
  jobs: readonly DividedJob[],
  commitFiles: Resolved['commitFiles'],
  most: number,
  dividing: Dividing,
): PlannedSplit[] {
  const found = jobs.map(job => ({ ...job, files: matchingFiles(job, commitFiles ?? []) }))
  if ('accepted' in dividing)
    return found.map(({ name, files }) => ({
      ...{ job: name, files, shardOf: [], seconds: null, wanted: null },
      shards: dividing.accepted.find(({ job }) => job === name)?.shards ?? 1,
    }))
  const wanted = found.map(each => {
    const known = dividing.secondsOf(each.name)
    const weights = weightsOf(each.files, known)
    const isKnown = each.files.some(file => known.has(file))
    const seconds = isKnown ? weights.reduce((sum, weight) => sum + weight, 0) : null
    return { ...each, weights, seconds, wanted: shardsFor(seconds, each) }
  })
  const counts = fewerShards(wanted, most)
  return wanted.map(({ name, files, weights, seconds, wanted: own }, at) => {
    const shards = counts[at] ?? 1
    const shardOf = packByWeight(files, weights, shards)
    return { job: name, files, shards, shardOf, seconds, wanted: own > shards ? own : null }
  })
}

/** The wanted number of shards. Without any seconds, as many as allowed: the next build knows the seconds. */
function shardsFor(seconds: number | null, { split, files }: DividedJob & { files: readonly string[] }) {
  const enough = seconds === null ? split.max : Math.max(1, Math.ceil(seconds / split.target))
  return Math.min(enough, split.max, files.length)
}

/** Takes shards from the job that has the most, until there are few enough jobs. Each job keeps one. */
function fewerShards(jobs: readonly { wanted: number; cells: number }[], most: number): number[] {
  const counts = jobs.map(({ wanted }) => wanted)
  const total = () => jobs.reduce((sum, { cells }, at) => sum + cells * (counts[at] ?? 0), 0)
  while (total() > most && Math.max(...counts) > 1) {
    const at = counts.lastIndexOf(Math.max(...counts))
    counts[at] = (counts[at] ?? 2) - 1
  }
  return counts
}

/** @throws UserError as `divide` does */
export function matchingFiles({ name, split, source }: SplitJob, commitFiles: readonly string[]): string[] {
  const { roots, matches } = reportPathsOf(split.files)
  const isBelowRoot = (path: string) => roots.some(root => path.startsWith(root))
  const files = commitFiles.filter(path => isBelowRoot(path) && matches(path))
  const where = `${source}: ${jobPath(name, 'shards')}`
  const patterns = split.files.map(pattern => quote(pattern)).join(', ')
  if (files.length === 0)
    throw new UserError(
      `${where}: no file of the commit matches ${patterns}. Name the test files, or write a number.`,
    )
  if (files.length > MOST_FILES)
    throw new UserError(
      `${where}: ${patterns} matches ${files.length} files, and ${MOST_FILES} are allowed. Divide them among several jobs.`,
    )
  const odd = files.find(path => path.length > MOST_PATH || /\p{Cc}/u.test(path))
  if (odd !== undefined)
    throw new UserError(
      `${where}: the path ${quote(odd)} ${odd.length > MOST_PATH ? `has more than ${MOST_PATH} characters` : 'has a line break or another control character'}, so that it cannot stand in LAMBCI_FILES. Rename the file.`,
    )
  return files
}

/** Notes about jobs that have fewer shards than wanted. */
export const noteFewerShards = (splits: readonly PlannedSplit[], most: number): string[] =>
  splits.flatMap(({ job, shards, wanted }) =>
    wanted === null
      ? []
      : [
          `Job ${job} has ${shards} ${shards === 1 ? 'shard' : 'shards'} instead of ${wanted}: the build may have ${most} jobs.`,
        ],
  )

/** `8 for 200 files (test/**\/*.test.ts), which take about 240 seconds; target 30 seconds, at most 100`. */
export function describeSplit({ files, shards, seconds }: PlannedSplit, config: SplitConfig): string {
  const time =
    seconds === null ? 'whose seconds are not known yet' : `which take about ${Math.round(seconds)} seconds`
  return `${shards} for ${filesOf(files.length)} (${config.files.join(', ')}), ${time}; target ${config.target} seconds, at most ${config.max}`
}
