import type { AssumeRole, TemporaryCredentials } from '../aws/sts.ts'
import type { Build } from '../model/build.ts'
import type { JobIdentity } from '../model/job.ts'
import { UserError } from '../model/user-error.ts'
import type { CachingBuild } from '../records/cache-keys.ts'
import type { JobRef } from '../records/keys.ts'
import { sessionNameOf } from './session-name.ts'
import { POLICY_LIMIT, type SessionGrants, sessionPolicyOf } from './session-policy.ts'

/** The name in a session for the job that plans the build, which may be its only one. */
const LEAD_NAME = 'lead'

/** Issues credentials that open only a job's own objects; null: the job uses the function's own. */
export type IssueCredentials = (
  build: CachingBuild & Pick<Build, 'number'>,
  job: JobRef & { identity: JobIdentity | null },
  grants: SessionGrants,
) => Promise<TemporaryCredentials | null>

/** Issues credentials of the session role; none without one, as on a single machine. */
export function openJobCredentials(
  assumeRole: AssumeRole,
  bucket: string,
  roleArn: string | undefined,
): IssueCredentials {
  if (roleArn === undefined) return async () => null
  const [, partition] = roleArn.split(':')
  const bucketArn = `arn:${partition}:s3:::${bucket}`
  return async (build, job, grants) => {
    const policy = sessionPolicyOf(build, job, bucketArn, grants)
    if (policy.length > POLICY_LIMIT) {
      throw new UserError(
        `The rights of a build of ${build.project} do not fit into a session policy (${policy.length} of ${POLICY_LIMIT} characters). Give the job or the stage a role with a shorter name, or the stack one, which is part of its bucket's.`,
      )
    }
    const name = sessionNameOf(build, grants.stage ?? job.identity?.name ?? LEAD_NAME)
    return assumeRole({ roleArn, name, policy }).catch(error => {
      throw isPackedTooLarge(error)
        ? new UserError(describePacked(build.project, String(error.message)))
        : error
    })
  }
}

/**
 * STS also limits the packed size of a policy, which cannot be computed.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
const isPackedTooLarge = (error: unknown): error is Error =>
  error instanceof Error && error.name.startsWith('PackedPolicyTooLarge')

function describePacked(project: string, message: string): string {
  const [percent] = /\d+(?=%)/.exec(message) ?? []
  const size = percent === undefined ? '' : ` (${percent}% of the space)`
  return `AWS cannot pack the rights of a build of ${project} into a session policy${size}. Give its branches, jobs, stages and roles shorter names, or the stack one, which is part of its bucket's.`
}
