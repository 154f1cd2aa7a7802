import { EVERY_STAGE } from '../model/names.ts'
import { stageVariablesKey, variablesKeys } from '../records/keys.ts'
import { POLICY_LIMIT, type SessionGrants, sessionPolicyOf } from './session-policy.ts'

/** The most other builds that a retry takes jobs over from. */
const MOST = 3

/** The longest that S3 and IAM allow: names of a bucket, of a role, and of a role with a path. */
const BUCKET = `arn:aws-us-gov:s3:::${'b'.repeat(63)}`
const ROLE = 'arn:aws-us-gov:iam::123456789012:role/'
const STAGE = 's'.repeat(40)
const jobOf = (project: string): SessionGrants => ({
  secretVariables: variablesKeys(project),
  jobRole: `${ROLE}${'r'.repeat(120)}`,
})
/** A deploy has one role, its stage's or the stack's own. It also gets the secrets of its stage. */
const deployOf = (project: string, role: string): SessionGrants => ({
  secretVariables: [
    ...variablesKeys(project),
    ...[EVERY_STAGE, STAGE].map(stage => stageVariablesKey({ project, stage })),
  ],
  stage: STAGE,
  deployRole: role,
})
const LONGEST_NUMBER = 9_999_999_999

/**
 * The number of other builds from which a job of this project may get artifacts, so that they fit into its session policy whatever the
 * names of its bucket, role and stage: three, or fewer if the name of the repository has more than about 65 characters.
 * @param deployRoles the roles that the account gives to the deploy of such a build
 */
export function mostRetriedBuilds(project: string, deployRoles: readonly string[] = []): number {
  const build = { project, trust: 'protected', number: LONGEST_NUMBER } as const
  const branches = { trigger: 'push/x', branch: 'x', checkoutBranch: 'x', defaultBranch: 'x' }
  const roles = [...deployRoles, `${ROLE}${'d'.repeat(64)}`]
  const kinds = [jobOf(project), ...roles.map(role => deployOf(project, role))]
  const lengthOf = (grants: SessionGrants, count: number) =>
    sessionPolicyOf({ ...build, ...branches }, { key: 256, attempt: 9 }, BUCKET, {
      ...grants,
      readsArtifacts: true,
      retriedBuilds: Array.from({ length: count }, () => LONGEST_NUMBER),
    }).length
  for (let count = MOST; count > 0; count -= 1)
    if (kinds.every(grants => lengthOf(grants, count) < POLICY_LIMIT)) return count
  return 0
}
