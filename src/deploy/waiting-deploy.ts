import type { Build } from '../model/build.ts'
import { hasEnded } from '../model/conclusion.ts'
import { readCancelRequest } from '../records/cancel-request.ts'
import type { Deploy } from '../records/job-run.ts'
import type { StageRef } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { type Records, viewOf } from '../records/view.ts'
import { readQueue, type WithheldBuild, withhold } from './queue.ts'
import { findStartedDeploy } from './started-deploy.ts'

/**
 * How a deploy that waited for its stage has ended; unchanged while it still waits. A build that has waited for too long, or that
 * a person has cancelled, is not deployed any more, unless its deploy was started before: the queue is changed before that
 * is looked for, and the gate of a deploy looks into the queue.
 */
export async function updateWaitingDeploy(
  store: Store,
  build: Build,
  deploy: Deploy,
  isOverdue: boolean,
): Promise<Deploy> {
  const stage: StageRef = { project: build.project, stage: deploy.stage }
  const { number } = build
  const find = () => findStartedDeploy(store, stage, build)
  let started = await find()
  const reason = started ? null : await withdrawalOf(store, build, stage, isOverdue)
  if (reason) {
    await withhold(store, stage, { build: number, ...reason })
    started = await find()
  }
  if (started) return deployOf(started, deploy)
  const { withheld } = await readQueue(store, stage)
  const found = withheld.find(each => each.build === number)
  if (!found) return deploy
  return { ...deploy, status: found.hasFailed ? 'failed' : 'cancelled', reason: found.reason }
}

/** Why a build is to wait no longer; null if it is to wait. */
async function withdrawalOf(
  store: Store,
  build: Build,
  { stage }: StageRef,
  isOverdue: boolean,
): Promise<Omit<WithheldBuild, 'build'> | null> {
  const request = await readCancelRequest(store, build)
  // Whether a newer commit supersedes it is decided by git, when the stage is free.
  if (request && request.supersededBy === null)
    return { reason: `Cancelled${request.why.startsWith('by ') ? '' : ':'} ${request.why}`.slice(0, 300) }
  return isOverdue ? { reason: `The stage ${stage} was not free in time`, hasFailed: true } : null
}

/** How the build that was started for a waiting deploy has ended; unchanged before its end. */
function deployOf(records: Records, deploy: Deploy): Deploy {
  const { status, number: by, deploy: done, reason } = viewOf(records)
  if (!hasEnded(status)) return deploy
  if (done) return { ...done, by: done.by ?? by }
  // A person may cancel the deploy before it begins.
  return { ...deploy, status: status === 'cancelled' ? 'cancelled' : 'failed', reason, by }
}
