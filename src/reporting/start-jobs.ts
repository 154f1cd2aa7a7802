import type { Account } from '../account/settings.ts'
import { listAccountKeys } from '../account/unread-objects.ts'
import { latestEndAfter } from '../admission/deadlines.ts'
import { type StartContext, startJob } from '../admission/start-job.ts'
import type { Build } from '../model/build.ts'
import { shortReason } from '../model/short-reason.ts'
import { UserError } from '../model/user-error.ts'
import { attemptOf, recordAttempt } from '../records/deployments.ts'
import { readOnce } from '../records/kept-reads.ts'
import type { PlannedDeploy, PlanRecord } from '../records/plan-record.ts'
import type { JobState } from '../records/report-record.ts'
import { takePlaces } from '../records/running-jobs.ts'
import { plannedDeployOf, stagesBefore } from './deploy-jobs.ts'
import type { RunFunctions } from './measure-cost.ts'
import { needsOf, needsOfDeploy } from './needed-jobs.ts'
import { startedFiles } from './started-files.ts'

export type StartJobsContext = Omit<StartContext, 'deadMansSwitch'> & {
  runFunctions: RunFunctions
  now: () => Date
}

const ACCOUNT_KEYS = 'the keys of the account'
const ACCOUNT_KEYS_MS = 10_000

type Wanted = {
  /** Ordinals of jobs that may start, in order. */
  ready: readonly number[]
  /** Ordinals of jobs whose message must be published again. */
  lost: readonly number[]
  /** The fence of the stage, if the deploy is among these jobs. */
  fence: number | null
}

/**
 * Publishes the jobs of a build that may start, if there are places, and those whose message was lost. Jobs that have ended leave their
 * places. A job that can never start ends in an error. Also returns the builds that wait for a place that is free now.
 */
export async function startJobs(
  { build, account, plan }: { build: Build; account: Account; plan: PlanRecord },
  states: readonly JobState[],
  wanted: Wanted,
  context: StartJobsContext,
): Promise<{ states: JobState[]; waiting: number[] }> {
  const { store, runFunctions, now } = context
  const latestEnd = latestEndAfter(now()).toISOString()
  const ended = states.flatMap(({ key, conclusion }) => (conclusion === null ? [] : [key]))
  const ready = [...wanted.lost, ...wanted.ready]
  const change = { number: build.number, isFork: build.trust === 'fork', ended, ready, latestEnd }
  const limit = account.maxRunningJobs ?? runFunctions.mostJobs
  // Even without changes: a report that died may not have looked at the waiting builds.
  const { started, waiting } = await takePlaces(store, build.project, change, { limit, now: now() })
  if (started.length === 0) return { states: [...states], waiting }
  // A job that starts some seconds after another one may get the same secrets.
  const accountKeys = await readOnce(store, ACCOUNT_KEYS, () => listAccountKeys(store), ACCOUNT_KEYS_MS)
  const share = { account, accountKeys }
  const publish = async (state: JobState): Promise<JobState> => {
    const job = plan.jobs.find(({ key }) => key === state.key)
    if (!job || !started.includes(state.key)) return state
    const { key, attempt } = state
    const { name, cell, shard, hasSecrets } = job
    const isLead = key === 0 && attempt === 1
    const identity = isLead ? null : { name, cell, shard }
    const deploy = plannedDeployOf(plan, job)
    const isDeploy = job.isDeploy && !job.isVerify
    const standing = { build, plan, states }
    const needs = deploy && isDeploy ? await needsOfDeploy(store, standing, deploy) : needsOf(job, standing)
    const accepted = deploy && { deploy: { ...deploy, after: stagesBefore(plan, build, deploy) } }
    const files = isLead ? {} : startedFiles(plan, job)
    const starting = { job: { key, attempt, identity, needs, ...files, ...accepted }, hasSecrets }
    try {
      // Until this is on record, the deploy must not start: otherwise, nobody knows what may run on the stage.
      if (deploy && isDeploy) await recordStart(build, deploy, wanted.fence ?? 0, context)
      await startJob(build, starting, share, context)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      const reason = shortReason(`The job cannot be started: ${error.message}`)
      return { ...state, conclusion: 'errored', reason, endedAt: now().toISOString() }
    }
    return { ...state, publications: state.publications + 1, latestEnd }
  }
  return { states: await Promise.all(states.map(publish)), waiting }
}

function recordStart(
  build: Build,
  { stage, url }: PlannedDeploy,
  fence: number,
  { store, now }: StartJobsContext,
): Promise<void> {
  const attempt = attemptOf(build, { url, startedAt: now(), fence })
  return recordAttempt(store, { project: build.project, stage }, attempt)
}
