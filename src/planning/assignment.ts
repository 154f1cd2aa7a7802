import { isDeepStrictEqual } from 'node:util'
import { artifactNameOf } from '../model/artifact-name.ts'
import type { Build } from '../model/build.ts'
import { DEPLOY_JOB, type JobIdentity, titleOf, VERIFY_JOB } from '../model/job.ts'
import { UserError } from '../model/user-error.ts'
import type { Draft, PlannedDeploy } from '../records/plan-record.ts'
import type { PlannedDeployment } from './deploy.ts'
import { draftOf, plannedDeploy, seesAll } from './draft.ts'
import { type AcceptedFiles, onlyThese, withFiles } from './file-share.ts'
import type { BuildPlan } from './plan.ts'
import type { AssignedJob, DeployStep, PlannedArtifact, PlannedJob } from './planned-job.ts'

/** The part of a plan that one invocation runs. */
export type Assignment = {
  /** The lead's proposal to report, if other invocations must run some of the jobs. */
  draft: Draft | null
  /** The job that it runs. Null for none. */
  job: AssignedJob | null
  /** The deploy that it runs, if it does nothing else. */
  deploy: DeployStep | null
  /** Whether its process must run no job after it: it holds secrets that another job of the build must not see. */
  endsProcess?: boolean
}

/** `after`: the stages that the build has deployed to before. */
type AcceptedDeploy = Pick<PlannedDeploy, 'stage' | 'digest'> & { after?: readonly string[] | undefined }

type Assigned = {
  build: Pick<Build, 'retryOf' | 'target' | 'repeats'>
  job: {
    identity: JobIdentity | null
    /** For a job that deploys or verifies: the deploy that report has accepted. */
    deploy?: AcceptedDeploy | null | undefined
    /** For a shard: its files. */
    files?: AcceptedFiles | undefined
  }
}

/**
 * The assignment of the invocation that runs the job with this identity; null for the lead. The lead of a build of one job runs it
 * itself. If there are several, it runs the first one, unless that job must not see all secrets that the lead holds, or gets a role or a
 * token, which the lead does not have. The lead of a retry or of a deploy by hand only plans: jobs that have passed do not run again. The
 * lead of a build that only repeats a job only plans, too.
 * @throws UserError if the plan has no such job, or is too large
 */
export function assign(
  plan: BuildPlan,
  { build, job: { identity, deploy, files } }: Assigned,
  heldSecrets: readonly string[],
): Assignment {
  if (identity?.name === DEPLOY_JOB) {
    const { deploy: own } = requireDeploy(plan, deploy)
    return { draft: null, job: null, deploy: own }
  }
  if (identity?.name === VERIFY_JOB)
    return { draft: null, job: requireDeploy(plan, deploy).verify, deploy: null }
  const endsProcess = plan.jobs.some(job => !seesAll(job, heldSecrets))
  if (identity) {
    const job = plan.jobs.find(each => titleOf(each) === titleOf(identity))
    if (!job) throw new UserError(`This commit has no job ${titleOf(identity)}, which was planned.`)
    const own = onlyThese(withFiles(job, plan, files), build.repeats?.files)
    return { draft: null, job: own, deploy: null, endsProcess }
  }
  const onlyPlans = { job: null, deploy: null, endsProcess }
  if (build.retryOf !== null || build.target || build.repeats)
    return { draft: { ...draftOf(plan, heldSecrets), leadRunsFirst: false }, ...onlyPlans }
  const [first] = plan.jobs
  if (!first && plan.deploys.length === 0) return { ...onlyPlans, draft: null }
  const draft = draftOf(plan, heldSecrets)
  if (!first || !draft.leadRunsFirst) return { ...onlyPlans, draft }
  return { ...onlyPlans, draft: isOnlyJob(plan, first) ? null : draft, job: withFiles(first, plan) }
}

/** @throws UserError if the deploy of the commit is not the one that the lead proposed, or does not follow the same stages */
function requireDeploy(
  { deploys }: BuildPlan,
  accepted: AcceptedDeploy | null | undefined,
): PlannedDeployment {
  const at = deploys.findIndex(({ stage }) => stage.name === accepted?.stage)
  const own = deploys[at]
  const before = deploys.slice(0, at).map(({ stage }) => stage.name)
  const isAccepted = own && plannedDeploy(own).digest === accepted?.digest
  if (isAccepted && isDeepStrictEqual(before, accepted?.after ?? [])) return own
  throw new UserError('This commit does not have the deploy that was planned.')
}

/** Whether the end of this job is all there is to report about the build. */
const isOnlyJob = ({ jobs, leftOut, deploys }: BuildPlan, { shard, allowFailure, retry }: PlannedJob) =>
  deploys.length === 0 &&
  jobs.length === 1 &&
  leftOut.length === 0 &&
  shard === null &&
  !allowFailure &&
  retry === 0

/** The caches of an invocation. */
export const cachesIn = ({ job, deploy }: Assignment): PlannedJob['cache'] =>
  job?.cache ?? deploy?.cache ?? []

/** The artifacts that a job leaves. Those of a cell or a shard have their own names. */
export const artifactsOf = (job: PlannedJob): PlannedArtifact[] =>
  job.artifacts.map(artifact => ({ ...artifact, name: artifactNameOf(artifact.name, job) }))

/** The artifacts of another job that an invocation gets, as declared. */
export function neededArtifacts({ job, deploy }: Assignment, from: PlannedJob): PlannedArtifact[] {
  const wanted = job ? job.needs.find(need => need.job === from.name) : null
  const names = deploy ? deploy.artifacts : wanted ? wanted.artifacts : []
  return from.artifacts
    .filter(({ name }) => names === null || names.includes(name))
    .map(artifact => ({ ...artifact, name: artifactNameOf(artifact.name, from) }))
}
