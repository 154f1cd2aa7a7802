import type { Build } from '../model/build.ts'
import { shortReason } from '../model/short-reason.ts'
import type { CancelRequest } from '../records/cancel-request.ts'
import type { JobRun } from '../records/job-run.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'
import { type JobObjects, readJob } from '../records/read-records.ts'
import type { BuildEnd, JobState, Report } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import { decide } from './decide.ts'
import { measureCost, type RunFunctions } from './measure-cost.ts'

/** The jobs of a build, as they stand after their records were read. */
export type RefreshedJobs = {
  states: JobState[]
  /** Ordinals of jobs that have ended since the last look. */
  ended: number[]
  /** Ordinals of jobs whose message must be published again. */
  lost: number[]
  /** The run of the job that deploys, if it was read. */
  deploying: JobRun | null
  /** How the job that deploys has ended, since the last look. */
  deployEnd: BuildEnd | null
}

type Known = {
  build: Build
  plan: PlanRecord
  lead: JobObjects
  report: Report
  /** Which jobs there is news of. */
  hasNews: (key: number) => boolean
  request: CancelRequest | null
}
type Context = { store: Store; runFunctions: RunFunctions; now: () => Date }

/** Reads the jobs that run and of which there is news, and decides which of them have ended. */
export async function refreshJobs(
  known: Known,
  standing: readonly JobState[],
  context: Context,
): Promise<RefreshedJobs> {
  const { build, plan, lead } = known
  const found: RefreshedJobs = { states: [], ended: [], lost: [], deploying: null, deployEnd: null }
  const isRead = ({ key, conclusion, publications }: JobState) =>
    conclusion === null && publications > 0 && known.hasNews(key)
  const read = await Promise.all(
    standing.map(state =>
      isRead(state) ? (state.key === 0 ? lead : readJob(context.store, build, state)) : null,
    ),
  )
  for (const [index, state] of standing.entries()) {
    const job = plan.jobs.find(({ key }) => key === state.key)
    const objects = read[index]
    const next = job && objects ? stateAfter(known, { job, state, objects }, found, context) : state
    if (next.conclusion !== null && state.conclusion === null) found.ended.push(state.key)
    found.states.push(next)
  }
  return found
}

type Read = { job: AcceptedJob; state: JobState; objects: JobObjects }

function stateAfter(
  { build, report, request }: Known,
  { job, state, objects }: Read,
  found: RefreshedJobs,
  { runFunctions, now }: Context,
): JobState {
  const { run } = objects
  const { key, attempt, publications, latestEnd } = state
  if (job.isDeploy) found.deploying = run
  const failures = report.failures.filter(each => (each.job ?? 0) === key && (each.attempt ?? 1) === attempt)
  const known = { end: null, subject: 'The job', failures, publications, latestEnd }
  const decision = decide({ build, run, report: known, request }, now())
  if (decision === 'publish-again') found.lost.push(key)
  if (decision === null || decision === 'publish-again')
    return { ...state, startedAt: momentOf(run?.startedAt) ?? state.startedAt }
  // One of several equal parts that died, not one that failed, gets another attempt.
  const hasDied = run !== null && run.phase !== 'ended'
  if (hasDied && job.shard && attempt === 1)
    return { ...state, attempt: 2, publications: 0, latestEnd: null, startedAt: null }
  const { conclusion, reason, endedAt } = decision.end
  if (job.isDeploy) found.deployEnd = decision.end
  // Whoever has started cannot have been left out.
  const isImpossible = conclusion === 'skipped'
  return {
    ...state,
    startedAt: momentOf(run?.startedAt),
    endedAt: momentOf(endedAt),
    conclusion: isImpossible ? 'errored' : conclusion,
    exit: run?.exit ?? null,
    reason: isImpossible
      ? 'It claims to have been skipped, although it had started'
      : reason && shortReason(reason),
    cost: measureCost({ build, ref: state, job: objects, report }, { runFunctions, now }),
  }
}

/** In the only form that the state of a job has. */
const momentOf = (moment: string | null | undefined) => (moment ? new Date(moment).toISOString() : null)
