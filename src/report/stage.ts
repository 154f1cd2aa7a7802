import { createHash } from 'node:crypto'
import { claimedBuild } from '../admission/claim.ts'
import type { BuildRef, StageRef } from '../build/layout.ts'
import { isOver } from '../build/outcome.ts'
import { readRecords } from '../build/records.ts'
import type { Deploy } from '../build/run-record.ts'
import type { Store } from '../build/store.ts'
import { viewOf } from '../build/view.ts'
import { readCurrent, readDeploy } from '../deploy/ledger.ts'
import { freeLock, readHolder } from '../deploy/lock.ts'
import { dequeue, readQueue, type Waiting } from '../deploy/queue.ts'
import type { Job } from '../job/job.ts'
import type { DeployWish } from '../webhook/deploy.ts'

/** Asks the http function for a deploy. The same id asks for the same one. */
export type AskForDeploy = (job: Job, wish: DeployWish, id: string) => Promise<void>

const orderOf = (job: Job) => job.target?.order ?? job.number
const stageOf = (job: Job, deploy: Deploy): StageRef => ({ project: job.project, stage: deploy.stage })

/** The id of the one delivery that asks for the deploy of a build that waited. */
function deliveryOf({ project, stage }: StageRef, waited: number): string {
  const hex = createHash('sha256').update(`${project} ${stage} ${waited}`).digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}

/** What has become of a deploy that waited for its stage; the same where it still waits. */
export async function settleDeploy(
  store: Store,
  job: Job,
  deploy: Deploy,
  isOverdue: boolean,
): Promise<Deploy> {
  const stage = stageOf(job, deploy)
  const by = await claimedBuild(store, deliveryOf(stage, job.number))
  if (by !== null) return (await outcomeOf(store, { project: job.project, number: by }, deploy)) ?? deploy
  const overtakenBy = await newerThan(store, stage, orderOf(job))
  if (overtakenBy !== null) return { ...deploy, status: 'cancelled', reason: `Overtaken by #${overtakenBy}` }
  if (isOverdue)
    return { ...deploy, status: 'failed', reason: `The turn of this deploy to ${stage.stage} never came` }
  return deploy
}

/** What a build that died in its deploy had written down of it: it may well have died after the end of that. */
export async function recallDeploy(store: Store, job: Job, deploy: Deploy): Promise<Deploy> {
  const entry = await readDeploy(store, stageOf(job, deploy), job.number).catch(() => null)
  return entry ? { ...deploy, status: entry.status, reason: entry.reason } : deploy
}

async function outcomeOf(store: Store, build: BuildRef, deploy: Deploy): Promise<Deploy | null> {
  const records = await readRecords(store, build)
  const view = records && viewOf(records)
  if (!view || !isOver(view)) return null
  const { number: by, deploy: done } = view
  if (!done) return { ...deploy, status: 'failed', reason: view.reason, by }
  return { ...done, by: done.by ?? by }
}

/** A newer build that waits, deploys, or has deployed. */
async function newerThan(store: Store, stage: StageRef, order: number): Promise<number | null> {
  const [{ waiting }, holder, current] = await Promise.all([
    readQueue(store, stage),
    readHolder(store, stage, new Date()),
    readCurrent(store, stage),
  ])
  return [waiting, holder, current?.latest].find(each => each && each.order > order)?.build ?? null
}

/**
 * Sees to a stage when a build that had to do with it has ended: frees it if the build died with it in hand, and asks
 * for the deploy that comes next. Answers the builds that may now be told more.
 */
export async function handOnStage(
  store: Store,
  job: Job,
  name: string,
  ask: AskForDeploy,
): Promise<BuildRef[]> {
  const stage: StageRef = { project: job.project, stage: name }
  await freeLock(store, stage, job.number)
  const { waiting, overtaken } = await readQueue(store, stage)
  const isFree = (await readHolder(store, stage, new Date())) === null
  if (waiting && isFree) await askForNext(store, job, stage, waiting, ask)
  const waited = job.target?.waited
  const others = [...overtaken, ...(waited ? [waited] : [])].filter(number => number !== job.number)
  return others.map(number => ({ project: job.project, number }))
}

async function askForNext(
  store: Store,
  job: Job,
  stage: StageRef,
  { build, order }: Waiting,
  ask: AskForDeploy,
) {
  const wish = { project: stage.project, number: build, stage: stage.stage, order, waited: build }
  await ask(job, wish, deliveryOf(stage, build))
  await dequeue(store, stage, build)
}
