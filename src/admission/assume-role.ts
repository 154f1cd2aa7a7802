import { openSts, type TemporaryCredentials } from '../aws/sts.ts'
import { UserError } from '../model/user-error.ts'

export type RoleSession = {
  roleArn: string
  /** The subject of the log's sentence about the role, such as "The deploy". */
  subject: 'The deploy' | 'The job'
  sessionName: string
  /** The job's credentials; null for the function's own. */
  credentials: TemporaryCredentials | null
  region: string
}

type Log = {
  addSecrets(secrets: readonly string[]): Promise<void>
  writeLine(line: string): Promise<void>
}

/** The lists of roles in the stack, which show how to allow one. */
const LISTED = {
  'The deploy': 'add it to DeployRoles, and let it trust the session role',
  'The job': 'add it to JobRoles, and let it trust the session role',
}

/**
 * Assumes a role for a command. Returns the variables that give AWS's tools its credentials, and hides these in the log. The role must
 * trust the session role, and the job's grants must allow it.
 * @throws UserError if AWS refuses
 */
export async function assumeRole(
  log: Log,
  { roleArn, subject, sessionName, region, credentials: own }: RoleSession,
): Promise<Record<string, string>> {
  const credentials = await openSts(own)({ roleArn, name: sessionName }).catch(error => {
    throw new UserError(`Role ${roleArn} cannot be assumed (${(error as Error).name}): ${LISTED[subject]}.`)
  })
  await log.addSecrets([credentials.secretAccessKey, credentials.sessionToken])
  await log.writeLine(`${subject} acts as ${roleArn}`)
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    // Older tools read only this variable.
    AWS_DEFAULT_REGION: region,
  }
}
