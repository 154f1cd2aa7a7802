import type { CommitEntry } from '../../records/commit-record.ts'
import { shortened } from './commit-status.ts'

const SEVERITY = { success: 0, pending: 1, error: 2, failure: 2 }

/**
 * What a status says of a commit that several branches or pull requests are at. No green covers a red of the same rank, and
 * what forks built counts only where the repository itself has built nothing. A build that was never started is no result: of the same
 * rank, it counts only where nothing else was said. A pure function; `entries` is not empty.
 */
export function truthOf(entries: readonly CommitEntry[]): CommitEntry {
  const ranked = entriesThatCount(entries)
  const worst = ranked.reduce((one, other) => (isWorse(other, one) ? other : one))
  if (ranked.length === 1) return worst
  return { ...worst, description: shortened(`${worst.subject}: ${worst.description}`) }
}

/** The entries of the highest rank, and of these the ones that were started, if there are any. */
function entriesThatCount(entries: readonly CommitEntry[]): readonly CommitEntry[] {
  const own = entries.filter(({ isFork }) => !isFork)
  const ranked = own.length > 0 ? own : entries
  const started = ranked.filter(({ isUnstarted }) => !isUnstarted)
  return started.length > 0 ? started : ranked
}

/** Of two that are equally bad, the later build is meant. */
const isWorse = (one: CommitEntry, other: CommitEntry) =>
  SEVERITY[one.state] === SEVERITY[other.state]
    ? one.number > other.number
    : SEVERITY[one.state] > SEVERITY[other.state]
