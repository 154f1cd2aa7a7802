import type { Build } from '../model/build.ts'
import { recentArrivals } from '../records/counter.ts'
import { buildKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'

/** Builds further back were of commits that the branch or pull request has left. */
const MOST_BUILDS = 3

/**
 * Records that a branch was deleted or a pull request closed, at its newest builds. Report is triggered by that, and what they
 * said of their commits then counts no longer if another branch or pull request is at the commit.
 */
export async function recordGone(
  store: Store,
  { project, trigger }: Pick<Build, 'project' | 'trigger'>,
  now: Date,
): Promise<void> {
  const arrivals = (await recentArrivals(store, project)).filter(arrival => arrival.trigger === trigger)
  const body = JSON.stringify({ at: now.toISOString() })
  await Promise.all(
    arrivals
      .slice(0, MOST_BUILDS)
      .map(({ number }) => store.put(buildKeys({ project, number }).gone, body, 'application/json')),
  )
}
