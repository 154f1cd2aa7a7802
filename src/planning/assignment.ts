import { artifactNameOf } from '../model/artifact-name.ts'
import type { Build } from '../model/build.ts'
import { DEPLOY_JOB, type JobIdentity, titleOf } from '../model/job.ts'
import { UserError } from '../model/user-error.ts'
import type { Draft, PlannedDeploy } from '../records/plan-record.ts'
import { draftOf, plannedDeploy, seesAll } from './draft.ts'
import type { Plan } from './plan.ts'
import type { PlannedArtifact, PlannedJob } from './planned-job.ts'

export type BuildPlan = Extract<Plan, { build: true }>

/** What one invocation does of a plan. */
export type Assignment = {
  /** What the lead proposes to report, if other invocations must run some of the jobs. */
  draft: Draft | null
  /** The job that it runs. Null for none. */
  job: PlannedJob | null
  /** Whether it deploys, and does nothing else. */
  deploys: boolean
  /** Whether its process must run no job after it: it holds secrets that another job of the build is not to see. */
  endsProcess?: boolean
}

type Assigned = {
  build: Pick<Build, 'retryOf' | 'target'>
  job: {
    identity: JobIdentity | null
    /** Of the deploy: what report has accepted. */
    deploy?: Pick<PlannedDeploy, 'stage' | 'digest'> | null | undefined
  }
}

/**
 * What an invocation does that is to run the job with this identity; null for the lead. The lead of a build of one job
 * runs it itself. Of several jobs, it runs the first one, unless that one is not to see all secrets that the lead holds, or gets a
 * role or a token, which the lead has not. The lead of a retry or of a deploy by hand only plans: what has
 * passed before does not run again.
 * @throws UserError if the plan has no such job, or is too large
 */
export function assign(
  plan: BuildPlan,
  { build, job: { identity, deploy } }: Assigned,
  heldSecrets: readonly string[],
): Assignment {
  if (identity?.name === DEPLOY_JOB) {
    requireDeploy(plan, deploy)
    return { draft: null, job: null, deploys: true }
  }
  const endsProcess = plan.jobs.some(job => !seesAll(job, heldSecrets))
  if (identity) {
    const job = plan.jobs.find(each => titleOf(each) === titleOf(identity))
    if (!job) throw new UserError(`This commit has no job ${titleOf(identity)}, which was planned.`)
    return { draft: null, job, deploys: false, endsProcess }
  }
  const onlyPlans = { job: null, deploys: false, endsProcess }
  if (build.retryOf !== null || build.target)
    return { draft: { ...draftOf(plan, heldSecrets), leadRunsFirst: false }, ...onlyPlans }
  const [first] = plan.jobs
  if (!first && plan.stage === null) return { ...onlyPlans, draft: null }
  const draft = draftOf(plan, heldSecrets)
  if (!first || !draft.leadRunsFirst) return { ...onlyPlans, draft }
  return { ...onlyPlans, draft: isOnlyJob(plan, first) ? null : draft, job: first }
}

/** @throws UserError if the commit deploys something else than what the lead has proposed */
function requireDeploy({ deploy, stage }: BuildPlan, accepted: Assigned['job']['deploy']): void {
  const own = stage && plannedDeploy({ deploy, stage })
  if (own && accepted && own.stage === accepted.stage && own.digest === accepted.digest) return
  throw new UserError('This commit does not have the deploy that was planned.')
}

/** Whether there is nothing to say of a build but how this job ended. */
const isOnlyJob = ({ jobs, leftOut, stage }: BuildPlan, { shard, allowFailure }: PlannedJob) =>
  stage === null && jobs.length === 1 && leftOut.length === 0 && shard === null && !allowFailure

/** The artifacts that a job leaves. Those of a cell or a shard have names of their own. */
export const artifactsOf = (job: PlannedJob): PlannedArtifact[] =>
  job.artifacts.map(artifact => ({ ...artifact, name: artifactNameOf(artifact.name, job) }))

/** Which artifacts of another job an invocation gets, as they are declared. */
export function neededArtifacts(
  plan: BuildPlan,
  { job, deploys }: Assignment,
  from: PlannedJob,
): PlannedArtifact[] {
  const wanted = job ? job.needs.find(need => need.job === from.name) : null
  const names = deploys ? (plan.deploy?.artifacts ?? []) : wanted ? wanted.artifacts : []
  return from.artifacts
    .filter(({ name }) => names === null || names.includes(name))
    .map(artifact => ({ ...artifact, name: artifactNameOf(artifact.name, from) }))
}
