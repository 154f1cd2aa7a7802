import type { Build } from '../model/build.ts'
import { type CachingBuild, cachePlaces } from '../records/cache-keys.ts'
import { buildKeys, type JobRef, jobKeys, stagesPrefix } from '../records/keys.ts'

/** STS's limit, in characters. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const POLICY_LIMIT = 2048

/** What a job may reach beyond its own objects. */
export type SessionGrants = {
  /** Keys of the objects that hold its secret variables. */
  secretVariables: readonly string[]
  /** Roles that its deploy may assume. */
  deployRoles?: readonly string[]
}

/**
 * The policy that narrows the session role's rights to one job's keys. A pure function. It stays within STS's limit for
 * the longest names that GitHub and S3 allow: with very long ones, caches of other branches are not read.
 */
export function sessionPolicyOf(
  build: CachingBuild & Pick<Build, 'number'>,
  job: JobRef,
  bucketArn: string,
  { secretVariables, deployRoles = [] }: SessionGrants,
): string {
  const { project, trust } = build
  const [own, ...others] = cachePlaces(build).map(({ prefix }) => `${prefix}*`)
  // The session role narrows these: it allows no record to be written twice.
  const written = [`${jobKeys(build, job).prefix}*`, ...(own ? [own] : [])]
  if (trust === 'protected') written.push(`${stagesPrefix(project)}*`)
  const { cancel, gate } = buildKeys(build)
  const answers = trust === 'protected' ? [cancel, gate] : [cancel]
  const secrets = trust === 'fork' ? [] : secretVariables
  const roles = trust === 'protected' ? deployRoles : []
  const arn = (key: string) => `${bucketArn}/${key}`
  const policyWith = (caches: readonly string[]) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        allow(['s3:GetObject', 's3:PutObject'], written.map(arn)),
        allow(['s3:GetObject'], [...answers, ...caches, ...secrets].map(arn)),
        ...(roles.length > 0 ? [allow(['sts:AssumeRole'], roles)] : []),
      ],
    })
  // The last place, which branches share, is the most useful one.
  while (others.length > 0 && policyWith(others).length > POLICY_LIMIT) others.splice(-2, 1)
  return policyWith(others)
}

const allow = (Action: readonly string[], Resource: readonly string[]) => ({
  Effect: 'Allow',
  Action,
  Resource,
})
