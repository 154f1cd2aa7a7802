import { describeBytes } from '../model/describe-bytes.ts'
import { MAX_TITLE, titleOf } from '../model/job.ts'
import { packShards } from '../model/split.ts'
import { UserError } from '../model/user-error.ts'
import { RUN_RECORD_LIMIT } from '../records/job-run.ts'
import type { Draft, DraftedJob, PlannedDeploy } from '../records/plan-record.ts'
import type { PlannedDeployment } from './deploy.ts'
import { digestOf } from './digest.ts'
import type { Plan } from './plan.ts'
import type { PlannedJob } from './planned-job.ts'
import type { PlannedSplit } from './split.ts'

/** In bytes, as JSON. The rest of the lead's record has the remaining room. */
export const DRAFT_LIMIT = RUN_RECORD_LIMIT - 24 * 1024

/** In characters, as the record has it. */
const MAX_REASON = 300

/**
 * The lead's proposal: the jobs of a plan, by name.
 * @param heldSecrets the names of the secret variables that the lead holds: it runs the first job only if that job gets all of them, and
 *   neither a role nor a token, which the lead never holds
 * @throws UserError if the plan is too large
 */
export function draftOf(
  { jobs, leftOut, splits, failFast, maxParallel, cancelSuperseded, deploys }: Plan & { build: true },
  heldSecrets: readonly string[],
): Draft {
  const long = jobs.map(titleOf).find(title => title.length > MAX_TITLE)
  if (long !== undefined)
    throw new UserError(
      `The values of a matrix are too long: the title of the job ${long.slice(0, 100).toWellFormed()}… has ${long.length} characters, and ${MAX_TITLE} are allowed. Use shorter values.`,
    )
  const [first] = jobs
  const draft = {
    leftOut: leftOut.map(({ name, reason }) => ({ name, reason: shortened(reason) })),
    ...{ failFast, maxParallel, cancelSuperseded },
    jobs: [...Map.groupBy(jobs, ({ name }) => name).values()].flatMap(draftedJob),
    leadRunsFirst:
      first !== undefined &&
      first.access.role === null &&
      first.access.token === null &&
      seesAll(first, heldSecrets),
    deploys: deploys.map(plannedDeploy),
    ...draftedSplits(splits, jobs),
  }
  const bytes = Buffer.byteLength(JSON.stringify(draft))
  if (bytes > DRAFT_LIMIT)
    throw new UserError(
      `The plan of this build is too large: its ${jobs.length} jobs take ${describeBytes(bytes)}, and ${describeBytes(DRAFT_LIMIT)} are allowed. Use shorter names, fewer "needs", or shorter values in matrices.`,
    )
  return draft
}

/** In characters, as the record of a deploy has it. */
const MAX_ERROR = 500

/** The part of a deploy that report must know. */
export function plannedDeploy(planned: PlannedDeployment): PlannedDeploy {
  const { name, url, error } = planned.stage
  const { deploy, isManual, verify } = planned
  return {
    ...{ stage: name, url, error: error?.slice(0, MAX_ERROR) ?? null },
    ...{ isManual, hasVerify: verify !== null, artifacts: [...(deploy?.artifacts ?? [])] },
    digest: digestOf(planned),
  }
}

/** Whether a job gets all secret variables of these names. */
export const seesAll = ({ secrets }: PlannedJob, names: readonly string[]) =>
  secrets === null || names.every(name => secrets.includes(name))

const isFirstShard = ({ shard }: PlannedJob) => shard === null || shard.index === 1
/** The number of shards of a job that files divide depends on how long they took, and not on the commit. */
const withoutShard = ({ shard, ...job }: PlannedJob) => job

/** The splits of the files of these jobs; nothing if there are none. */
function draftedSplits(splits: readonly PlannedSplit[], jobs: readonly PlannedJob[]): Pick<Draft, 'splits'> {
  const own = splits.filter(({ job }) => jobs.some(({ name }) => name === job))
  if (own.length === 0) return {}
  return {
    splits: own.map(({ job, files, shardOf }) => ({
      ...{ job, files: files.length, digest: digestOf(files) },
      shardOf: packShards(shardOf),
    })),
  }
}

/** `jobs` have one name. */
function draftedJob(jobs: readonly PlannedJob[]): DraftedJob[] {
  const [first] = jobs
  if (!first) return []
  const { name, shard, needs, allowFailure, secrets, retry } = first
  return [
    {
      name,
      cells: jobs.filter(isFirstShard).map(({ cell }) => cell),
      shards: shard?.count ?? null,
      needs: needs.map(({ job }) => job),
      withoutArtifacts: needs.filter(({ artifacts }) => artifacts?.length === 0).map(({ job }) => job),
      allowFailure,
      hasSecrets: secrets === null || secrets.length > 0,
      digest: digestOf(first.split ? jobs.filter(isFirstShard).map(withoutShard) : jobs),
      ...(retry > 0 && { retry }),
      ...(first.artifacts.length > 0 && { artifacts: first.artifacts.map(artifact => artifact.name) }),
    },
  ]
}

const shortened = (reason: string) =>
  reason.length <= MAX_REASON ? reason : `${reason.slice(0, MAX_REASON - 1).toWellFormed()}…`
