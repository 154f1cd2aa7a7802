import type { Build } from '../model/build.ts'
import { assumeRole, type RoleSession } from './assume-role.ts'
import type { JobGrants } from './grants.ts'
import { sessionNameOf } from './session-name.ts'

type GrantedJob = {
  build: Pick<Build, 'project' | 'number'>
  grants: JobGrants
  log: Parameters<typeof assumeRole>[0]
  runner: Pick<RoleSession, 'region'>
}

/** The grants that are passed on to a job's command, in addition to secret variables. */
export type CommandAccess = {
  /** The variables of its role; empty without one. */
  credentials: Record<string, string>
  /** Its `GITHUB_TOKEN`; null for none. */
  token: string | null
}

/**
 * Prepares a job's grants for its command. Called just before the command starts, because a role's credentials last an hour.
 * @param planned the job in the plan
 * @throws UserError if its role cannot be assumed
 */
export async function useGrants(
  { build, grants, log, runner: { region } }: GrantedJob,
  planned: { name: string; access: { token: object | null } },
): Promise<CommandAccess> {
  const { jobRole: roleArn, jobToken: token, credentials: own } = grants
  if (planned.access.token !== null && token === null)
    await log.writeLine(
      'There is no GITHUB_TOKEN: only a GitHub App that is installed on this repository has tokens that can read nothing else',
    )
  if (roleArn === null) return { credentials: {}, token }
  const sessionName = sessionNameOf(build, planned.name)
  const role = { roleArn, subject: 'The job', sessionName, credentials: own, region } as const
  return { credentials: await assumeRole(log, role), token }
}
