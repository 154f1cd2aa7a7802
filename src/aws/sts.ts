import { clientDefaults } from './client-defaults.ts'
import { lazy } from './lazy.ts'

export type TemporaryCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken: string }

/**
 * The longest session of a role that was assumed through another role, in seconds.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
 */
const SESSION_SECONDS = 3600

export type AssumeRole = (session: {
  roleArn: string
  /** The name that CloudTrail shows: 2 to 64 characters of `[A-Za-z0-9_+=,.@-]`. */
  name: string
  /** Narrows the role's own permissions. */
  policy?: string
}) => Promise<TemporaryCredentials>

/** Assumes roles with these credentials or, for null, with the function's own. */
export function openSts(credentials: TemporaryCredentials | null = null): AssumeRole {
  const sts = lazy(() => import('@aws-sdk/client-sts'))
  const client = lazy(
    async () => new (await sts()).STSClient({ ...clientDefaults, ...(credentials && { credentials }) }),
  )
  return async ({ roleArn, name, policy }) => {
    const { AssumeRoleCommand } = await sts()
    const assumeRole = new AssumeRoleCommand({
      RoleArn: roleArn,
      RoleSessionName: name,
      DurationSeconds: SESSION_SECONDS,
      Policy: policy,
    })
    const { AccessKeyId, SecretAccessKey, SessionToken } =
      (await (await client()).send(assumeRole)).Credentials ?? {}
    if (!AccessKeyId || !SecretAccessKey || !SessionToken) throw new Error('STS gave no credentials')
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
  }
}

/** The identity of the credentials that the SDK finds. */
export async function callerIdentity(): Promise<{ account: string; arn: string }> {
  const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts')
  const client = new STSClient(clientDefaults)
  try {
    const { Account = '', Arn = '' } = await client.send(new GetCallerIdentityCommand())
    return { account: Account, arn: Arn }
  } finally {
    client.destroy()
  }
}
