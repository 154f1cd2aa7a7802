import { patience } from '../build/patience.ts'
import type { Credentials } from '../build/store.ts'
import type { BuildLog } from '../log/build-log.ts'
import { Problem } from '../problem.ts'

/** As long as a role may be held by way of another: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining */
const LIFE_SECONDS = 3600

export type Asked = {
  /** Null: the deploy has no AWS credentials. */
  roleArn: string | null
  sessionName: string
  /** Those of the job; null where the function's own count. */
  credentials: Credentials | null
  region: string
}

/**
 * The environment by which a deploy acts as a role, which the log learns of and hides. The role must trust the session
 * role, and the job must have been admitted to it.
 * @throws Problem where AWS refuses
 */
export async function takeRole(log: BuildLog, asked: Asked): Promise<Record<string, string>> {
  const { roleArn, region } = asked
  if (roleArn === null) {
    await log.say('The deploy has no AWS credentials: the account names no role for it')
    return {}
  }
  const { AccessKeyId, SecretAccessKey, SessionToken } = (await assume(roleArn, asked)) ?? {}
  if (!AccessKeyId || !SecretAccessKey || !SessionToken) throw new Error('STS gave no credentials')
  await log.hide([SecretAccessKey, SessionToken])
  await log.say(`The deploy acts as ${roleArn}`)
  return {
    AWS_ACCESS_KEY_ID: AccessKeyId,
    AWS_SECRET_ACCESS_KEY: SecretAccessKey,
    AWS_SESSION_TOKEN: SessionToken,
    // Older tools read this one alone.
    AWS_DEFAULT_REGION: region,
  }
}

async function assume(RoleArn: string, { sessionName, credentials }: Asked) {
  // Loaded by those alone who deploy with a role.
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts')
  const client = new STSClient({ ...patience, ...(credentials && { credentials }) })
  const RoleSessionName = sessionName.slice(0, 64)
  const answer = await client
    .send(new AssumeRoleCommand({ RoleArn, RoleSessionName, DurationSeconds: LIFE_SECONDS }))
    .catch(error => {
      throw new Problem(
        `The role ${RoleArn} cannot be assumed (${(error as Error).name}): it must be in the stack's DeployRoles, and trust its session role.`,
      )
    })
    .finally(() => client.destroy())
  return answer.Credentials
}
