import { once } from '../build/once.ts'
import { patience } from '../build/patience.ts'
import type { Job } from '../job/job.ts'
import { Problem } from '../problem.ts'
import { POLICY_LIMIT, sessionPolicyOf } from './session-policy.ts'

export type SessionCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken: string }

/** Credentials that open a job's own objects and no others; null where the function's own are to be used. */
export type MintCredentials = (
  job: Pick<Job, 'project' | 'number' | 'trust'>,
  grants: { secretVariables: readonly string[]; deployRoles: readonly string[] },
) => Promise<SessionCredentials | null>

/**
 * All that a role gives to another role's session: an hour, longer than an order may wait and a build may take together.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
 */
const LIFE_SECONDS = 3600

/** Without a session role, as on a machine of one's own, there are no credentials to mint. */
export function openCredentials(bucket: string, roleArn: string | undefined): MintCredentials {
  if (roleArn === undefined) return async () => null
  const sts = once(() => import('@aws-sdk/client-sts'))
  const client = once(async () => new (await sts()).STSClient(patience))
  const [, partition] = roleArn.split(':')
  const bucketArn = `arn:${partition}:s3:::${bucket}`
  return async (job, grants) => {
    const Policy = sessionPolicyOf({ job, bucketArn, ...grants })
    if (Policy.length > POLICY_LIMIT) {
      throw new Problem(
        `The rights of a build of ${job.project} do not fit into a session policy (${Policy.length} of ${POLICY_LIMIT} characters): shorten the name of the stack, whose bucket carries it, or give the branch fewer deploy roles.`,
      )
    }
    const { AssumeRoleCommand } = await sts()
    const { Credentials: minted } = await (await client()).send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: sessionNameOf(job),
        DurationSeconds: LIFE_SECONDS,
        Policy,
      }),
    )
    const { AccessKeyId, SecretAccessKey, SessionToken } = minted ?? {}
    if (!AccessKeyId || !SecretAccessKey || !SessionToken) throw new Error('STS gave no credentials')
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
  }
}

/** What the account's own trail shows for whatever the build does; 64 characters at most. */
const sessionNameOf = ({ project, number }: Pick<Job, 'project' | 'number'>) =>
  `${project.replaceAll('/', '.').slice(0, 52)}-${number}`
