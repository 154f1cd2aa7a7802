import type { CommitEntry } from '../../records/commit-record.ts'
import { shortened } from './commit-status.ts'

const SEVERITY = { success: 0, pending: 1, error: 2, failure: 2 }

/**
 * The status of a commit that several branches or pull requests share. No green covers a red of the same rank, and builds of forks count
 * only if the repository itself has none. A build that was never started is not a result: it counts only if there is nothing else of the
 * same rank. A pure function; `entries` is not empty.
 */
export function truthOf(entries: readonly CommitEntry[]): CommitEntry {
  const ranked = entriesThatCount(entries)
  const worst = ranked.reduce((one, other) => (isWorse(other, one) ? other : one))
  if (ranked.length === 1) return worst
  return { ...worst, description: shortened(`${worst.subject}: ${worst.description}`) }
}

/** The entries of the highest rank; among these, only those that were started, if there are any. */
function entriesThatCount(entries: readonly CommitEntry[]): readonly CommitEntry[] {
  const own = entries.filter(({ isFork }) => !isFork)
  const ranked = own.length > 0 ? own : entries
  const started = ranked.filter(({ isUnstarted }) => !isUnstarted)
  return started.length > 0 ? started : ranked
}

/** The later of two equally bad builds counts. */
const isWorse = (one: CommitEntry, other: CommitEntry) =>
  SEVERITY[one.state] === SEVERITY[other.state]
    ? one.number > other.number
    : SEVERITY[one.state] > SEVERITY[other.state]
