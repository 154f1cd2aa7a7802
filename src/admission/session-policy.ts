import type { Build } from '../model/build.ts'
import { type CachingBuild, cachePlaces } from '../records/cache-keys.ts'
import { buildKeys, stagesPrefix } from '../records/keys.ts'

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
 * the longest names that GitHub and S3 allow.
 */
export function sessionPolicyOf(
  build: CachingBuild & Pick<Build, 'number'>,
  bucketArn: string,
  { secretVariables, deployRoles = [] }: SessionGrants,
): string {
  const { project, trust } = build
  const [own, ...others] = cachePlaces(build).map(({ prefix }) => `${prefix}*`)
  // The session role narrows the build's prefix: it allows writing the record and the log, and reading these, cancel requests
  // and the gate's answer.
  const written = [`${buildKeys(build).prefix}*`, ...(own ? [own] : [])]
  const read = [...others, ...(trust === 'fork' ? [] : secretVariables)]
  if (trust === 'protected') written.push(`${stagesPrefix(project)}*`)
  const roles = trust === 'protected' ? deployRoles : []
  const arn = (key: string) => `${bucketArn}/${key}`
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      allow(['s3:GetObject', 's3:PutObject'], written.map(arn)),
      ...(read.length > 0 ? [allow(['s3:GetObject'], read.map(arn))] : []),
      ...(roles.length > 0 ? [allow(['sts:AssumeRole'], roles)] : []),
    ],
  })
}

const allow = (Action: readonly string[], Resource: readonly string[]) => ({
  Effect: 'Allow',
  Action,
  Resource,
})
