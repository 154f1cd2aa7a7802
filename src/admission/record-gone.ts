import type { Build } from '../model/build.ts'
import { recentArrivals } from '../records/counter.ts'
import { buildKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'

/**
 * Records that a branch was deleted or a pull request closed, at its newest build. Report is triggered by that, and what the
 * build said of its commit then counts no longer if another branch or pull request is at the commit.
 */
export async function recordGone(
  store: Store,
  { project, trigger }: Pick<Build, 'project' | 'trigger'>,
  now: Date,
): Promise<void> {
  const newest = (await recentArrivals(store, project)).find(arrival => arrival.trigger === trigger)
  if (!newest) return
  const { gone } = buildKeys({ project, number: newest.number })
  await store.put(gone, JSON.stringify({ at: now.toISOString() }), 'application/json')
}
