import type { Build } from '../model/build.ts'
import { requestCancel } from '../records/cancel-request.ts'
import type { Arrival } from '../records/counter.ts'
import { readRawJobRun } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'

type Superseded = { number: number; by: number }

/**
 * Which builds a newer commit of the same branch or pull request has overtaken, now that `job` is among the arrivals:
 * those that it overtakes itself, and it, where a newer one was noted before it. Whoever is noted last sees both, so
 * each is found once; those further back were found when the newer ones came.
 */
export function supersededWith(build: Arrival, arrivals: readonly Arrival[]): Superseded[] {
  const others = arrivals.filter(
    ({ trigger, commit }) => trigger === build.trigger && commit !== build.commit,
  )
  const newer = others.findLast(({ number }) => number > build.number)
  const [nearest, ...older] = others.filter(({ number }) => number < build.number)
  const overtaken = nearest ? [nearest, ...older.filter(({ commit }) => commit === nearest.commit)] : []
  return [
    ...overtaken.map(({ number }) => ({ number, by: build.number })),
    ...(newer ? [{ number: build.number, by: newer.number }] : []),
  ]
}

/**
 * Asks overtaken builds to end. Whether they do is for their configuration to say, which only they have read.
 */
export async function cancelSuperseded(
  store: Store,
  build: Build,
  arrivals: readonly Arrival[],
  now: Date,
): Promise<void> {
  await Promise.all(
    supersededWith(build, arrivals).map(async ({ number, by }) => {
      const overtaken = { project: build.project, number }
      if ((await readRawJobRun(store, overtaken))?.phase === 'ended') return
      await requestCancel(store, overtaken, {
        by: 'lambci',
        why: `Superseded by #${by}`,
        supersededBy: by,
        at: now.toISOString(),
      })
    }),
  )
}
