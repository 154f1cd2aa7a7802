import { type Compare, compareToBranch } from '../../model/newer.ts'
import type { CommitEntry, CommitRecord, Posted } from '../../records/commit-record.ts'
import { truthOf } from './truth.ts'

type Commit = { repository: string; commit: string }

/** Shows people the truth about a commit and context, and returns what they see then. `before`: what they have seen. */
export type ShowTruth = (context: string, truth: CommitEntry, before: Posted | null) => Promise<Posted>

type PostContext = {
  compare: Compare
  show: ShowTruth
  /** Whether more is known about the build of a check run than it shows. */
  hasMore: (posted: Posted) => boolean
}

/**
 * The limit for a commit and context. A stranger can close and reopen a pull request forever, and GitHub accepts 1,000 statuses. A success,
 * and a wait that is over, are still replaced.
 */
const MOST_UNSTARTED_POSTS = 20

/**
 * Updates the statuses of a commit from its entries, and returns its new record. A status that GitHub has is set only if it changes.
 * @throws if GitHub refuses a status, or does not answer
 */
export async function postTruth(
  commit: Commit,
  record: CommitRecord,
  { compare, show, hasMore }: PostContext,
): Promise<CommitRecord> {
  const { entries, posted } = await withoutStale(commit, record, compare)
  const done = { ...posted }
  const unstartedPosts = { ...record.unstartedPosts }
  for (const [context, ofContext] of Map.groupBy(Object.values(entries), each => each.context)) {
    const truth = truthOf(ofContext)
    const { state, description, targetUrl, isUnstarted = false } = truth
    const before = done[context]
    const isSame =
      before?.state === state && before.description === description && before.targetUrl === targetUrl
    if (isSame && !hasMore(before)) continue
    const count = unstartedPosts[context] ?? 0
    const mustEnd = before?.state === 'success' || (before?.state === 'pending' && state !== 'pending')
    if (isUnstarted && count >= MOST_UNSTARTED_POSTS && !mustEnd) continue
    done[context] = await show(context, truth, before ?? null)
    if (isUnstarted) unstartedPosts[context] = count + 1
  }
  return { ...record, entries, posted: done, unstartedPosts }
}

const isPull = (trigger: string) => trigger.startsWith('pr/')

/**
 * Drops entries that decide a status although their branch is no longer at the commit. GitHub is queried only if entries disagree. The last
 * entry of a context always stays, and one that was started stays if no other was.
 */
async function withoutStale(
  { repository, commit }: Commit,
  record: CommitRecord,
  compare: Compare,
): Promise<CommitRecord> {
  const entries = { ...record.entries }
  const isStale = async (trigger: string, { isGone, headName }: CommitEntry) => {
    if (!isPull(trigger))
      return (await compareToBranch(compare, repository, commit, headName)) !== 'identical'
    // The branch of a pull request may be in a fork that this stack may not see.
    const relation = isGone ? null : await compare(repository, commit, headName)
    return isGone || (relation !== null && relation !== 'identical')
  }
  for (const context of new Set(Object.values(entries).map(each => each.context))) {
    for (;;) {
      const all = Object.entries(entries).filter(([, each]) => each.context === context)
      const { number } = truthOf(all.map(([, each]) => each))
      const [trigger, decisive] = all.find(([, each]) => each.number === number) ?? []
      // A build that was never started replaces no result.
      const rivals = all.filter(([, { isUnstarted }]) => decisive?.isUnstarted || !isUnstarted)
      const states = new Set(rivals.map(([, { state }]) => state))
      if (states.size < 2 || !trigger || !decisive || !(await isStale(trigger, decisive))) break
      delete entries[trigger]
    }
  }
  return { ...record, entries }
}
