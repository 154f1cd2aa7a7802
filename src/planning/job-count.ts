import type { Resolved } from '../config/resolve.ts'
import type { Trust } from '../model/build.ts'
import { MOST_FORK_JOBS, MOST_JOBS, mostJobs } from '../model/job.ts'
import { UserError } from '../model/user-error.ts'

const MAX_NAMES = 10

export type JobCount = { name: string; cells: number; shards: number | null }

/** @throws UserError with the counts of the jobs if there are more than allowed */
export function requireFewJobs(
  counts: readonly JobCount[],
  { account, sources }: Pick<Resolved, 'account' | 'sources'>,
  trust: Trust,
): void {
  const sizes = counts.map(each => ({ ...each, jobs: each.cells * (each.shards ?? 1) }))
  const total = sizes.reduce((sum, { jobs }) => sum + jobs, 0)
  const most = mostJobs(account.maxJobs, trust)
  if (total <= most) return
  const sorted = sizes.toSorted((one, other) => other.jobs - one.jobs)
  const left = sorted.length - MAX_NAMES
  const parts = [...sorted.slice(0, MAX_NAMES).map(describeCount), ...(left > 0 ? [`${left} more`] : [])]
  const isOfForks = trust === 'fork' && most === MOST_FORK_JOBS
  const advice = isOfForks
    ? 'Leave jobs out of pull requests from forks: with "on", or a rule in "pullRequests.fromForkPublicRepo"'
    : `Make a matrix or "shards" smaller${most < MOST_JOBS ? `, or raise "maxJobs" in the account's settings (at most ${MOST_JOBS})` : ''}`
  throw new UserError(
    `${sources.get('jobs')?.at(isOfForks ? 0 : -1)}: "jobs" has ${total} jobs for this build (${parts.join(', ')}), and ${isOfForks ? 'one for a fork' : 'a build'} may have at most ${most}. ${advice}.`,
  )
}

function describeCount({ name, cells, shards, jobs }: JobCount & { jobs: number }): string {
  const factors = [
    ...(cells > 1 ? [`${cells} cells`] : []),
    ...(shards !== null && shards > 1 ? [`${shards} shards`] : []),
  ]
  if (factors.length === 0) return name
  return `${factors.join(' × ')} of ${name}${factors.length > 1 ? ` = ${jobs}` : ''}`
}
