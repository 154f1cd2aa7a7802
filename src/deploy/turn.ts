import type { StageRef } from '../build/layout.ts'
import type { Store } from '../build/store.ts'
import { readCurrent } from './ledger.ts'
import { type Held, type Holder, readHolder, takeLock } from './lock.ts'
import { dequeue, enqueue, readQueue } from './queue.ts'

/** Whose turn it is: ours, later, or never because something newer was faster. */
export type Turn = { held: Held } | { waitsFor: number } | { overtakenBy: number }

const ATTEMPTS = 20

/**
 * Asks for a stage. One deploy at a time: who finds it held waits in the queue, which costs nothing, and report hands the
 * stage on. `order` decides what is newer; nothing older goes over anything newer.
 */
export async function askForStage(
  store: Store,
  stage: StageRef,
  me: Holder & { commit: string },
  now: () => Date,
): Promise<Turn> {
  const { build, order, until, commit } = me
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { waiting } = await readQueue(store, stage)
    if (waiting && waiting.order > order) return { overtakenBy: waiting.build }
    const lock = await takeLock(store, stage, { build, order, until }, now())
    if ('fence' in lock) {
      const latest = (await readCurrent(store, stage))?.latest
      await dequeue(store, stage, build)
      if (!latest || latest.order < order) return { held: lock }
      await lock.release()
      return { overtakenBy: latest.build }
    }
    if (lock.heldBy.order > order) return { overtakenBy: lock.heldBy.build }
    const next = await enqueue(store, stage, { build, order, commit })
    if (next.build !== build) return { overtakenBy: next.build }
    // The holder may have gone between our asking and our queueing, and then nobody would call us.
    if (await readHolder(store, stage, now())) return { waitsFor: lock.heldBy.build }
  }
  throw new Error(
    `Stage ${stage.stage} of ${stage.project} changed hands ${ATTEMPTS} times while it was asked for`,
  )
}
