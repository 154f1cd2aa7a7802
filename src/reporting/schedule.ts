import { concludeJobs, isDone, isRedJob, type JobOutcome } from '../model/conclude-jobs.ts'
import type { Conclusion } from '../model/conclusion.ts'
import { titleOf } from '../model/job.ts'
import type { CancelRequest } from '../records/cancel-request.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'
import type { JobState } from '../records/report-record.ts'

/** A job of a plan, and how it stands. */
export type Standing = { job: AcceptedJob; state: JobState }

/** What follows from how the jobs of a build stand. */
export type Schedule = {
  /** Jobs that will not run, and how they end. */
  ended: { key: number; conclusion: Conclusion; reason: string }[]
  /** Jobs that may start now, in the order of the plan. */
  ready: Standing[]
  /** The first job that failed, if it ends the others that are running. */
  endsOthers: string | null
  /** How all jobs but the deploy ended; null as long as some have not. */
  conclusion: { conclusion: Conclusion; reason: string | null } | null
}

/** Decides which jobs start, and which never will. A pure function. */
export function scheduleJobs(
  plan: PlanRecord,
  states: readonly JobState[],
  request: CancelRequest | null,
): Schedule {
  const byKey = new Map(states.map(state => [state.key, state]))
  const all = plan.jobs.flatMap(job => {
    const state = byKey.get(job.key)
    return state ? [{ job, state }] : []
  })
  const isCancelled = request !== null && (request.supersededBy === null || plan.cancelSuperseded)
  const tests = all.filter(({ job }) => !job.isDeploy)
  const failed = tests.find(each => isRed(each))
  const ended: Schedule['ended'] = []
  const ready: Standing[] = []
  for (const each of all) {
    const { job, state } = each
    if (state.conclusion !== null || state.publications > 0) continue
    const end = (conclusion: Conclusion, reason: string) => ended.push({ key: job.key, conclusion, reason })
    // A job that ended by failing says more than the request that it has led to.
    const behind = failed && (plan.failFast || job.isDeploy) ? failed : redNeedOf(job, tests, ended)
    if (behind)
      end(
        'skipped',
        `${titleOf(behind.job)} ${behind.state.conclusion === 'errored' ? 'ended in an error' : 'failed'}`,
      )
    else if (isCancelled) end('cancelled', request.why)
    else if (needsOf(job, tests).some(need => endOf(need, ended) !== null && !isDoneJob(need)))
      end('cancelled', whyOf(job, tests, ended))
    else if (needsOf(job, tests).every(isDoneJob)) ready.push(each)
  }
  const isOver = tests.every(each => endOf(each, ended) !== null)
  const outcomes = tests.map(each => outcomeOf(each, ended))
  return {
    ended,
    ready: isOver && concludeJobs(outcomes).conclusion !== 'passed' ? [] : ready,
    endsOthers: failed && plan.failFast ? titleOf(failed.job) : null,
    conclusion: isOver ? concludeJobs(outcomes) : null,
  }
}

type Ended = Schedule['ended']

const needsOf = (job: AcceptedJob, tests: readonly Standing[]) =>
  tests.filter(each => job.needs.some(need => need.job === each.job.name))

/** The red job that one needs, be it behind others. */
const redNeedOf = (job: AcceptedJob, tests: readonly Standing[], ended: Ended): Standing | undefined => {
  const needs = needsOf(job, tests)
  const red = needs.find(isRed)
  if (red) return red
  const skipped = needs.find(each => endOf(each, ended) === 'skipped')
  return skipped && redNeedOf(skipped.job, tests, ended)
}

const endOf = ({ state }: Standing, ended: Ended): Conclusion | null =>
  state.conclusion ?? ended.find(({ key }) => key === state.key)?.conclusion ?? null

const whyOf = (job: AcceptedJob, tests: readonly Standing[], ended: Ended): string => {
  const need = needsOf(job, tests).find(each => endOf(each, ended) === 'cancelled')
  const end = need && ended.find(({ key }) => key === need.state.key)
  return end?.reason ?? need?.state.reason ?? 'a job that it needs has not run'
}

function outcomeOf(each: Standing, ended: Ended): JobOutcome {
  const { job, state } = each
  const end = ended.find(({ key }) => key === state.key)
  return {
    title: titleOf(job),
    conclusion: endOf(each, ended) ?? 'errored',
    exit: state.exit,
    reason: end?.reason ?? state.reason,
    allowFailure: job.allowFailure,
  }
}

const isDoneJob = (each: Standing) => each.state.conclusion !== null && isDone(outcomeOf(each, []))
const isRed = (each: Standing) => each.state.conclusion !== null && isRedJob(outcomeOf(each, []))
