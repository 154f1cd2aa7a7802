import { isDeepStrictEqual } from 'node:util'
import { explainLostArtifacts } from '../admission/lost-artifacts.ts'
import { decideNeeded } from '../admission/repetition.ts'
import type { Build } from '../model/build.ts'
import { titleOf } from '../model/job.ts'
import { splitOf } from '../model/split.ts'
import type { JobRun } from '../records/job-run.ts'
import { type AcceptedJob, MOST_PLANNED_JOBS, type PlanRecord } from '../records/plan-record.ts'
import { readRecords } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import type { Records } from '../records/view.ts'

type Planned = { build: Build; lead: JobRun | null }

/**
 * Replaces the plan of a build that only repeats a job by the requested number of runs of that job, after the jobs whose artifacts it gets,
 * which passed in the repeated build. No run is repeated if it fails, or ends the others.
 * @param lead its own record
 */
export async function completeRepetition(
  store: Store,
  { build, lead }: Planned,
  plan: PlanRecord,
): Promise<{ plan: PlanRecord } | { refused: string }> {
  const { project, commit, trigger, repeats, rebuildOf, trust } = build
  if (!repeats || rebuildOf === null) return { plan }
  const refuse = (why: string) => ({ refused: `${repeats.job} of #${rebuildOf} cannot be repeated: ${why}` })
  const old = await readRecords(store, { project, number: rebuildOf })
  if (!old || old.build.commit !== commit || old.build.trigger !== trigger)
    return refuse('there is no such build of this commit')
  const job = plan.jobs.find(each => !each.isDeploy && titleOf(each) === repeats.job)
  if (!job) return refuse('its commit does not have this job')
  const difference = describeDifference(old, { job, plan, lead })
  if (difference !== null) return refuse(difference)
  const decided = decideNeeded(old, job, trust)
  if ('refused' in decided) return refuse(decided.refused)
  const { needed } = decided
  if (needed.length + repeats.times > MOST_PLANNED_JOBS) return refuse('it gets artifacts of too many jobs')
  const needs = job.needs.filter(({ hasArtifacts }) => hasArtifacts)
  const { retry: _, ...rest } = job
  const runs = Array.from({ length: repeats.times }, (__, at): AcceptedJob => {
    const repetition = { index: at + 1, count: repeats.times }
    return { ...rest, needs, allowFailure: false, repetition }
  })
  const jobs = [...needed, ...runs].map((each, at) => ({ ...each, key: at + 1 }))
  const takenOver = jobs.map(each => each.passedIn ?? null)
  const complete = { ...plan, jobs, leftOut: [], failFast: false, cancelSuperseded: false, deploys: [] }
  const lost = await explainLostArtifacts(store, project, complete, takenOver)
  return lost === null ? { plan: complete } : refuse(lost)
}

/** How the job differs from the one that ran, so that something else would be tried; null if it does not. */
function describeDifference(
  { plan, run }: Records,
  { job, plan: now, lead }: { job: AcceptedJob; plan: PlanRecord; lead: JobRun | null },
): string | null {
  const [before, after] = [run?.plan, lead?.plan]
  if ((before?.mergeBase ?? null) !== (after?.mergeBase ?? null))
    return 'the base branch has moved on, so that another merge would be tested'
  const ran = plan?.jobs.find(each => titleOf(each) === titleOf(job))
  // For a build without a plan, the command is known from its log.
  const isOther = ran === undefined ? before?.cmd !== after?.cmd : ran.digest !== job.digest
  if (isOther || (before && before.commonDigest !== after?.commonDigest))
    return 'it has another command, environment or setting now'
  const [split, ownSplit] = [plan && splitOf(plan, job.name), splitOf(now, job.name)]
  return isDeepStrictEqual(split ?? undefined, ownSplit) ? null : 'its test files are others now'
}
