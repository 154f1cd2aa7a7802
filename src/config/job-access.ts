import type { Build } from '../model/build.ts'
import { matchingRules } from './branch-rules.ts'
import type { TrustBound } from './job-access-schema.ts'
import type { AccountRules } from './settings.ts'

/** The access that the account gives to a job beside secret variables, each with the lowest trust of a build that gets it. */
export type JobAccess = {
  /** The role with whose credentials its command runs. */
  role: { arn: string; trust: TrustBound } | null
  /** The `GITHUB_TOKEN` with which its command can read its own repository. */
  token: { trust: TrustBound } | null
}

export const NO_ACCESS: JobAccess = { role: null, token: null }

type AccessingBuild = Pick<Build, 'trust' | 'checkoutBranch'>
type Bounds = { branches: readonly string[] | null; trust: TrustBound }

/**
 * The role and the token that a build's jobs with this name get. Only the account decides. A job's name can only narrow its access,
 * because files choose which command has that name. Rules apply to the branch whose code runs: for a pull request the head, not the base.
 */
export function accessOfJob(
  { jobRoles, jobToken }: Pick<AccountRules, 'jobRoles' | 'jobToken'>,
  build: AccessingBuild,
  name: string,
): JobAccess {
  const role = Object.hasOwn(jobRoles, name) ? jobRoles[name] : undefined
  const hasToken = jobToken && (jobToken.jobs === null || jobToken.jobs.includes(name))
  return {
    role: role && whyWithheld(role, build) === null ? { arn: role.role, trust: role.trust } : null,
    token: hasToken && whyWithheld(jobToken, build) === null ? { trust: jobToken.trust } : null,
  }
}

/** Why a build withholds the account's role from its jobs of this name; null if it does not, or if there is none. */
export function explainWithheldRole(
  { jobRoles }: Pick<AccountRules, 'jobRoles'>,
  build: AccessingBuild,
  name: string,
): string | null {
  const role = Object.hasOwn(jobRoles, name) ? jobRoles[name] : undefined
  const why = role ? whyWithheld(role, build) : null
  return role && why ? `Job ${name} does not get its role: ${why}.` : null
}

function whyWithheld({ branches, trust }: Bounds, build: AccessingBuild): string | null {
  if (build.trust === 'fork') return 'pull requests from forks and from Dependabot never get one'
  if (trust === 'protected' && build.trust !== 'protected')
    return 'without "trust": "branch" in "jobRoles", only pushes to the account\'s "deployBranches" do'
  if (branches !== null && matchingRules(branches, build.checkoutBranch).length === 0)
    return `in "jobRoles" it is for the branches ${branches.join(', ')}`
  return null
}
