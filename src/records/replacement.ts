import type { Build } from '../model/build.ts'
import { readCancelRequest } from './cancel-request.ts'
import type { Store } from './store.ts'
import { readTrigger } from './trigger-record.ts'

/** Why a build of a pull request no longer counts: the pull request is closed, or has a newer build with this number. */
export type Replacement = { isClosed: true } | { isClosed?: never; newer: number }

/** The longest chain of superseded builds. */
const MOST_STEPS = 10

/**
 * Decides whether a waiting build may no longer be approved. The newest build of a pull request is the last one that arrived, unless an
 * earlier one supersedes it. Null if it may be approved, and for a branch, where each commit may be built.
 */
export async function readReplacement(
  store: Store,
  { project, trigger, number, pullRequest }: Pick<Build, 'project' | 'trigger' | 'number' | 'pullRequest'>,
): Promise<Replacement | null> {
  if (pullRequest === null) return null
  const record = await readTrigger(store, { project, trigger })
  if (record?.isGone) return { isClosed: true }
  const last = record?.builds.find(({ isArrival }) => isArrival)?.number ?? number
  if (last <= number) return null
  let newest = last
  for (let step = 0; step < MOST_STEPS && newest !== number; step++) {
    const by = (await readCancelRequest(store, { project, number: newest }))?.supersededBy
    if (by == null) break
    newest = by
  }
  return newest === number ? null : { newer: newest }
}
