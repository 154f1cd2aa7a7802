import type { Build } from '../model/build.ts'
import { type CachingBuild, cachePlaces } from '../records/cache-keys.ts'
import {
  buildKeys,
  buildOutPrefix,
  type JobRef,
  jobKeys,
  outPrefix,
  stageKeys,
  timingsPrefix,
} from '../records/keys.ts'

/** STS's limit, in characters. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const POLICY_LIMIT = 2048

/** A job's access beyond its own objects. */
export type SessionGrants = {
  /** Keys of the objects that hold its secret variables. */
  secretVariables: readonly string[]
  /** The stage that it deploys to, if it is the deploy of its build, which is of trust `protected`. Null: it is not. */
  stage?: string | null
  /** The role that its command runs with. Null: none. Jobs of trust `fork` have none. */
  jobRole?: string | null
  /** The role that it assumes if it deploys. Null: none. */
  deployRole?: string | null
  /** Whether it is the lead, which divides files by their seconds in earlier builds. */
  plans?: boolean
  /** Whether it gets artifacts of other jobs of its build. */
  readsArtifacts?: boolean
  /** The numbers of other builds whose artifacts it gets, because their jobs were taken over. At most three. */
  retriedBuilds?: readonly number[]
  /** For a deploy by hand: its stage, and the numbers of the builds whose artifacts it gets that are kept there. */
  kept?: { stage: string; builds: readonly number[] } | null
}

/**
 * The policy that narrows the session role's rights to one job's keys. A pure function. It stays within STS's limit for the longest names
 * that GitHub and S3 allow: with very long ones, caches of other branches are not read; if that is not enough, its own are neither read nor
 * saved, a published deploy can no longer be cancelled, and one by hand may read all artifacts that are kept under its stage.
 */
export function sessionPolicyOf(
  build: CachingBuild & Pick<Build, 'number'>,
  job: JobRef,
  bucketArn: string,
  {
    secretVariables,
    stage = null,
    deployRole = null,
    jobRole = null,
    plans = false,
    readsArtifacts = false,
    retriedBuilds = [],
    kept = null,
  }: SessionGrants,
): string {
  const { project, trust } = build
  const deploys = stage !== null
  const places = cachePlaces(build, stage)
  const [own, ...others] = places.map(({ prefix }) => `${prefix}*`)
  // A deploy leaves no artifacts.
  const left = deploys ? [] : [`${outPrefix(build, job)}*`]
  // The session role narrows these: it prevents writing a record twice.
  const written = [`${jobKeys(build, job).prefix}*`, ...left]
  const { cancel } = buildKeys(build)
  const wanted = [cancel, ...(plans ? [`${timingsPrefix(project)}*`] : [])]
  const builds = [...(readsArtifacts ? [build.number] : []), ...retriedBuilds]
  const artifacts = builds.map(number => `${buildOutPrefix({ project, number })}*`)
  const keptAt = kept && stageKeys({ project, stage: kept.stage }).artifacts
  const keptBuilds = deploys ? (kept?.builds.map(number => `${keptAt}${number}/*`) ?? []) : []
  const secrets = trust === 'fork' ? [] : secretVariables
  const role = deploys ? deployRole : trust === 'fork' ? null : jobRole
  const arn = (key: string) => `${bucketArn}/${key}`
  const policyWith = (
    caches: readonly string[],
    saved: readonly string[],
    { requests = wanted, taken = keptBuilds } = {},
  ) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        allow(['s3:GetObject', 's3:PutObject'], [...written, ...saved].map(arn)),
        allow(['s3:GetObject'], [...requests, ...artifacts, ...taken, ...caches, ...secrets].map(arn)),
        ...(role === null ? [] : [assuming(role)]),
      ],
    })
  // The last place, shared by branches, is the most useful one.
  const saved = own ? [own] : []
  while (others.length > 0 && policyWith(others, saved).length >= POLICY_LIMIT) others.splice(-2, 1)
  const policy = policyWith(others, saved)
  if (policy.length < POLICY_LIMIT) return policy
  if (!deploys) return policyWith(others, [])
  const withoutCaches = policyWith([], [])
  if (withoutCaches.length < POLICY_LIMIT) return withoutCaches
  const uncancelled = policyWith([], [], { requests: [] })
  if (uncancelled.length < POLICY_LIMIT || keptBuilds.length === 0) return uncancelled
  return policyWith([], [], { requests: [], taken: [`${keptAt}*`] })
}

const allow = (Action: readonly string[], Resource: readonly string[]) => ({
  Effect: 'Allow',
  Action,
  Resource,
})

/** As short as possible, because a role's ARN is long. */
const assuming = (Resource: string) => ({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource })
