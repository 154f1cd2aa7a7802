import { openSts, type TemporaryCredentials } from '../aws/sts.ts'
import type { BuildLog } from '../log/build-log.ts'
import { UserError } from '../model/user-error.ts'

export type DeployRole = {
  /** Null: the deploy gets no AWS credentials. */
  roleArn: string | null
  sessionName: string
  /** The job's credentials; null for the function's own. */
  credentials: TemporaryCredentials | null
  region: string
}

/**
 * Assumes a deploy's role. Returns the variables with which AWS's tools find its credentials, and hides these in the log.
 * The role must trust the session role, and the job's grants must allow it.
 * @throws UserError if AWS refuses
 */
export async function assumeDeployRole(log: BuildLog, role: DeployRole): Promise<Record<string, string>> {
  const { roleArn, sessionName, region } = role
  if (roleArn === null) {
    await log.writeLine('The deploy has no AWS credentials: the account names no role for it')
    return {}
  }
  const credentials = await openSts(role.credentials)({ roleArn, name: sessionName }).catch(error => {
    throw new UserError(
      `The role ${roleArn} cannot be assumed (${(error as Error).name}): it must be in the stack's DeployRoles, and trust its session role.`,
    )
  })
  await log.addSecrets([credentials.secretAccessKey, credentials.sessionToken])
  await log.writeLine(`The deploy acts as ${roleArn}`)
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    // Older tools read only this one.
    AWS_DEFAULT_REGION: region,
  }
}
