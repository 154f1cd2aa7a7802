import {
  type BuildConclusion,
  concludeJobs,
  type EndedJob,
  isDone,
  isRedJob,
} from '../model/conclude-jobs.ts'
import type { Conclusion } from '../model/conclusion.ts'
import { titleOf } from '../model/job.ts'
import { shortenBytes, shortReason } from '../model/short-reason.ts'
import { unpackCounts } from '../model/tests.ts'
import type { CancelRequest } from '../records/cancel-request.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'
import { type JobState, stateBeforeStart } from '../records/report-record.ts'

/** A job of a plan, and its state. */
export type Standing = { job: AcceptedJob; state: JobState }

/** The conclusions from the states of the jobs of a build. Each list is in the order of the plan. */
export type Schedule = {
  /** Jobs that will not run, and their ends. Reasons fit into the state of a job. */
  ended: { key: number; conclusion: Conclusion; reason: string }[]
  /** Jobs that may start now, no more than the build may run at once. */
  ready: Standing[]
  /** The first red job, shortened, if it ends other running jobs. */
  endsOthers: string | null
  /** The end of all jobs except the deploy; null while some have not ended. */
  conclusion: BuildConclusion | null
}

/**
 * Decides which jobs start, and which never will. A pure function of the states of the jobs, whatever their history. Every job of the plan
 * comes after those that it needs (`acceptDraft`), so one pass is enough.
 */
export function scheduleJobs(
  plan: PlanRecord,
  states: readonly JobState[],
  request: CancelRequest | null,
): Schedule {
  const standings = standingsOf(plan, states)
  const tests = standings.filter(({ job }) => !job.isDeploy)
  const fatal = plan.failFast ? tests.find(isRed) : undefined
  const isOnlyJob = tests.length === 1 && plan.leftOut.length === 0
  const situation: Situation = { tests, fatal, isOnlyJob, cancelled: cancelledBy(request, plan) }
  const ended = new Map<number, End>()
  const ready: Standing[] = []
  for (const standing of standings.filter(isWaiting)) {
    const end = endWithoutStart(standing.job, situation, ended)
    if (end) ended.set(standing.job.key, end)
    else if (neededBy(standing.job, tests).every(isDoneJob)) ready.push(standing)
  }
  const running = standings.filter(isRunning).length
  const free = Math.max(0, (plan.maxParallel ?? Number.POSITIVE_INFINITY) - running)
  return {
    ended: [...ended].map(([key, end]) => ({ key, ...end })),
    ready: ready.slice(0, free),
    endsOthers: fatal && running > 0 ? shortTitle(fatal.job) : null,
    conclusion: conclusionOf(situation, ended),
  }
}

/** The end of a job that will not run. */
type End = { conclusion: 'skipped' | 'cancelled'; reason: string }

type Situation = {
  /** All jobs but the deploy. */
  tests: readonly Standing[]
  /** Whether there is only one, and none was left out. */
  isOnlyJob: boolean
  /** The first red job, if it ends the others. */
  fatal: Standing | undefined
  /** The end of jobs if the build must end. */
  cancelled: End | null
}

function standingsOf({ jobs }: PlanRecord, states: readonly JobState[]): Standing[] {
  const byKey = new Map(states.map(state => [state.key, state]))
  return jobs.map(job => ({ job, state: byKey.get(job.key) ?? stateBeforeStart(job.key) }))
}

/** The request to end a build, if there is one. A newer commit ends a build only if its plan says so. */
export const effectiveRequest = (
  request: CancelRequest | null,
  { cancelSuperseded }: Pick<PlanRecord, 'cancelSuperseded'>,
): CancelRequest | null => (request && (request.supersededBy === null || cancelSuperseded) ? request : null)

function cancelledBy(request: CancelRequest | null, plan: PlanRecord): End | null {
  const effective = effectiveRequest(request, plan)
  return effective && { conclusion: 'cancelled', reason: shortReason(effective.why) }
}

const isWaiting = ({ state }: Standing) => state.conclusion === null && state.publications === 0
const isRunning = ({ state }: Standing) => state.conclusion === null && state.publications > 0

const neededBy = ({ needs }: AcceptedJob, tests: readonly Standing[]) => {
  const names = new Set(needs.map(({ job }) => job))
  return tests.filter(({ job }) => names.has(job.name))
}

/** The end of a waiting job that ends at once; null if it may still run. A red job says more than the request that it caused. */
function endWithoutStart(
  job: AcceptedJob,
  { tests, fatal, cancelled }: Situation,
  ended: ReadonlyMap<number, End>,
): End | null {
  const needed = neededBy(job, tests)
  const red = fatal ?? needed.find(isRed)
  if (red) return skippedBehind(red)
  const ends = needed.flatMap(each => withoutResult(each, ended) ?? [])
  // Whether a deploy is still wanted is decided in its turn.
  const own = job.isDeploy ? null : cancelled
  return ends.find(({ conclusion }) => conclusion === 'skipped') ?? own ?? ends[0] ?? null
}

const skippedBehind = ({ job, state }: Standing): End => ({
  conclusion: 'skipped',
  reason: `${shortTitle(job)} ${state.conclusion === 'errored' ? 'ended in an error' : 'failed'}`,
})

/** In bytes. Leaves room for a few words. */
const TITLE_BYTES = 140
const shortTitle = (job: AcceptedJob) => shortenBytes(titleOf(job), TITLE_BYTES)

/** The end of a job that has neither passed nor failed: jobs that need it end likewise. */
function withoutResult({ job, state }: Standing, ended: ReadonlyMap<number, End>): End | null {
  const { conclusion, reason } = state
  if (conclusion !== 'skipped' && conclusion !== 'cancelled') return ended.get(job.key) ?? null
  return { conclusion, reason: reason ?? `${shortTitle(job)} was ${conclusion}` }
}

function conclusionOf(
  { tests, isOnlyJob, cancelled }: Situation,
  ended: ReadonlyMap<number, End>,
): BuildConclusion | null {
  const jobs = tests.flatMap(each => endedJob(each, ended.get(each.job.key)) ?? [])
  if (jobs.length < tests.length) return null
  const { conclusion, reason } = concludeJobs(jobs, isOnlyJob)
  return { conclusion, reason: conclusion === 'cancelled' && cancelled ? cancelled.reason : reason }
}

/** Null until it has ended. */
function endedJob({ job, state }: Standing, end?: End): EndedJob | null {
  const conclusion = state.conclusion ?? end?.conclusion
  if (!conclusion) return null
  const { exit, reason } = { ...state, ...end }
  const tests = state.tests && unpackCounts(state.tests)
  const { isNamed } = state
  return { title: titleOf(job), conclusion, exit, reason, allowFailure: job.allowFailure, tests, isNamed }
}

const isDoneJob = (standing: Standing) => is(standing, isDone)
const isRed = (standing: Standing) => is(standing, isRedJob)
const is = (standing: Standing, predicate: (job: EndedJob) => boolean) => {
  const job = endedJob(standing)
  return job !== null && predicate(job)
}
