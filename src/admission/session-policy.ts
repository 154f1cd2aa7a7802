import type { Build } from '../model/build.ts'
import { buildKeys, cachePrefix, stagesPrefix } from '../records/keys.ts'

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
  build: Pick<Build, 'project' | 'number' | 'trust'>,
  bucketArn: string,
  { secretVariables, deployRoles = [] }: SessionGrants,
): string {
  const { project, trust } = build
  const { run, log, cancel, gate } = buildKeys(build)
  const written = [run, logPattern(log.whole)]
  // What is asked of a build, and whether it may deploy: of all that has this build's prefix, the session role allows no more.
  const read = [trust === 'protected' ? gate.replace(/gate\.json$/, '*') : cancel]
  if (trust !== 'fork') {
    written.push(`${cachePrefix(project, trust)}*`)
    read.push(...secretVariables)
  }
  if (trust === 'branch') read.push(`${cachePrefix(project, 'protected')}*`)
  if (trust === 'protected') written.push(`${stagesPrefix(project)}*`)
  const roles = trust === 'protected' ? deployRoles : []
  const arn = (key: string) => `${bucketArn}/${key}`
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      allow(['s3:GetObject', 's3:PutObject'], written.map(arn)),
      allow(['s3:GetObject'], read.map(arn)),
      ...(roles.length > 0 ? [allow(['sts:AssumeRole'], roles)] : []),
    ],
  })
}

const allow = (Action: readonly string[], Resource: readonly string[]) => ({
  Effect: 'Allow',
  Action,
  Resource,
})

/** `log*` stands for `log.txt` and `log/…`, to save characters; the session role itself allows only these two. */
const logPattern = (whole: string) => whole.replace(/\.txt$/, '*')
