import { createHash } from 'node:crypto'
import type { AdmissionContext } from '../admission/admit.ts'
import { admitDeploy } from '../admission/admit-again.ts'
import type { Build } from '../model/build.ts'
import type { BuildRef, StageRef } from '../records/keys.ts'
import { freeLock, readLockHolder } from './lock.ts'
import { dequeue, readQueue, type WaitingBuild } from './queue.ts'

/** The id of the one delivery that starts the deploy of a build that waited. */
export function waitingDeployId({ project, stage }: StageRef, waited: number): string {
  const hex = createHash('sha256').update(`${project} ${stage} ${waited}`).digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}

/**
 * Passes a stage on when a build that deployed or wanted to deploy there has ended: frees the stage if the build died while
 * it held it, and starts the next deploy. Returns the builds about which more may be known now.
 */
export async function startNextDeploy(
  build: Build,
  name: string,
  context: Omit<AdmissionContext, 'baseUrl'>,
): Promise<BuildRef[]> {
  const { store, now } = context
  const stage: StageRef = { project: build.project, stage: name }
  await freeLock(store, stage, build.number)
  const { waiting, superseded } = await readQueue(store, stage)
  const isFree = (await readLockHolder(store, stage, now())) === null
  if (waiting && isFree) await startDeploy(stage, waiting, { ...context, baseUrl: build.baseUrl })
  const waited = build.target?.waited
  const others = [...superseded, ...(waited ? [waited] : [])].filter(number => number !== build.number)
  return others.map(number => ({ project: build.project, number }))
}

async function startDeploy(
  { project, stage }: StageRef,
  { build: number, sequence }: WaitingBuild,
  context: AdmissionContext,
): Promise<void> {
  const request = { project, number, stage, sequence, waited: number }
  const result = await admitDeploy(waitingDeployId({ project, stage }, number), request, context)
  // What is refused now would be refused again. The build that waits says so when its time is over.
  if ('refused' in result) console.error(`The deploy of ${project} #${number} was refused: ${result.reason}`)
  await dequeue(context.store, { project, stage }, number)
}
