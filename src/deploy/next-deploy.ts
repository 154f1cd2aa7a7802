import { createHash } from 'node:crypto'
import type { AdmissionContext } from '../admission/admit.ts'
import { admitDeploy } from '../admission/admit-again.ts'
import type { Build } from '../model/build.ts'
import { newestOf } from '../model/newer.ts'
import type { BuildRef, StageRef } from '../records/keys.ts'
import { readBuild } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import { readCurrent } from './deployments.ts'
import { decideGate } from './gate.ts'
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
  const { withheld } = await readQueue(store, stage)
  const waited = build.target?.waited
  const others = [...withheld.map(each => each.build), ...(waited ? [waited] : [])]
  return others.filter(number => number !== build.number).map(number => ({ project: build.project, number }))
}

/**
 * Starts the deploy of the newest waiting build that may be deployed. Those that may not will never be, nor will the older ones
 * of its branch.
 */
async function startNewest(stage: StageRef, context: AdmissionContext): Promise<void> {
  const { store, compare } = context
  const waiting = await readWaiting(store, stage)
  while (waiting.length > 0) {
    const newest = await newestOf(ofLatestBranch(waiting), compare)
    if (!newest) return
    const reason = await startOne(stage, newest, context)
    const left = reason === null ? waiting.filter(each => each.branch === newest.branch) : [newest]
    const withheld = left
      .filter(each => reason !== null || each !== newest)
      .map(({ number }) => ({ build: number, reason: reason ?? `Superseded by #${newest.number}` }))
    await dequeue(
      store,
      stage,
      left.map(({ number }) => number),
      withheld,
    )
    if (reason === null) return
    waiting.splice(waiting.indexOf(newest), 1)
  }
}

/** Between branches, the number decides. */
function ofLatestBranch(waiting: readonly Build[]): Build[] {
  const [latest] = waiting.toSorted((one, other) => other.number - one.number)
  return waiting.filter(({ branch }) => branch === latest?.branch)
}

/**
 * Starts one deploy; returns why it will not be, null if it is started. Its gate is checked here as well: as long as GitHub does
 * not answer, no build is started that would only wait again.
 */
async function startOne(stage: StageRef, build: Build, context: AdmissionContext): Promise<string | null> {
  const { store, compare } = context
  const { number } = build
  const target = { stage: stage.stage, of: build.target?.of ?? number, waited: number }
  const { latest = null } = (await readCurrent(store, stage)) ?? {}
  const gate = await decideGate({ ...build, target }, latest, compare)
  if (!gate.isOpen) return gate.reason ?? 'Not allowed'
  const request = { project: stage.project, number, stage: stage.stage, waited: number }
  const result = await admitDeploy(waitingDeployId(stage, number), request, context)
  return 'refused' in result ? result.reason.slice(0, 300) : null
}

async function readWaiting(store: Store, stage: StageRef): Promise<Build[]> {
  const { waiting } = await readQueue(store, stage)
  const builds = await Promise.all(
    waiting.map(({ build: number }) => readBuild(store, { project: stage.project, number })),
  )
  return builds.filter(build => build !== null)
}
