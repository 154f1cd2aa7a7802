import { DEPLOY_JOB, JOB_NAME, JOB_NAME_RULE } from '../model/job.ts'
import { z } from '../model/zod.ts'
import { flagSchema, roleArnSchema, ruleListSchema } from './values.ts'

/** The lowest trust of a build that gets something. Forks get nothing. */
export const TRUST_BOUNDS = ['protected', 'branch'] as const
export type TrustBound = (typeof TRUST_BOUNDS)[number]

const MOST_NAMES = 50

const jobNameSchema = z
  .string({ error: 'must be the name of a job' })
  .regex(JOB_NAME, { error: `must be the name of a job (${JOB_NAME_RULE})` })
  .refine(name => name !== DEPLOY_JOB, {
    error: 'must be the name of a job: the role of deploys is "deployRole"',
  })

const bounds = {
  branches: ruleListSchema
    .min(1, { error: 'must not be empty: no build would get it' })
    .optional()
    .meta({ description: 'The only branches whose builds get it.' }),
  trust: z.enum(TRUST_BOUNDS, { error: 'must be "protected" or "branch"' }).optional().meta({
    description:
      '"branch": also builds outside of "deployBranches"; every branch of every repository in this account can then reach it.',
    default: 'protected',
  }),
}

const ROLE = { error: 'must be the ARN of an IAM role, or an object with "role", "branches" and "trust"' }

const jobRoleSchema = z.union(
  [
    roleArnSchema.transform(role => ({ role, branches: null, trust: 'protected' as const })),
    z
      .strictObject(
        { role: roleArnSchema.meta({ description: 'The role that the job acts as.' }), ...bounds },
        ROLE,
      )
      .transform(({ role, ...rest }) => ({ role, ...bounded(rest) })),
  ],
  ROLE,
)

/** The roles of jobs, by the name of the job; `build` is the job of a `cmd`. */
export const jobRolesSchema = z
  .record(jobNameSchema, jobRoleSchema, { error: 'must be an object of job names and roles' })
  .refine(roles => Object.keys(roles).length <= MOST_NAMES, { error: `must have at most ${MOST_NAMES} jobs` })
export type JobRoles = z.infer<typeof jobRolesSchema>

const TOKEN = { error: 'must be true or false, or an object with "jobs", "branches" and "trust"' }

/** The jobs that get a `GITHUB_TOKEN`. */
export const jobTokenSchema = z.union(
  [
    flagSchema.transform(isGiven =>
      isGiven ? { jobs: null, branches: null, trust: 'protected' as const } : null,
    ),
    z
      .strictObject(
        {
          jobs: z
            .array(jobNameSchema, { error: 'must be a list of job names' })
            .min(1, { error: 'must not be empty: no job would get it' })
            .max(MOST_NAMES, { error: `must have at most ${MOST_NAMES} jobs` })
            .optional()
            .meta({ description: 'The only jobs that get it.' }),
          ...bounds,
        },
        TOKEN,
      )
      .transform(({ jobs, ...rest }) => ({ jobs: jobs ?? null, ...bounded(rest) })),
  ],
  TOKEN,
)
export type JobToken = z.infer<typeof jobTokenSchema>

const bounded = ({
  branches,
  trust,
}: {
  branches?: string[] | undefined
  trust?: TrustBound | undefined
}) => ({
  branches: branches ?? null,
  trust: trust ?? ('protected' as const),
})
