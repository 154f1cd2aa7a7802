import { setTimeout as sleep } from 'node:timers/promises'
import type { Summary } from '../records/branch-summary.ts'
import { comparisonLink } from './github-links.ts'
import type { ShownStage } from './shown-stages.ts'

/**
 * How many commits `head` has that `base` lacks; both are hashes of commits of a repository (`owner/repo`). Null if GitHub does not
 * know one of them.
 * @throws if GitHub does not answer
 */
export type CountCommits = (repository: string, base: string, head: string) => Promise<number | null>

type Limits = {
  now: () => Date
  /** How long a page waits for GitHub, in ms. A later answer is used for the next page. */
  timeoutMs?: number
}

const MOST_COUNTS = 500
/** The pause after a count that failed, in ms. Anyone may open a page. */
const RETRY_MS = 5 * 60_000

/** Counts commits and remembers the counts, which never change. Returns null if GitHub does not answer soon. */
export function rememberCounts(count: CountCommits, { now, timeoutMs = 1000 }: Limits): CountCommits {
  const known = new Map<string, { counted: Promise<number | null>; until: number }>()
  const start = (...range: Parameters<CountCommits>) => {
    const entry = { counted: Promise.resolve<number | null>(null), until: Number.POSITIVE_INFINITY }
    entry.counted = count(...range)
      .catch(error => {
        console.error(error)
        return null
      })
      .then(counted => {
        if (counted === null) entry.until = now().getTime() + RETRY_MS
        return counted
      })
    known.set(range.join(' '), entry)
    const [oldest] = known.keys()
    if (known.size > MOST_COUNTS && oldest !== undefined) known.delete(oldest)
    return entry
  }
  return async (...range) => {
    const entry = known.get(range.join(' '))
    const { counted } = entry && entry.until > now().getTime() ? entry : start(...range)
    const waiting = new AbortController()
    const late = sleep(timeoutMs, null, { signal: waiting.signal, ref: false }).catch(() => null)
    return Promise.race([counted, late]).finally(() => waiting.abort())
  }
}

/** How far a stage is behind a branch, with the comparison on GitHub. */
export type Behind = { count: number; branch: string; link: string }

type Head = Pick<Summary, 'commit'> & { branch: string }
type Host = { repository: string; defaultBranch: string; countCommits: CountCommits; githubUrl: string }

/** How far stages are behind the newest ended build of the default branch, by stage. Stages that are not behind are left out. */
export async function findBehind(
  stages: readonly ShownStage[],
  heads: readonly Head[],
  { repository, defaultBranch, countCommits, githubUrl }: Host,
): Promise<Map<string, Behind>> {
  const head = heads.find(({ branch }) => branch === defaultBranch)
  if (!head) return new Map()
  const { branch, commit } = head
  const found = stages.map(async ({ stage, deployed }): Promise<[string, Behind][]> => {
    if (deployed === null || deployed.commit === commit) return []
    const count = await countCommits(repository, deployed.commit, commit)
    const link = comparisonLink(githubUrl, repository, deployed.commit, commit)
    return count ? [[stage, { count, branch, link }]] : []
  })
  return new Map((await Promise.all(found)).flat())
}
