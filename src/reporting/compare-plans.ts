import { titleOf } from '../model/job.ts'
import { shortenBytes } from '../model/short-reason.ts'
import type { JobRun } from '../records/job-run.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'

/** The plan of a build, and the record of its lead after planning. */
export type Planned = { plan: PlanRecord; lead: JobRun | null }

/** In bytes. Leaves room for a few words. */
const TITLE_BYTES = 80

/**
 * How a retry's plan differs from that of the build that it repeats, as a sentence without the subject's name; null if it does not. A pure
 * function. Ordinals do not count: a retry has its own.
 */
export function describeDifference(old: Planned, now: Planned): string | null {
  const [before, after] = [old.lead?.plan, now.lead?.plan]
  if ((before?.mergeBase ?? null) !== (after?.mergeBase ?? null))
    return 'the base branch has moved on, so that another merge is tested'
  const titles = old.plan.jobs.map(titleOf)
  const others = now.plan.jobs.map(titleOf)
  const missing = titles.find(title => !others.includes(title))
  if (missing !== undefined) return `the job ${shorten(missing)} is missing`
  const added = others.find(title => !titles.includes(title))
  if (added !== undefined) return `the job ${shorten(added)} is new`
  if (titles.some((title, at) => title !== others[at])) return 'its jobs come in another order'
  if (splitsOf(old.plan) !== splitsOf(now.plan)) return 'its test files are others'
  const changed = now.plan.jobs.find((job, at) => !isSameJob(job, old.plan.jobs[at]))
  if (changed) return `the job ${shorten(titleOf(changed))} has another command, environment or setting`
  if (before?.commonDigest === undefined || before.commonDigest !== after?.commonDigest)
    return 'its "env", "git" or "inheritSecrets" is another one'
  if (digestsOf(old.plan) !== digestsOf(now.plan)) return 'its deploy or stage is another one'
  const leftOut = ({ plan }: Planned) => JSON.stringify(plan.leftOut.map(({ name }) => name))
  if (leftOut(old) !== leftOut(now)) return 'other jobs are left out'
  const setting = SETTINGS.find(key => old.plan[key] !== now.plan[key])
  return setting === undefined ? null : `"${setting}" is another one`
}

const SETTINGS = ['failFast', 'maxParallel', 'cancelSuperseded'] as const

/** Two jobs are not the same if their commands are unknown. */
function isSameJob(job: AcceptedJob, old: AcceptedJob | undefined): boolean {
  const fixed = ({ needs, allowFailure, hasSecrets, isDeploy }: AcceptedJob) =>
    JSON.stringify([needs.map(need => [need.job, need.hasArtifacts]), allowFailure, hasSecrets, isDeploy])
  if (!old || fixed(job) !== fixed(old)) return false
  return job.isDeploy || (job.digest !== undefined && job.digest === old.digest)
}

const shorten = (title: string) => shortenBytes(title, TITLE_BYTES)

const splitsOf = ({ splits = [] }: PlanRecord) =>
  JSON.stringify(splits.map(({ job, files, digest, shardOf }) => [job, files, digest, shardOf]))

const digestsOf = ({ deploys }: PlanRecord) => deploys.map(({ digest }) => digest).join()
