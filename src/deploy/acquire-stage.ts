import type { Build } from '../model/build.ts'
import { readCurrent } from '../records/deployments.ts'
import type { StageRef } from '../records/keys.ts'
import { bindStage, explainBinding, readBinding } from './binding.ts'
import { decideGate, isByHand, isHead } from './gate.ts'
import { GitHubSilence, queryGitHub } from './github-silence.ts'
import { endHold, explainHold, type Hold, holdForDeploy, readHold } from './hold.ts'
import { freeLock, keepLock } from './lock.ts'
import { HANDOVER_MS, passOn, type StageContext } from './pass-on.ts'
import { dequeue, enqueue, MOST_WAITING } from './queue.ts'

/**
 * Whether a build may deploy now. `acquired`: it holds the stage, and `fence` counts its holders. `waiting`: it may deploy later;
 * `isSilent`: GitHub did not answer. `withheld`: it will not deploy; it is `cancelled` unless there was an error.
 */
export type Acquisition =
  | { status: 'acquired'; fence: number }
  | { status: 'waiting'; reason: string; isSilent: boolean; holder: number | null }
  | { status: 'withheld'; as: 'cancelled' | 'failed' | 'errored'; reason: string }

const waiting = (reason: string, holder: number | null, isSilent = false): Acquisition => ({
  status: 'waiting',
  reason,
  isSilent,
  holder,
})
const withheld = (as: 'cancelled' | 'failed' | 'errored', reason: string): Acquisition => ({
  status: 'withheld',
  as,
  reason,
})

/** How long a deploy may wait for an answer from GitHub. */
const LONGEST_SILENCE_MS = 60 * 60_000
/** How long a deploy may wait for its stage: longer than two deploys that die. */
const LONGEST_WAIT_MS = 120 * 60_000

type AcquireOptions = {
  /** When a deploy that starts now will certainly have ended. */
  until: Date
  /** Whether the account names the branches that deploy to the stage. Otherwise, it belongs to the first one that does. */
  isPinned: boolean
}

/**
 * Requests the stage for a build whose jobs are all done. The build joins the queue of its stage. Once it has the stage, its gate is
 * decided. Everything may be repeated. Only one invocation at a time works on a build, and nothing but this starts its deploy.
 */
export async function acquireStage(
  stage: StageRef,
  build: Build,
  { until, isPinned }: AcquireOptions,
  context: StageContext,
): Promise<Acquisition> {
  const { store, now } = context
  const { number, commit } = build
  const entry = await enqueue(store, stage, { build: number, commit, since: now().toISOString() })
  if (!entry) return withheld('failed', `More than ${MOST_WAITING} builds wait for stage ${stage.stage}`)
  const waitedMs = now().getTime() - Date.parse(entry.since)
  try {
    const holder = await passOn(stage, context)
    if (holder === number) return await useStage(stage, build, { until, isPinned }, context)
    if (waitedMs > LONGEST_WAIT_MS) return withheld('failed', `The stage ${stage.stage} was not free in time`)
    return waiting(describeHolder(stage, holder), holder)
  } catch (error) {
    if (!(error instanceof GitHubSilence)) throw error
    console.error(error.cause)
    // Other builds of the stage may get an answer.
    await freeLock(store, stage, number)
    return waitedMs > LONGEST_SILENCE_MS
      ? withheld('errored', 'GitHub has not said for an hour whether this commit may be deployed')
      : waiting('GitHub has not said yet whether this commit may be deployed', null, true)
  }
}

/** Decides whether a build that has its stage may use it. */
async function useStage(
  stage: StageRef,
  build: Build,
  { until, isPinned }: AcquireOptions,
  { store, compare, now }: StageContext,
): Promise<Acquisition> {
  const { number } = build
  const keepUntil = (moment: Date) => keepLock(store, stage, { build: number, until: moment.toISOString() })
  // No other build may deploy between GitHub's answer and the start.
  const fence = await keepUntil(new Date(now().getTime() + HANDOVER_MS))
  const { latest = null } = (await readCurrent(store, stage)) ?? {}
  // Once its attempt is on record, its message may be on its way.
  const isStarted = latest?.status === 'running' && latest.build === number
  const bound = isPinned ? null : await readBinding(store, stage)
  const wrong = explainBinding(bound, stage, build.branch)
  if (wrong !== null && !isStarted) return withheld('errored', wrong)
  const hold = isStarted ? null : await readHold(store, stage)
  const held = hold && !isByHand(build) ? explainHold(hold, number) : null
  if (held !== null) return withheld('cancelled', held)
  const isOfHead = !isStarted && isByHand(build) && (await isHead(build, compare))
  const gate = isStarted ? null : await queryGitHub(() => decideGate(build, latest, compare))
  if (gate && !gate.isOpen) return withheld('cancelled', gate.reason)
  if (fence === null || (await keepUntil(until)) !== fence) return waiting(describeHolder(stage, null), null)
  // A person may have given the stage to another branch in the meantime.
  const bind = () => bindStage(store, stage, build.branch, now().toISOString(), bound ? undefined : null)
  const binding = isPinned ? null : await bind()
  const moved = isStarted ? null : explainBinding(binding, stage, build.branch)
  if (moved !== null) return withheld('errored', moved)
  if (!isStarted) await changeHold(stage, build, { hold, isOfHead }, { store, now })
  await dequeue(store, stage, [number])
  return { status: 'acquired', fence }
}

/**
 * Changes the hold of a stage for a deploy that is about to start. A deploy by hand of a commit that is not the head holds the stage. Any
 * other deploy ends the hold of an earlier deploy by hand.
 */
async function changeHold(
  stage: StageRef,
  build: Build,
  { hold, isOfHead }: { hold: Hold | null; isOfHead: boolean },
  { store, now }: Pick<StageContext, 'store' | 'now'>,
): Promise<void> {
  const { number, target } = build
  if (target && !isOfHead) {
    const by = target.by ?? 'a deploy by hand'
    return holdForDeploy(store, stage, { by, at: now().toISOString(), build: number })
  }
  if (hold && hold.build !== null) await endHold(store, stage, number)
}

const describeHolder = ({ stage }: StageRef, holder: number | null) =>
  holder === null
    ? `The deploy waits for stage ${stage}`
    : `Stage ${stage} is being deployed by #${holder}: this deploy comes after it`
