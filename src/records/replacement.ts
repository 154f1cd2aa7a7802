import type { Build } from '../model/build.ts'
import { readCancelRequest } from './cancel-request.ts'
import type { Store } from './store.ts'
import { readTrigger } from './trigger-record.ts'

/** Why a build of a pull request counts no longer: that is closed, or has a newer build with this number. */
export type Replacement = { isClosed: true } | { isClosed?: never; newer: number }

/** Of builds each of which was superseded by another one. */
const MOST_STEPS = 10

/**
 * Says whether a build that waits may no longer be approved. Of the builds of a pull request, the last one that arrived is the newest,
 * unless an earlier one supersedes it. Null for one that may be approved, and for a branch, each of whose commits may be built.
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
