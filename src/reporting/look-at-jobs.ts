import type { Account } from '../account/settings.ts'
import type { DeadMansSwitch } from '../admission/dead-mans-switch.ts'
import type { StageContext } from '../deploy/pass-on.ts'
import type { Build } from '../model/build.ts'
import { readCancelRequest, requestCancel } from '../records/cancel-request.ts'
import { listJobs } from '../records/listed-jobs.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'
import type { JobObjects } from '../records/read-records.ts'
import {
  type BuildEnd,
  headlineOf,
  type JobState,
  type Report,
  stateBeforeStart,
} from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import { acceptDraft, recordPlan } from './accept-plan.ts'
import { completeDeploy } from './complete-deploy.ts'
import { completeRepetition } from './complete-repetition.ts'
import { completeRetry, stateOfPassed } from './complete-retry.ts'
import { deployJobsOf } from './deploy-jobs.ts'
import { endAfterDeploy } from './end-after-deploy.ts'
import { keepSplits } from './keep-splits.ts'
import { keepSwitch } from './keep-switch.ts'
import { lookAtDeploys } from './look-at-deploys.ts'
import { measureCost } from './measure-cost.ts'
import { type RefreshedJobs, refreshJobs } from './refresh-jobs.ts'
import { type Schedule, scheduleJobs } from './schedule.ts'
import { type StartJobsContext, startJobs } from './start-jobs.ts'

type JobsContext = StartJobsContext & StageContext & { deadMansSwitch: DeadMansSwitch }

/** A build with several jobs: its lead has left a draft. */
type JobsBuild = {
  build: Build
  account: Account
  report: Report
  lead: JobObjects
  /** Null as long as report has not accepted one. */
  plan: PlanRecord | null
}

/** The findings and the work of a look at the jobs of a build. */
export type JobsLook = {
  report: Report
  /** Null if it was refused. */
  plan: PlanRecord | null
  end: BuildEnd | null
  /** The cost of all jobs so far, in US dollars. */
  cost: number
  /** Builds with possible news: they wait for a place that is free now, or hold the stage. */
  waiting: number[]
  /** Whether GitHub must be asked again. */
  isSilent: boolean
}

/**
 * Looks at the jobs of a build: reads those with news, starts those that may start, and concludes the build once all have ended. Everything
 * may be repeated: a job that is started twice is claimed once.
 */
export async function lookAtJobs(known: JobsBuild, context: JobsContext): Promise<JobsLook> {
  const { build, account, report } = known
  const { store, now } = context
  const accepted = await planOf(known, store)
  if ('refused' in accepted) {
    const end = { conclusion: 'errored', reason: accepted.refused, deploy: null } as const
    const refused = { ...end, endedAt: now().toISOString() }
    return {
      report,
      plan: null,
      end: refused,
      cost: costOfLead(known, context),
      waiting: [],
      isSilent: false,
    }
  }
  const { plan } = accepted
  const [request, recordsOf] = await Promise.all([readCancelRequest(store, build), listJobs(store, build)])
  const standing =
    report.jobs.length > 0 ? report.jobs : plan.jobs.map(job => initialState(job, build, report))
  const jobs = await refreshJobs({ ...known, plan, request, recordsOf }, standing, context)
  const schedule = scheduleJobs(plan, jobs.states, request)
  await endOthers(build, jobs, schedule, context)
  const concluded = jobs.states.map(state => endedState(state, schedule, now()))
  // Before any decision that another look would not repeat.
  const latestEnd = await keepSwitch(build, { ...report, jobs: concluded }, context)
  const deployed =
    schedule.conclusion?.conclusion === 'passed'
      ? await lookAtDeploys({ ...known, plan, states: concluded, lost: jobs.lost, request }, context)
      : null
  const before = deployed?.states ?? concluded
  const fence = deployed?.start?.fence ?? null
  // A deploy must not start without its stage.
  const deploys = plan.jobs.flatMap(({ key, isDeploy }) => (isDeploy ? [key] : []))
  const mayStart = (key: number) => key === deployed?.start?.key || !deploys.includes(key)
  const ready = schedule.ready.map(({ job }) => job.key)
  const wanted = { lost: jobs.lost.filter(mayStart), ready: ready.filter(mayStart), fence }
  const { states, waiting } = await startJobs({ build, account, plan }, before, wanted, context)
  const found = deployed?.deploys ?? report.deploys
  const deploy = headlineOf(found) ?? report.deploy
  const end = endOf({ build, plan, states, schedule, deploy }, now())
  const ofLead = states.some(({ key }) => key === 0) ? 0 : costOfLead(known, context)
  const cost = states.reduce((sum, state) => sum + (state.cost ?? 0), ofLead)
  // The next look draws the conclusions from jobs that could not be started.
  const isRerunRequested = countEnded(states) > countEnded(before)
  const leftStages = deployed?.leftStages ?? report.leftStages
  const looked = { ...report, jobs: states, deploy, deploys: found, leftStages, isRerunRequested }
  const isSilent = deployed?.isSilent ?? false
  const others = [...waiting, ...(deployed?.holders ?? [])]
  return { report: { ...looked, latestEnd }, plan, end, cost, waiting: others, isSilent }
}

const countEnded = (states: readonly JobState[]) =>
  states.filter(({ conclusion }) => conclusion !== null).length

const costOfLead = ({ build, lead, report }: JobsBuild, context: JobsContext) =>
  measureCost({ build, job: lead, report }, context) ?? 0

/** The plan on record, or the lead's draft if it is acceptable. */
async function planOf(
  { build, account, plan, lead }: JobsBuild,
  store: Store,
): Promise<{ plan: PlanRecord } | { refused: string }> {
  if (plan) return { plan }
  const draft = lead.run?.draft && (await keepSplits(store, build, lead.run.draft))
  const accepted = draft ? acceptDraft(build, draft, account.maxJobs) : { refused: 'The plan is missing' }
  if ('refused' in accepted) return accepted
  const completed = await completeRetry(store, { build, account, lead: lead.run }, accepted.plan)
  if ('refused' in completed) return completed
  const repeated = await completeRepetition(store, { build, lead: lead.run }, completed.plan)
  if ('refused' in repeated) return repeated
  if (build.repeats) return { plan: await recordPlan(store, build, repeated.plan) }
  const complete = await completeDeploy(store, { build, account }, completed.plan)
  return { plan: await recordPlan(store, build, complete) }
}

/** The lead has been started, and jobs that were taken over have passed. */
const initialState = (job: AcceptedJob, build: Build, report: Report): JobState => {
  const { key } = job
  const { latestEnd } = report
  // It has left a draft: one that was approved may have been started by an invocation that died then.
  const publications = Math.max(1, report.publications)
  if (key === 0) return { ...stateBeforeStart(key), publications, latestEnd: latestEnd ?? build.latestEnd }
  return stateOfPassed(job) ?? stateBeforeStart(key)
}

/** Ends the jobs that are running once one has failed. */
async function endOthers(
  build: Build,
  { states, ended }: RefreshedJobs,
  { endsOthers }: Schedule,
  { store, now }: JobsContext,
): Promise<void> {
  const isRunning = states.some(({ conclusion, publications }) => conclusion === null && publications > 0)
  if (endsOthers === null || ended.length === 0 || !isRunning) return
  const why = `${endsOthers} did not pass`
  await requestCancel(store, build, { by: 'lambci', why, supersededBy: null, at: now().toISOString() })
}

function endedState(state: JobState, { ended }: Schedule, now: Date): JobState {
  const end = ended.find(({ key }) => key === state.key)
  if (!end) return state
  return { ...state, conclusion: end.conclusion, reason: end.reason, endedAt: now.toISOString() }
}

type Ended = {
  build: Build
  plan: PlanRecord
  states: readonly JobState[]
  schedule: Schedule
  deploy: Report['deploy']
}

/** The end of the build; null until all jobs have ended. */
function endOf({ build, plan, states, schedule, deploy }: Ended, now: Date): BuildEnd | null {
  const { conclusion } = schedule
  if (!conclusion || states.some(state => state.conclusion === null)) return null
  const endedAt = now.toISOString()
  const jobs = deployJobsOf(plan).find(({ planned }) => planned.stage === deploy?.stage)
  if (!jobs || !deploy || conclusion.conclusion !== 'passed') return { ...conclusion, deploy: null, endedAt }
  const isOfDeploy = ({ key }: JobState) => key === jobs.deploy.key || key === jobs.verify?.key
  const isErrored = states.some(state => isOfDeploy(state) && state.conclusion === 'errored')
  const end = endAfterDeploy(build, deploy, isErrored, conclusion.reason)
  return { ...end, deploy, endedAt }
}
