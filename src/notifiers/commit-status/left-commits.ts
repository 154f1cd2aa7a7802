import { isNewer } from '../../model/newer.ts'
import type { CommitRecord } from '../../records/commit-record.ts'
import { readSharedCommits, removeSharedCommit } from '../../records/shared-commits.ts'
import { readTrigger, type TriggerRecord } from '../../records/trigger-record.ts'
import type { View } from '../../records/view.ts'
import type { BuildNews } from '../notifier.ts'
import { type CommitContext, readCommit, updateCommit } from './commit-truth.ts'

/**
 * Looks again at the commits that a build's branch or pull request shares with others. Its entries there no longer count once
 * it has moved on or is gone.
 */
export async function leaveCommits(
  { view, isGone }: Pick<BuildNews, 'view' | 'isGone'>,
  context: CommitContext,
): Promise<void> {
  const { store } = context.leaseHolder
  const commits = await readSharedCommits(store, view)
  if (commits.length === 0) return
  const record = (await readTrigger(store, view)) ?? { builds: [], isGone: false }
  for (const commit of commits) {
    if (isGone) await lookAgain(view, commit, record, context)
    if (commit !== view.commit) await leaveCommit(view, commit, record, context)
  }
}

/** The branch was deleted, the pull request closed, or its next commit was not built. */
async function lookAgain(
  view: View,
  commit: string,
  { isGone }: TriggerRecord,
  context: CommitContext,
): Promise<void> {
  await updateCommit({ ...view, commit }, context, record => {
    const standing = record.entries[view.trigger]
    if (!standing || !isGone) return record
    return { ...record, entries: { ...record.entries, [view.trigger]: { ...standing, isGone } } }
  })
}

/** A build of a newer commit has moved its branch on from an earlier one. */
async function leaveCommit(
  view: View,
  commit: string,
  { builds }: TriggerRecord,
  context: CommitContext,
): Promise<void> {
  const { github, leaseHolder } = context
  const { project, trigger } = view
  // A build requested by a person has not moved the branch.
  if (builds.some(({ number, isArrival }) => number === view.number && !isArrival)) return
  const standing = (await readCommit(leaseHolder.store, { project, commit }))?.entries[trigger]
  if (standing) {
    // The arrivals of a branch, not its rebuilds, show when it came to a commit.
    const { number } = builds.find(each => each.commit === commit && each.isArrival) ?? standing
    if (!(await isNewer(view, { number, commit }, github.compare))) return
    await updateCommit({ ...view, commit }, context, record =>
      record.entries[trigger]?.number === standing.number ? withoutEntry(record, trigger) : record,
    )
  }
  await removeSharedCommit(leaseHolder.store, view, commit)
}

/** Without any other statement about the commit, its entry stays. A build that was never started states nothing. */
function withoutEntry(record: CommitRecord, trigger: string): CommitRecord {
  const { [trigger]: left, ...entries } = record.entries
  const isLast = !Object.values(entries).some(
    ({ context, isUnstarted }) => context === left?.context && (left.isUnstarted || !isUnstarted),
  )
  return isLast ? record : { ...record, entries }
}
