import { type Build, sequenceOf } from '../model/build.ts'
import type { StageRef } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { readCurrent } from './deployments.ts'
import { type LockHolder, readLockHolder, takeLock } from './lock.ts'
import { dequeue, enqueue, readQueue } from './queue.ts'

/** Whether a build may deploy now; if not, `reason` says why in one line: `waiting` for later, `cancelled` for never. */
export type Acquisition =
  | { status: 'acquired'; release(): Promise<void> }
  | { status: 'waiting' | 'cancelled'; reason: string }

export type Candidate = LockHolder & { commit: string }

/** The lock outlives a job's deadline by this, for what the job still writes after it. */
const LOCK_EXTRA_MS = 60_000

/** A build that wants to deploy and has ended by its `deadline`, in ms since 1970. */
export const candidateOf = (build: Build, deadline: number): Candidate => ({
  build: build.number,
  sequence: sequenceOf(build),
  commit: build.commit,
  until: new Date(deadline + LOCK_EXTRA_MS).toISOString(),
})

const ATTEMPTS = 20

/**
 * Acquires a stage for one build. While another build holds it, the build waits in the queue, which costs nothing: report
 * starts the next deploy. `sequence` decides which build is newer; an older one is never deployed over a newer one.
 */
export async function acquireStage(
  store: Store,
  stage: StageRef,
  candidate: Candidate,
  now: () => Date,
): Promise<Acquisition> {
  const { build, sequence, until, commit } = candidate
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { waiting } = await readQueue(store, stage)
    if (waiting && waiting.sequence > sequence) return superseded(waiting.build)
    const lock = await takeLock(store, stage, { build, sequence, until }, now())
    if ('fence' in lock) {
      const latest = (await readCurrent(store, stage))?.latest
      await dequeue(store, stage, build)
      if (!latest || latest.sequence < sequence) return { status: 'acquired', release: lock.release }
      await lock.release()
      return superseded(latest.build)
    }
    if (lock.heldBy.sequence > sequence) return superseded(lock.heldBy.build)
    const next = await enqueue(store, stage, { build, sequence, commit })
    if (next.build !== build) return superseded(next.build)
    // If the holder released the stage before this build was queued, nobody starts its deploy: try again.
    if (await readLockHolder(store, stage, now())) {
      const holder = `#${lock.heldBy.build}`
      const reason = `Stage ${stage.stage} is being deployed by ${holder}: this deploy comes after it`
      return { status: 'waiting', reason }
    }
  }
  throw new Error(
    `Stage ${stage.stage} of ${stage.project} changed its holder ${ATTEMPTS} times while it was being acquired`,
  )
}

const superseded = (by: number): Acquisition => ({ status: 'cancelled', reason: `Superseded by #${by}` })
