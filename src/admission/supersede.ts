import { wishToCancel } from '../build/cancel-wish.ts'
import { readJob, readRun } from '../build/records.ts'
import type { Store } from '../build/store.ts'
import type { Job } from '../job/job.ts'

/** Older builds are looked for among so many numbers: what is further back has hardly not ended yet. */
const LOOKED_AT = 12

/**
 * Asks builds of older commits of the same branch or pull request to end. Whether they do is for their configuration to
 * say, which only they have read.
 */
export async function askOlderToEnd(store: Store, job: Job, now: Date): Promise<void> {
  const numbers = Array.from({ length: LOOKED_AT }, (_, index) => job.number - 1 - index)
  await Promise.all(
    numbers.map(async number => {
      const older = { project: job.project, number }
      const other = number > 0 ? await readJob(store, older) : null
      if (!other || other.trigger !== job.trigger || other.commit === job.commit) return
      if ((await readRun(store, older))?.phase === 'ended') return
      await wishToCancel(store, older, {
        by: 'lambci',
        why: `Superseded by #${job.number}`,
        supersededBy: job.number,
        at: now.toISOString(),
      })
    }),
  )
}
