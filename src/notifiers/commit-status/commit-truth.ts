import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { GitHub } from '../../github/client.ts'
import {
  type CommitEntry,
  type CommitRecord,
  commitRecordSchema,
  emptyCommitRecord,
} from '../../records/commit-record.ts'
import { commitKey } from '../../records/keys.ts'
import { type LeaseHolder, withLease } from '../../records/lease.ts'
import { readRecord } from '../../records/read-record.ts'
import { addSharedCommit } from '../../records/shared-commits.ts'
import type { Store } from '../../records/store.ts'
import type { View } from '../../records/view.ts'
import { hasMoreDetails } from '../check-run/more-details.ts'
import type { CheckContext } from '../check-run/show-check.ts'
import { postTruth } from './post-truth.ts'
import { showTruth } from './show-truth.ts'

type Commit = Pick<View, 'project' | 'repository' | 'commit'>
export type CommitContext = {
  github: Pick<GitHub, 'compare' | 'setStatus'>
  /** Absent if commits only get statuses. */
  checks?: CheckContext
  /** Its `holder` names the invocation that works on commits. */
  leaseHolder: LeaseHolder
}

/** In ms: how long to wait for another invocation that posts the commit's statuses, and the pause between looks. */
const TIMEOUT_MS = 20_000
const LOOK_MS = 200

/**
 * Enters the state of a build into its commit's record, and updates the commit's statuses on GitHub. Resolves once GitHub has them,
 * regardless of who has set them.
 * @throws if GitHub refuses, does not answer, or another invocation does not end
 */
export async function updateCommitStatus(
  view: View,
  entry: CommitEntry,
  context: CommitContext,
): Promise<void> {
  const { trigger } = view
  const enter = (record: CommitRecord): CommitRecord => {
    const standing = record.entries[trigger]
    // Only a later build of the same branch or pull request replaces an entry.
    if (standing && (standing.number > entry.number || isDeepStrictEqual(standing, entry))) return record
    return { ...record, entries: { ...record.entries, [trigger]: entry } }
  }
  await updateCommit(view, context, enter, view)
}

/**
 * Whether an earlier build of the same branch or pull request has reported on this commit, or this one before report died or could not
 * record it.
 */
export async function hasEntry(view: View, { leaseHolder: { store } }: CommitContext): Promise<boolean> {
  const standing = (await readCommit(store, view))?.entries[view.trigger]
  return standing !== undefined && standing.number <= view.number
}

export const readCommit = (
  store: Store,
  { project, commit }: Pick<Commit, 'project' | 'commit'>,
): Promise<CommitRecord | null> => readRecord(store, commitKey(project, commit), commitRecordSchema)

/**
 * Changes a commit's record, and posts the resulting statuses.
 * @param own the build that this invocation reports: its records may be older
 * @throws as `updateCommitStatus`
 */
export async function updateCommit(
  commit: Commit,
  context: CommitContext,
  enter: (record: CommitRecord) => CommitRecord,
  own: View | null = null,
): Promise<void> {
  const key = commitKey(commit.project, commit.commit)
  const record = { key, schema: commitRecordSchema, empty: emptyCommitRecord }
  const until = Date.now() + TIMEOUT_MS
  for (;;) {
    const result = await withLease(record, context.leaseHolder, {
      enter,
      work: async standing => {
        await recordSharing(commit, standing, context.leaseHolder)
        const { github, checks, leaseHolder } = context
        const showing = { github, store: leaseHolder.store, ...(checks && { checks }) }
        return postTruth(commit, standing, {
          compare: github.compare,
          show: (...shown) => showTruth({ ...commit, own }, shown, showing),
          hasMore: posted => own !== null && hasMoreDetails(posted, own),
        })
      },
      merge: (done, standing, seen) => ({ ...done, entries: mergeEntries(done, standing, seen) }),
    })
    if (result === 'done') return
    // The holder may fail, so this invocation tries again itself.
    await untilFree(context.leaseHolder, commit, until)
  }
}

/** Lists the commit for each branch and pull request that shares it, so that its entry is found when the branch moves on. */
async function recordSharing(
  { project, commit }: Commit,
  { entries }: CommitRecord,
  { store }: LeaseHolder,
): Promise<void> {
  const byContext = Map.groupBy(Object.entries(entries), ([, { context }]) => context)
  const shared = [...byContext.values()].filter(({ length }) => length > 1).flat()
  await Promise.all(shared.map(([trigger]) => addSharedCommit(store, { project, trigger }, commit)))
}

/** Keeps entries that others have since added or replaced, but not those that were dropped as stale. */
function mergeEntries(
  done: CommitRecord,
  standing: CommitRecord,
  seen: CommitRecord,
): CommitRecord['entries'] {
  const kept = Object.entries(standing.entries).filter(
    ([trigger, entry]) =>
      trigger in done.entries || JSON.stringify(seen.entries[trigger]) !== JSON.stringify(entry),
  )
  return Object.fromEntries(kept)
}

/** Waits for the invocation that holds the commit's lease. */
async function untilFree({ store, now }: LeaseHolder, commit: Commit, until: number): Promise<void> {
  for (;;) {
    const lease = (await readCommit(store, commit))?.lease
    if (!lease || new Date(lease.until) <= now()) return
    if (Date.now() > until)
      throw new Error(`The statuses of commit ${commit.commit} are being set by another invocation`)
    await sleep(LOOK_MS)
  }
}
