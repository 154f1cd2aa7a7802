import type { CommitStatus } from '../../github/client.ts'
import { type Compare, compareToBranch } from '../../model/newer.ts'
import type { CommitEntry, CommitRecord } from '../../records/commit-record.ts'
import { truthOf } from './truth.ts'

type GitHub = { compare: Compare; setStatus(status: CommitStatus): Promise<void> }
type Commit = { repository: string; commit: string }

/**
 * Of a commit and context. A stranger can close and open a pull request again for ever, and GitHub accepts 1,000 statuses. A success,
 * and a wait that is over, are replaced even so.
 */
const MOST_UNSTARTED_POSTS = 20

/**
 * Brings the statuses of a commit up to date with its entries, and returns its record as it stands then. A status that
 * GitHub has is set only if it changes.
 * @throws if GitHub refuses a status, or does not answer
 */
export async function postTruth(commit: Commit, record: CommitRecord, github: GitHub): Promise<CommitRecord> {
  const { entries, posted } = await withoutStale(commit, record, github.compare)
  const done = { ...posted }
  const unstartedPosts = { ...record.unstartedPosts }
  for (const [context, ofContext] of Map.groupBy(Object.values(entries), each => each.context)) {
    const { state, description, targetUrl, isUnstarted = false } = truthOf(ofContext)
    const status = { state, description, targetUrl }
    const before = done[context]
    if (before?.state === state && before.description === description && before.targetUrl === targetUrl)
      continue
    const count = unstartedPosts[context] ?? 0
    const mustEnd = before?.state === 'success' || (before?.state === 'pending' && state !== 'pending')
    if (isUnstarted && count >= MOST_UNSTARTED_POSTS && !mustEnd) continue
    await github.setStatus({
      repository: commit.repository,
      commit: commit.commit,
      context,
      ...status,
    })
    done[context] = status
    if (isUnstarted) unstartedPosts[context] = count + 1
  }
  return { ...record, entries, posted: done, unstartedPosts }
}

const isPull = (trigger: string) => trigger.startsWith('pr/')

/**
 * Drops entries that decide a status although their branch is no longer at the commit. GitHub is asked only where entries
 * disagree. The last entry of a context always stays, and one that was started stays if no other was.
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
      // What was never started takes no result's place.
      const rivals = all.filter(([, { isUnstarted }]) => decisive?.isUnstarted || !isUnstarted)
      const states = new Set(rivals.map(([, { state }]) => state))
      if (states.size < 2 || !trigger || !decisive || !(await isStale(trigger, decisive))) break
      delete entries[trigger]
    }
  }
  return { ...record, entries }
}
