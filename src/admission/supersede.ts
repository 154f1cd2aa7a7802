import type { Build } from '../model/build.ts'
import { requestCancel } from '../records/cancel-request.ts'
import type { Arrival } from '../records/counter.ts'
import { readRawJobRun } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'

type Superseded = { number: number; by: number }

/**
 * Which builds a newer commit of the same branch or pull request supersedes, now that `build` is among the arrivals: the ones
 * that this build supersedes, and this build if a newer one was recorded before it. The build recorded last sees both, so
 * each is found once. Older ones were found when the builds after them arrived.
 */
export function supersededWith(build: Arrival, arrivals: readonly Arrival[]): Superseded[] {
  const others = arrivals.filter(
    ({ trigger, commit }) => trigger === build.trigger && commit !== build.commit,
  )
  const newer = others.findLast(({ number }) => number > build.number)
  const [nearest, ...older] = others.filter(({ number }) => number < build.number)
  const superseded = nearest ? [nearest, ...older.filter(({ commit }) => commit === nearest.commit)] : []
  return [
    ...superseded.map(({ number }) => ({ number, by: build.number })),
    ...(newer ? [{ number: build.number, by: newer.number }] : []),
  ]
}

/** Requests the cancellation of superseded builds. Their own configuration decides whether they end. */
export async function cancelSuperseded(
  store: Store,
  build: Build,
  arrivals: readonly Arrival[],
  now: Date,
): Promise<void> {
  await Promise.all(
    supersededWith(build, arrivals).map(async ({ number, by }) => {
      const superseded = { project: build.project, number }
      if ((await readRawJobRun(store, superseded))?.phase === 'ended') return
      await requestCancel(store, superseded, {
        by: 'lambci',
        why: `Superseded by #${by}`,
        supersededBy: by,
        at: now.toISOString(),
      })
    }),
  )
}
