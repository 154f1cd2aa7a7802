import { latestEndAfter, latestEndOfClaimed } from '../admission/deadlines.ts'
import { nonceOf } from '../admission/job-nonce.ts'
import type { Build } from '../model/build.ts'
import { shortReason } from '../model/short-reason.ts'
import { packCounts } from '../model/tests.ts'
import type { CancelRequest } from '../records/cancel-request.ts'
import { hasNamed } from '../records/failure-view.ts'
import { type JobRef, jobKeys, LEAD } from '../records/keys.ts'
import type { ListedRecords } from '../records/listed-jobs.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'
import { claimTimeIn, type JobObjects, readJob } from '../records/read-records.ts'
import type { JobState, Report } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import { decide, latestEndOf } from './decide.ts'
import { measureCost, type RunFunctions } from './measure-cost.ts'
import { explainMissingFiles } from './missing-files.ts'
import { nextAttempt } from './next-attempt.ts'
import { effectiveRequest } from './schedule.ts'

/** The jobs of a build after reading their records. */
export type RefreshedJobs = {
  states: JobState[]
  /** Ordinals of jobs that have ended since the last look. */
  ended: number[]
  /** Ordinals of jobs whose message must be published again. */
  lost: number[]
}

type Known = {
  build: Build
  plan: PlanRecord
  lead: JobObjects
  report: Report
  /** The records of an attempt that the bucket lists; null if the list was too long. */
  recordsOf: (job: JobRef) => ListedRecords | null
  request: CancelRequest | null
}
type Context = { store: Store; runFunctions: RunFunctions; linkKey: string; now: () => Date }

/** Reads the running jobs that have written more than their claim, or may be dead, and decides which have ended. */
export async function refreshJobs(
  known: Known,
  standing: readonly JobState[],
  context: Context,
): Promise<RefreshedJobs> {
  const found = await refreshOnce(known, standing, context)
  // A report that died may have started the next attempt of a job whose death is found only now.
  const isStarted = (state: JobState) => startedState(known, state, context.now()) !== state
  if (!found.states.some(isStarted)) return found
  const again = await refreshOnce(known, found.states, context)
  return {
    ...again,
    ended: [...found.ended, ...again.ended],
  }
}

/** A job that has written something has started, even if report died before recording that. */
function startedState({ recordsOf }: Known, state: JobState, now: Date): JobState {
  const { conclusion, publications } = state
  const isStarted =
    conclusion === null && publications === 0 && Object.keys(recordsOf(state) ?? {}).length > 0
  return isStarted ? { ...state, publications: 1, latestEnd: latestEndAfter(now).toISOString() } : state
}

async function refreshOnce(
  known: Known,
  recorded: readonly JobState[],
  context: Context,
): Promise<RefreshedJobs> {
  const { plan } = known
  const standing = recorded.map(state => startedState(known, state, context.now()))
  const found: RefreshedJobs = { states: [], ended: [], lost: [] }
  const read = await Promise.all(standing.map(state => readRunning(known, state, context)))
  for (const [index, state] of standing.entries()) {
    const job = plan.jobs.find(({ key }) => key === state.key)
    const objects = read[index]
    const next =
      job && objects && 'objects' in objects
        ? stateAfter(known, { job, state, objects }, found, context)
        : { ...state, ...objects }
    if (next.conclusion !== null && state.conclusion === null) found.ended.push(state.key)
    found.states.push(next)
  }
  return found
}

const failuresOf = ({ failures }: Report, { key, attempt }: JobState) =>
  failures.filter(each => (each.job ?? 0) === key && (each.attempt ?? 1) === attempt)

/** The records of a running job; if there is only its claim, only its start time. Null for a job that is not running. */
async function readRunning(
  { build, lead, report, recordsOf }: Known,
  state: JobState,
  { store, now }: Context,
): Promise<JobObjects | Pick<JobState, 'startedAt'> | null> {
  const { key, attempt, conclusion, publications, startedAt } = state
  if (conclusion !== null || publications === 0) return null
  if (key === LEAD.key && attempt === LEAD.attempt) return lead
  const records = recordsOf(state)
  const { claim, ...others } = records ?? {}
  const mayBeDead = failuresOf(report, state).length > 0 || now() > latestEndOf(build, claim, state)
  if (!records || mayBeDead || Object.keys(others).length > 0) return readJob(store, build, state)
  return claim ? { startedAt: startedAt ?? claim.toISOString() } : { run: null, record: null, objects: [] }
}

type Read = { job: AcceptedJob; state: JobState; objects: JobObjects }

function stateAfter(
  { build, plan, report, request }: Known,
  { job, state, objects }: Read,
  found: RefreshedJobs,
  { runFunctions, linkKey, now }: Context,
): JobState {
  const { run } = objects
  const { key, publications, latestEnd } = state
  const failures = failuresOf(report, state)
  const nonce = nonceOf(build, state, linkKey)
  const claimTime = claimTimeIn(objects, jobKeys(build, state))
  const known = { end: null, subject: 'The job', failures, publications, latestEnd, nonce, claimTime }
  // A job whose message is on its way may hold its stage, and finds a request itself.
  const effective = effectiveRequest(request, plan)
  const ownRequest = job.isDeploy ? null : effective
  const decision = decide({ build, run, report: known, request: ownRequest }, now())
  if (decision === 'publish-again') found.lost.push(key)
  if (decision === null || decision === 'publish-again')
    return {
      ...state,
      startedAt: momentOf(run?.startedAt) ?? state.startedAt,
      // The latest end of a publication that report could not record.
      latestEnd: claimTime ? later(latestEnd, latestEndOfClaimed(claimTime).toISOString()) : latestEnd,
    }
  const cost = sumOf(
    state.cost,
    measureCost({ build, ref: state, job: objects, report }, { runFunctions, now }),
  )
  const next = nextAttempt({ job, state, run, isCancelled: effective !== null })
  // The cost of the earlier attempts is kept.
  if (next) return { ...state, ...next, publications: 0, latestEnd: null, startedAt: null, cost }
  const hasDied = run !== null && run.phase !== 'ended'
  const { reason, endedAt } = decision.end
  // Parts of a deploy that died may still be running.
  const conclusion = job.isDeploy && hasDied ? 'failed' : decision.end.conclusion
  // A job that has started cannot be skipped.
  const isImpossible = conclusion === 'skipped'
  const missing = conclusion === 'passed' && run ? explainMissingFiles(plan, job, run) : null
  return {
    ...state,
    startedAt: momentOf(run?.startedAt),
    endedAt: momentOf(endedAt),
    conclusion: isImpossible || missing !== null ? 'errored' : conclusion,
    exit: run?.exit ?? null,
    reason: isImpossible
      ? 'It claims to have been skipped, although it had started'
      : (missing ?? (reason && shortReason(reason))),
    ...(run?.tests && run.exit?.kind === 'exited' && { tests: packCounts(run.tests) }),
    ...(run && hasNamed(run) && { isNamed: true as const }),
    record: objects.record,
    cost,
  }
}

/** The sum of two costs; null if nothing has cost anything. */
const sumOf = (one: number | null, other: number | null) => (one === null ? other : one + (other ?? 0))

const later = (one: string | null, other: string) =>
  one !== null && Date.parse(one) > Date.parse(other) ? one : other

/** The only form of a moment in the state of a job. */
const momentOf = (moment: string | null | undefined) => (moment ? new Date(moment).toISOString() : null)
