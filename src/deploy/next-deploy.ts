import type { AdmissionContext } from '../admission/admit.ts'
import { isDone } from '../admission/admit.ts'
import { admitDeploy } from '../admission/admit-again.ts'
import type { Build } from '../model/build.ts'
import { newestOf } from '../model/newer.ts'
import type { BuildRef, StageRef } from '../records/keys.ts'
import { readBuild, readRecords } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import { readCurrent } from './deployments.ts'
import { decideGate } from './gate.ts'
import { freeLock, readLockHolder } from './lock.ts'
import { dequeue, readQueue, type WithheldBuild } from './queue.ts'
import { type EndedDeploy, settleAttempt } from './settle-attempt.ts'
import { findStartedDeploy, waitingDeployId } from './started-deploy.ts'

/**
 * Passes a stage on when a build that deployed or wanted to deploy there has ended: completes what it has left, frees the
 * stage if the build died while it held it, and starts the next deploy. Returns the builds about which more may be known now.
 * @throws if GitHub does not answer which of the waiting builds is the newest
 */
export async function startNextDeploy(
  build: Build,
  name: string,
  ended: EndedDeploy,
  context: Omit<AdmissionContext, 'baseUrl'>,
): Promise<BuildRef[]> {
  const { store, now } = context
  const stage: StageRef = { project: build.project, stage: name }
  await settleAttempt(store, stage, build, ended, now())
  await freeLock(store, stage, build.number)
  // It may have died, or found a fault, after it had joined the queue.
  if (ended.deploy?.status !== 'waiting') await dequeue(store, stage, [build.number])
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
  const leave = (builds: readonly Build[], withheld: readonly WithheldBuild[] = []) =>
    dequeue(
      store,
      stage,
      builds.map(({ number }) => number),
      withheld,
    )
  // Whoever started a deploy may have died before its job was published.
  const resumed = await findStarted(stage, waiting, context)
  if (resumed) {
    await startOne(stage, resumed, context)
    return leave([resumed])
  }
  while (waiting.length > 0) {
    const newest = await newestOf(ofLatestBranch(waiting), compare)
    if (!newest) return
    const { number } = newest
    const start = await startOne(stage, newest, context)
    if (start === 'started') {
      const older = waiting.filter(each => each.branch === newest.branch && each !== newest)
      const superseded = older.map(each => ({ build: each.number, reason: `Superseded by #${number}` }))
      return leave([newest, ...older], superseded)
    }
    if (start === 'not-needed') await leave([newest])
    else if (start !== 'too-early') await leave([newest], [{ build: number, reason: start.withheld }])
    waiting.splice(waiting.indexOf(newest), 1)
  }
}

/** A build that waits although its deploy has been started and is not over; undefined for none. */
async function findStarted(
  stage: StageRef,
  waiting: readonly Build[],
  { store, now }: AdmissionContext,
): Promise<Build | undefined> {
  const started = await Promise.all(waiting.map(build => findStartedDeploy(store, stage, build)))
  return waiting.find((_, index) => {
    const records = started[index]
    return records && !isDone(records, now())
  })
}

/** Between branches, the number decides. */
function ofLatestBranch(waiting: readonly Build[]): Build[] {
  const [latest] = waiting.toSorted((one, other) => other.number - one.number)
  return waiting.filter(({ branch }) => branch === latest?.branch)
}

/**
 * What became of a build that waits: its deploy is on its way; it waits no longer, or its deploy is over; it has not ended yet,
 * and its own end starts it; or it will not be deployed.
 */
type Start = 'started' | 'not-needed' | 'too-early' | { withheld: string }

/**
 * Starts one deploy, once, however often that is repeated. Its gate is checked here as well: as long as GitHub does not answer,
 * no build is started that would only wait again.
 */
async function startOne(stage: StageRef, build: Build, context: AdmissionContext): Promise<Start> {
  const { store, compare, now } = context
  const { number } = build
  const [records, started] = await Promise.all([
    readRecords(store, build),
    findStartedDeploy(store, stage, build),
  ])
  if (started && isDone(started, now())) return 'not-needed'
  const end = records?.report?.end ?? (records?.run?.phase === 'ended' ? records.run : null)
  if (!end) return 'too-early'
  if (end.deploy?.status !== 'waiting') return 'not-needed'
  const target = { stage: stage.stage, of: build.target?.of ?? number, waited: number }
  if (!started) {
    const { latest = null } = (await readCurrent(store, stage)) ?? {}
    const gate = await decideGate({ ...build, target }, latest, compare)
    if (!gate.isOpen) return { withheld: gate.reason ?? 'Not allowed' }
  }
  const request = { project: stage.project, number, stage: stage.stage, waited: number }
  const result = await admitDeploy(waitingDeployId(stage, number), request, context)
  return 'refused' in result ? { withheld: result.reason.slice(0, 300) } : 'started'
}

/** The builds that wait, without those that are no longer on record. */
async function readWaiting(store: Store, stage: StageRef): Promise<Build[]> {
  const { waiting } = await readQueue(store, stage)
  const found = await Promise.all(
    waiting.map(async ({ build: number }) => ({
      number,
      build: await readBuild(store, { project: stage.project, number }),
    })),
  )
  const lost = found.filter(({ build }) => build === null)
  if (lost.length > 0)
    await dequeue(
      store,
      stage,
      lost.map(({ number }) => number),
    )
  return found.flatMap(({ build }) => build ?? [])
}
