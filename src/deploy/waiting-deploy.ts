import { claimedBuild } from '../admission/delivery-claim.ts'
import type { Build } from '../model/build.ts'
import { hasEnded } from '../model/conclusion.ts'
import type { Deploy } from '../records/job-run.ts'
import { type BuildRef, deliveryOf, type StageRef } from '../records/keys.ts'
import { nullIfMalformed } from '../records/read-record.ts'
import { readRecords } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import { viewOf } from '../records/view.ts'
import { readDeployment } from './deployments.ts'
import { waitingDeployId } from './next-deploy.ts'
import { readQueue } from './queue.ts'

/** How a deploy that waited for its stage has ended; unchanged while it still waits. */
export async function updateWaitingDeploy(
  store: Store,
  build: Build,
  deploy: Deploy,
  isOverdue: boolean,
): Promise<Deploy> {
  const stage: StageRef = { project: build.project, stage: deploy.stage }
  const by = await claimedBuild(store, deliveryOf(build, waitingDeployId(stage, build.number)))
  if (by !== null) return (await deployOf(store, { project: build.project, number: by }, deploy)) ?? deploy
  const { withheld } = await readQueue(store, stage)
  const found = withheld.find(each => each.build === build.number)
  if (found) return { ...deploy, status: 'cancelled', reason: found.reason }
  if (isOverdue)
    return { ...deploy, status: 'failed', reason: `The stage ${stage.stage} was not free in time` }
  return deploy
}

/** The deploy of a build that died while it deployed, as far as it had recorded it: it may have died after its end. */
export async function recordedDeploy(store: Store, build: Build, deploy: Deploy): Promise<Deploy> {
  const stage: StageRef = { project: build.project, stage: deploy.stage }
  const deployment = await readDeployment(store, stage, build.number).catch(nullIfMalformed)
  return deployment ? { ...deploy, status: deployment.status, reason: deployment.reason } : deploy
}

/** How the build that was started for a waiting deploy has ended; null before its end. */
async function deployOf(store: Store, ref: BuildRef, deploy: Deploy): Promise<Deploy | null> {
  const records = await readRecords(store, ref)
  const view = records && viewOf(records)
  if (!view || !hasEnded(view.status)) return null
  const { number: by, deploy: done } = view
  if (done) return { ...done, by: done.by ?? by }
  // A person may cancel the deploy before it begins.
  return { ...deploy, status: view.status === 'cancelled' ? 'cancelled' : 'failed', reason: view.reason, by }
}
