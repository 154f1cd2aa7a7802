import type { Account } from '../account/settings.ts'
import { latestEndAfter } from '../admission/deadlines.ts'
import { GitHubSilence } from '../deploy/github-silence.ts'
import { leaveStage } from '../deploy/leave-stage.ts'
import { keepLock } from '../deploy/lock.ts'
import type { StageContext } from '../deploy/pass-on.ts'
import type { Build } from '../model/build.ts'
import { shortReason } from '../model/short-reason.ts'
import type { CancelRequest } from '../records/cancel-request.ts'
import type { StageRef } from '../records/keys.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'
import { type Deploy, type JobState, type Report, stateBeforeStart } from '../records/report-record.ts'
import { type DeployJobs, deployJobsOf } from './deploy-jobs.ts'
import { LOCK_EXTRA_MS, lookAtDeploy } from './look-at-deploy.ts'
import { deployedArtifacts } from './needed-jobs.ts'

/** The deploys of a build whose other jobs have all passed. */
type Known = {
  build: Build
  account: Account
  plan: PlanRecord
  report: Report
  states: readonly JobState[]
  /** Ordinals of jobs whose message must be published again. */
  lost: readonly number[]
  request: CancelRequest | null
}

/** The findings of a look at the deploys of a build. */
export type DeploysLook = {
  states: JobState[]
  /** The deploys whose turn has come, in order. */
  deploys: Deploy[]
  /** The job that may start now; `fence` is that of its stage, if it deploys. */
  start: { key: number; fence: number | null } | null
  /** Whether GitHub must be asked again. */
  isSilent: boolean
  /** Other builds that hold one of the stages. */
  holders: number[]
  leftStages: string[]
}

/**
 * Looks at the deploys of a build, one after the other: each begins when the one before it has succeeded, has been verified, and its stage
 * has been passed on. None begins after one that failed or was withheld.
 */
export async function lookAtDeploys(known: Known, context: StageContext): Promise<DeploysLook> {
  const { plan, report, states } = known
  const look: DeploysLook = {
    states: [...states],
    deploys: [],
    start: null,
    isSilent: false,
    holders: [],
    leftStages: [...report.leftStages],
  }
  const all = deployJobsOf(plan)
  let missing: string | null = null
  for (const jobs of all) {
    if (missing !== null) {
      const last = report.deploys.find(({ stage }) => stage === jobs.planned.stage) ?? null
      look.deploys.push(withhold(look, jobs, missing, last, context.now()))
      continue
    }
    const deploy = await lookAtOne(known, jobs, look, context)
    look.deploys.push(deploy)
    if (deploy.status === 'running' || deploy.status === 'waiting') return look
    if (deploy.status !== 'succeeded') missing = deploy.stage
    else if (jobs !== all.at(-1) && !(await leave(known, { jobs, deploy }, look, context))) return look
  }
  return look
}

/** Looks at one deploy whose turn has come. It is running or waiting, or has ended with all of its jobs. */
async function lookAtOne(
  known: Known,
  { planned, deploy: job, verify }: DeployJobs,
  look: DeploysLook,
  context: StageContext,
): Promise<Deploy> {
  const { report, lost } = known
  const last = report.deploys.find(({ stage }) => stage === planned.stage) ?? null
  const state = stateOf(look, job)
  const isLost = lost.includes(job.key)
  const found = await lookAtDeploy({ ...known, planned, state, isLost, last }, context)
  replace(look, found.state)
  if (found.isSilent) look.isSilent = true
  if (found.holder !== null) look.holders.push(found.holder)
  if (found.fence !== null) look.start = { key: job.key, fence: found.fence }
  if (!verify) return found.deploy
  const verifying = stateOf(look, verify)
  if (found.state.conclusion === null) return found.deploy
  if (found.state.conclusion !== 'passed') {
    if (verifying.conclusion === null)
      skip(look, verifying, `${planned.stage} was not deployed`, context.now())
    return found.deploy
  }
  if (verifying.conclusion !== null)
    return verifiedDeploy({ ...found.deploy, status: 'succeeded' }, verifying)
  if (verifying.publications === 0 || lost.includes(verify.key)) {
    await keepStage(known.build, planned.stage, context)
    look.start = { key: verify.key, fence: null }
  }
  return { ...found.deploy, status: 'running' }
}

/** A deploy that a job has verified. It succeeds only if that job has passed. */
function verifiedDeploy(deploy: Deploy, { conclusion, reason }: JobState): Deploy {
  if (conclusion === 'passed') return deploy
  const why = `verification ${conclusion === 'errored' ? 'ended in an error' : conclusion === 'cancelled' ? 'was cancelled' : 'failed'}`
  return { ...deploy, status: 'failed', reason: shortReason(reason === null ? why : `${why}: ${reason}`) }
}

/** The stage stays locked until the deploy is verified. */
async function keepStage(build: Build, stage: string, { store, now }: StageContext): Promise<void> {
  const until = new Date(latestEndAfter(now()).getTime() + LOCK_EXTRA_MS).toISOString()
  await keepLock(store, refOf(build, stage), { build: build.number, until })
}

/** A deploy that does not begin because the previous one has not succeeded. */
function withhold(
  look: DeploysLook,
  { planned, deploy, verify }: DeployJobs,
  missing: string,
  last: Deploy | null,
  now: Date,
): Deploy {
  const reason = `${missing} comes first, and was not deployed`
  for (const job of [deploy, ...(verify ? [verify] : [])]) {
    const state = stateOf(look, job)
    if (state.conclusion === null) skip(look, state, reason, now)
  }
  const { stage, url } = planned
  return last ?? { stage, url, status: 'cancelled', reason, exit: null }
}

/** Passes a stage on before the next one is deployed. False if GitHub must be asked again. */
async function leave(
  { build, plan }: Known,
  { jobs, deploy }: { jobs: DeployJobs; deploy: Deploy },
  look: DeploysLook,
  context: StageContext,
): Promise<boolean> {
  const { stage } = deploy
  if (look.leftStages.includes(stage)) return true
  const { endedAt } = stateOf(look, jobs.verify ?? jobs.deploy)
  const cost = look.states.reduce((sum, state) => sum + (state.cost ?? 0), 0)
  try {
    const artifacts = deployedArtifacts(context.store, { build, plan, states: look.states }, stage)
    const ended = { deploy, endedAt, cost, artifacts }
    const holder = await leaveStage(refOf(build, stage), build, ended, context)
    if (holder !== null && holder !== build.number) look.holders.push(holder)
    look.leftStages.push(stage)
    return true
  } catch (error) {
    if (!(error instanceof GitHubSilence)) throw error
    console.error(error.cause)
    look.isSilent = true
    return false
  }
}

const refOf = ({ project }: Build, stage: string): StageRef => ({ project, stage })

const stateOf = ({ states }: DeploysLook, { key }: AcceptedJob): JobState =>
  states.find(state => state.key === key) ?? stateBeforeStart(key)

function replace(look: DeploysLook, state: JobState): void {
  look.states = look.states.map(each => (each.key === state.key ? state : each))
}

const skip = (look: DeploysLook, state: JobState, reason: string, now: Date) =>
  replace(look, { ...state, conclusion: 'skipped', reason: shortReason(reason), endedAt: now.toISOString() })
