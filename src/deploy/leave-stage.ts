import type { Build } from '../model/build.ts'
import {
  deploymentOf,
  readCurrent,
  readCurrentVersion,
  readDeployment,
  recordDeployment,
} from '../records/deployments.ts'
import type { StageRef } from '../records/keys.ts'
import type { Deploy } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import { isByHand } from './gate.ts'
import { endHold, readHold } from './hold.ts'
import { type DeployedArtifacts, keepArtifacts } from './keep-artifacts.ts'
import { freeLock } from './lock.ts'
import { passOn, type StageContext } from './pass-on.ts'
import { dequeue } from './queue.ts'

/** How the deploy of a build has ended. */
export type EndedDeploy = {
  deploy: Deploy
  endedAt: string | null
  cost: number | null
  /** The artifacts that it got, to be kept if it has succeeded. */
  artifacts?: DeployedArtifacts | undefined
}

/**
 * Passes a stage on after the end of a build that deployed, or requested to. The deploy is recorded before its lock is free. Returns the
 * build that holds the stage then; null for none.
 * @throws GitHubSilence if GitHub does not say which of the waiting builds is the newest
 */
export async function leaveStage(
  stage: StageRef,
  build: Build,
  ended: EndedDeploy,
  context: StageContext,
): Promise<number | null> {
  const { store } = context
  await settle(store, stage, build, ended)
  await dropHold(store, stage, build)
  await dequeue(store, stage, [build.number])
  await freeLock(store, stage, build.number)
  return passOn(stage, context)
}

/** Ends the hold of a deploy by hand that was withheld at the last moment, because it was not tried. */
async function dropHold(store: Store, stage: StageRef, build: Build): Promise<void> {
  const { number } = build
  if (!isByHand(build) || (await readHold(store, stage))?.build !== number) return
  const [current, deployment] = await Promise.all([
    readCurrent(store, stage),
    readDeployment(store, stage, number),
  ])
  if (current?.latest.build !== number && !deployment)
    await endHold(store, stage, number, held => held === number)
}

/** Records how an attempt has ended. Even if it failed, its commit may be running there. */
async function settle(
  store: Store,
  stage: StageRef,
  build: Build,
  { deploy, endedAt, cost, artifacts }: EndedDeploy,
): Promise<void> {
  const current = await readCurrentVersion(store, stage)
  const attempt = current?.value.latest
  if (attempt?.status !== 'running' || attempt.build !== build.number) return
  const startedAt = new Date(attempt.startedAt)
  const done = { ...attempt, startedAt, endedAt: endedAt === null ? startedAt : new Date(endedAt), cost }
  const { reason } = deploy
  const status = deploy.status === 'succeeded' ? 'succeeded' : 'failed'
  // Once the end is on record, none of this is repeated.
  if (status === 'succeeded' && artifacts) await keepArtifacts(store, stage, build, artifacts)
  await recordDeployment(store, stage, deploymentOf(build, { ...done, status, reason }), current)
}
