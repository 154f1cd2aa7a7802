import type { Build } from '../model/build.ts'
import type { StageRef } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import type { Gate } from './gate.ts'
import { type LockHolder, readLockHolder, takeLock } from './lock.ts'
import { dequeue, enqueue } from './queue.ts'

/** Whether a build may deploy now; if not, `reason` says why in one line: `waiting` for later, `cancelled` for never. */
export type Acquisition =
  | { status: 'acquired'; fence: number; release(): Promise<void> }
  | { status: 'waiting' | 'cancelled'; reason: string }

/** `waited`: the build that waited for this deploy, if there is one. */
export type Candidate = LockHolder & { commit: string; waited?: number | null }

/** The lock outlives a job's deadline by this, for what the job still writes after it. */
const LOCK_EXTRA_MS = 60_000

/** A build that wants to deploy and has ended by its `deadline`, in ms since 1970. */
export const candidateOf = (build: Build, deadline: number): Candidate => ({
  build: build.number,
  commit: build.commit,
  waited: build.target?.waited ?? null,
  until: new Date(deadline + LOCK_EXTRA_MS).toISOString(),
})

type Context = {
  now: () => Date
  /** Asks whether the build may deploy, now that it holds the stage. Null: there was no answer in time. */
  checkGate: () => Promise<Gate | null>
}

const ATTEMPTS = 20

/**
 * Acquires a stage for one build, if its gate is open. While another build holds the stage, or without an answer from the
 * gate, the build waits in the queue, which costs nothing: report starts the next deploy.
 */
export async function acquireStage(
  store: Store,
  stage: StageRef,
  candidate: Candidate,
  { now, checkGate }: Context,
): Promise<Acquisition> {
  const { build, until, commit, waited } = candidate
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const lock = await takeLock(store, stage, { build, until }, now())
    if ('fence' in lock) {
      await dequeue(store, stage, waited ? [build, waited] : [build])
      const gate = await checkGate()
      if (gate?.isOpen) return { status: 'acquired', fence: lock.fence, release: lock.release }
      if (!gate) await enqueue(store, stage, { build, commit })
      await lock.release()
      return gate
        ? { status: 'cancelled', reason: gate.reason ?? 'Not allowed' }
        : { status: 'waiting', reason: 'GitHub has not said yet whether this commit may be deployed' }
    }
    await enqueue(store, stage, { build, commit })
    // If the holder released the stage before this build was queued, nobody starts its deploy: try again.
    if (await readLockHolder(store, stage, now())) {
      const reason = `Stage ${stage.stage} is being deployed by #${lock.heldBy.build}: this deploy comes after it`
      return { status: 'waiting', reason }
    }
  }
  throw new Error(
    `Stage ${stage.stage} of ${stage.project} changed its holder ${ATTEMPTS} times while it was being acquired`,
  )
}
