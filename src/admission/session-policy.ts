import { buildKeys, cachePrefix, stagesPrefix } from '../build/layout.ts'
import type { Job } from '../job/job.ts'

/** STS's limit, in characters. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const POLICY_LIMIT = 2048

export type Scope = {
  job: Pick<Job, 'project' | 'number' | 'trust'>
  /** `arn:aws:s3:::<bucket>`. */
  bucketArn: string
  /** Keys of the objects with secret variables that this job gets. */
  secretVariables: readonly string[]
  /** Roles that its deploy may assume. */
  deployRoles?: readonly string[]
}

/**
 * What one job's credentials open: the session role's own rights, narrowed to the job's keys. A pure function; for the
 * longest names that GitHub and S3 allow it stays within the limit.
 */
export function sessionPolicyOf({ job, bucketArn, secretVariables, deployRoles = [] }: Scope): string {
  const { run, log, cancel } = buildKeys(job)
  const written = [run, logPattern(log.whole)]
  const read = [cancel]
  if (job.trust !== 'fork') {
    written.push(`${cachePrefix(job.project, job.trust)}*`)
    read.push(...secretVariables)
  }
  if (job.trust === 'branch') read.push(`${cachePrefix(job.project, 'deploy')}*`)
  if (job.trust === 'deploy') written.push(`${stagesPrefix(job.project)}*`)
  const roles = job.trust === 'deploy' ? deployRoles : []
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

/** `log*` is `log.txt` and `log/…` in one, for want of characters; the role itself names no more than these two. */
const logPattern = (whole: string) => whole.replace(/\.txt$/, '*')
