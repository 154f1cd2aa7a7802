import { createHash } from 'node:crypto'
import type { AdmissionContext } from '../admission/admit.ts'
import { admitDeploy } from '../admission/admit-again.ts'
import type { Build } from '../model/build.ts'
import { newestOf } from '../model/newer.ts'
import type { BuildRef, StageRef } from '../records/keys.ts'
import { readBuild } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import { freeLock, readLockHolder } from './lock.ts'
import { dequeue, readQueue } from './queue.ts'

/** The id of the one delivery that starts the deploy of a build that waited. */
export function waitingDeployId({ project, stage }: StageRef, waited: number): string {
  const hex = createHash('sha256').update(`${project} ${stage} ${waited}`).digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}

/**
 * Passes a stage on when a build that deployed or wanted to deploy there has ended: frees the stage if the build died while
 * it held it, and starts the next deploy. Returns the builds about which more may be known now.
 * @throws if GitHub does not answer which of the waiting builds is the newest
 */
export async function startNextDeploy(
  build: Build,
  name: string,
  context: Omit<AdmissionContext, 'baseUrl'>,
): Promise<BuildRef[]> {
  const { store, now } = context
  const stage: StageRef = { project: build.project, stage: name }
  await freeLock(store, stage, build.number)
  if ((await readLockHolder(store, stage, now())) === null)
    await startNewest(stage, { ...context, baseUrl: build.baseUrl })
  const { superseded } = await readQueue(store, stage)
  const waited = build.target?.waited
  const others = [...superseded.map(each => each.build), ...(waited ? [waited] : [])]
  return others.filter(number => number !== build.number).map(number => ({ project: build.project, number }))
}

/** Starts the deploy of the newest waiting build. The older ones of its branch will never be deployed. */
async function startNewest(stage: StageRef, context: AdmissionContext): Promise<void> {
  const { project } = stage
  const { store, compare } = context
  const waiting = await readWaiting(store, stage)
  const last = waiting.toSorted((one, other) => other.number - one.number)[0]
  // Between branches, the number decides.
  const newest = await newestOf(
    waiting.filter(({ branch }) => branch === last?.branch),
    compare,
  )
  if (!newest) return
  const { number } = newest
  const request = { project, number, stage: stage.stage, waited: number }
  const result = await admitDeploy(waitingDeployId(stage, number), request, context)
  // What is refused now would be refused again. The build that waits says so when its time is over.
  if ('refused' in result) console.error(`The deploy of ${project} #${number} was refused: ${result.reason}`)
  const older = waiting.filter(each => each !== newest && each.branch === newest.branch)
  const superseded = older.map(each => ({ build: each.number, by: number }))
  await dequeue(store, stage, [number, ...older.map(each => each.number)], superseded)
}

async function readWaiting(store: Store, stage: StageRef): Promise<Build[]> {
  const { waiting } = await readQueue(store, stage)
  const builds = await Promise.all(
    waiting.map(({ build: number }) => readBuild(store, { project: stage.project, number })),
  )
  return builds.filter(build => build !== null)
}
