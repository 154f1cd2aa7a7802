import { z } from '../model/zod.ts'
import { sharedCommitsKey } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import type { TriggerRef } from './trigger-record.ts'
import { updateRecord } from './update-record.ts'

/**
 * `shared-commits/<trigger>.json`: the commits that a branch or pull request shares with another one. When it moves on, report looks at
 * them again. Written only by report.
 */
const sharedCommitsSchema = z.object({ commits: z.array(z.string()) })

/** The commits that a branch or pull request shares with others; none for one that never did. */
export async function readSharedCommits(store: Store, ref: TriggerRef): Promise<readonly string[]> {
  return (await readRecord(store, sharedCommitsKey(ref), sharedCommitsSchema))?.commits ?? []
}

/** Adds a commit, once. */
export async function addSharedCommit(store: Store, ref: TriggerRef, commit: string): Promise<void> {
  await updateRecord(store, sharedCommitsKey(ref), sharedCommitsSchema, standing =>
    standing?.commits.includes(commit) ? standing : { commits: [...(standing?.commits ?? []), commit] },
  )
}

/** Removes a commit that the branch or pull request has left. */
export async function removeSharedCommit(store: Store, ref: TriggerRef, commit: string): Promise<void> {
  await updateRecord(store, sharedCommitsKey(ref), sharedCommitsSchema, standing =>
    standing?.commits.includes(commit)
      ? { commits: standing.commits.filter(each => each !== commit) }
      : standing,
  )
}
