import { wishToCancel } from '../build/cancel-wish.ts'
import { readRun } from '../build/records.ts'
import type { Store } from '../build/store.ts'
import type { Job } from '../job/job.ts'
import type { Arrival } from './counter.ts'

type Overtaken = { number: number; by: number }

/**
 * Which builds a newer commit of the same branch or pull request has overtaken, now that `job` is among the arrivals:
 * those that it overtakes itself, and it, where a newer one was noted before it. Whoever is noted last sees both, so
 * each is found once; those further back were found when the newer ones came.
 */
export function overtakenWith(job: Arrival, arrivals: readonly Arrival[]): Overtaken[] {
  const others = arrivals.filter(({ trigger, commit }) => trigger === job.trigger && commit !== job.commit)
  const newer = others.findLast(({ number }) => number > job.number)
  const [nearest, ...older] = others.filter(({ number }) => number < job.number)
  const overtaken = nearest ? [nearest, ...older.filter(({ commit }) => commit === nearest.commit)] : []
  return [
    ...overtaken.map(({ number }) => ({ number, by: job.number })),
    ...(newer ? [{ number: job.number, by: newer.number }] : []),
  ]
}

/**
 * Asks overtaken builds to end. Whether they do is for their configuration to say, which only they have read.
 */
export async function askOvertakenToEnd(
  store: Store,
  job: Job,
  arrivals: readonly Arrival[],
  now: Date,
): Promise<void> {
  await Promise.all(
    overtakenWith(job, arrivals).map(async ({ number, by }) => {
      const overtaken = { project: job.project, number }
      if ((await readRun(store, overtaken))?.phase === 'ended') return
      await wishToCancel(store, overtaken, {
        by: 'lambci',
        why: `Superseded by #${by}`,
        supersededBy: by,
        at: now.toISOString(),
      })
    }),
  )
}
