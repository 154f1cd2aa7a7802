import { type Build, buildSchema } from '../model/build.ts'
import {
  DEPLOY_JOB,
  jobIdentitySchema,
  jobNameSchema,
  MOST_JOBS,
  MOST_STAGES,
  VERIFY_JOB,
} from '../model/job.ts'
import { stageNameSchema } from '../model/names.ts'
import { filesSchema, splitSchema } from '../model/split.ts'
import { z } from '../model/zod.ts'
import { isDeployRole } from './deploy-roles.ts'
import type { IssueCredentials } from './job-credentials.ts'

const credentialsSchema = z.object({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string(),
})

/** All that a job is granted. It is part of the job's message and is never stored. */
export const jobGrantsSchema = z.object({
  /** Lets git fetch from this repository; null for forks, and for public repositories without a `publicToken`. */
  cloneToken: z.string().nullable(),
  /** Credentials for the bucket, temporary and limited to what this job may read and write. Null: the function's own are used. */
  credentials: credentialsSchema.nullable(),
  /** Keys of the objects that hold the command's secret variables; a later object overrides an earlier one. */
  secretVariables: z.array(z.string()).max(4),
  /** The role that it assumes if it deploys; null for none. */
  deployRole: z.string().nullable().default(null),
  /** The role that its command runs with; null for none. */
  jobRole: z.string().nullable().default(null),
  /** The command's `GITHUB_TOKEN`: it can read this repository and do nothing else. Null for none. */
  jobToken: z.string().nullable().default(null),
  /** The URL of the build's page; that of a private repository contains the page's access key. */
  buildUrl: z.url(),
})
export type JobGrants = z.infer<typeof jobGrantsSchema>

/** The secrets among the grants, which no log may show. */
export const secretsIn = ({ cloneToken, jobToken, credentials }: JobGrants): string[] =>
  [cloneToken, jobToken, credentials?.secretAccessKey, credentials?.sessionToken].filter(
    secret => secret != null,
  )

const jobRefSchema = z.object({ key: z.int().nonnegative(), attempt: z.int().positive() })

/** An attempt whose artifacts a job gets, of the same build unless it names another one. */
const neededJobSchema = jobRefSchema.extend({
  title: z.string().max(500),
  build: z.int().positive().optional(),
  /** Whether a deploy by hand gets them from those kept under its stage. */
  isKept: z.boolean().optional(),
})

/** The job of its build that a message starts. */
export const startedJobSchema = jobRefSchema.extend({
  /** Null: the lead, which plans the build. */
  identity: jobIdentitySchema.nullable(),
  /** The attempts of other jobs whose artifacts it gets, and the title of each. */
  needs: z.array(neededJobSchema).max(MOST_JOBS),
  /** See `nonceOf`. Absent for the lead, which has its build's. */
  nonce: z.string().max(64).optional(),
  /** For a job that deploys or verifies: what report has accepted (`plannedDeploySchema`), and what was deployed before. */
  deploy: z
    .object({
      stage: stageNameSchema,
      digest: z.string().max(64),
      after: z.array(stageNameSchema).max(MOST_STAGES).optional(),
    })
    .nullish(),
  /** The number of shards of each job in the plan whose shards divide files. Absent for the lead, and if there are none. */
  divided: z
    .array(z.object({ job: jobNameSchema, shards: z.int().positive().max(MOST_JOBS) }))
    .max(MOST_JOBS)
    .optional(),
  /** For such a shard: the number and digest of all files, and which are its own. */
  files: splitSchema.pick({ files: true, digest: true }).extend({ own: filesSchema }).optional(),
})
export type StartedJob = z.infer<typeof startedJobSchema>

/** The job that every build begins with. */
export const LEAD_JOB: StartedJob = { key: 0, attempt: 1, identity: null, needs: [] }

/** The message that starts a job. */
export const jobMessageSchema = z.object({
  build: buildSchema,
  job: startedJobSchema.default(LEAD_JOB),
  grants: jobGrantsSchema,
})
export type JobMessage = z.infer<typeof jobMessageSchema>

/** The stage that a job deploys to; null for all other jobs. */
export const stageIn = ({ job }: Pick<JobMessage, 'job'>): string | null =>
  (job.identity?.name === DEPLOY_JOB && job.deploy?.stage) || null

/** The source of grants. */
export type GrantIssuer = {
  /** A token that can read this repository and do nothing else; null for none. */
  cloneToken: (repository: string) => Promise<string | null>
  /** A token that can read this public repository and nothing private, against GitHub's limits; null for none. */
  publicToken: (repository: string) => Promise<string | null>
  /** A token for commands: it can read this repository and do nothing else, for an hour. Null for none. */
  jobToken: (repository: string) => Promise<string | null>
  issueCredentials: IssueCredentials
  /** The stack's role for deploys; null for none. */
  deployRole: string | null
  /** The roles that the stack lets deploys assume, as IAM patterns. No job gets one of them. */
  deployRoles: readonly string[]
}

/** The role and the token that the account's settings grant to a job by its name. The lead gets none while it plans. */
type Wanted = Pick<JobGrants, 'secretVariables' | 'buildUrl'> & {
  /** The role of the stage that it deploys. Null: the stack's. */
  deployRole: string | null
  jobRole: string | null
  hasToken: boolean
}

/**
 * Issues a job's grants. Jobs of trust `fork` get no secrets and no token, not even one that reads nothing private, which would let
 * strangers use up the App's requests to GitHub (docs/decisions/020).
 */
export async function issueGrants(
  build: Build,
  job: StartedJob,
  wanted: Wanted,
  issuer: GrantIssuer,
): Promise<JobGrants> {
  const isTrusted = build.trust !== 'fork'
  const deploys = job.identity?.name === DEPLOY_JOB
  const mayDeploy = build.trust === 'protected' && deploys
  const stage = stageIn({ job })
  if (mayDeploy && stage === null)
    throw new Error(`The deploy of ${build.project} #${build.number} has no stage`)
  const secretVariables = isTrusted ? wanted.secretVariables : []
  const deployRole = mayDeploy ? (wanted.deployRole ?? issuer.deployRole) : null
  // A job that verifies a deploy has neither a role nor a token.
  const isPlanned = isTrusted && job.identity !== null && !deploys && job.identity.name !== VERIFY_JOB
  const jobRole = isPlanned ? wanted.jobRole : null
  const tokenFor = build.isPrivate ? issuer.cloneToken : issuer.publicToken
  const [jobToken, cloneToken, credentials] = await Promise.all([
    isPlanned && wanted.hasToken ? issuer.jobToken(build.repository) : null,
    isTrusted ? tokenFor(build.repository) : null,
    issuer.issueCredentials(build, job, {
      secretVariables,
      deployRole,
      stage: mayDeploy ? stage : null,
      // STS refuses one that the stack has for deploys, and the job explains the fix.
      jobRole: jobRole !== null && isDeployRole(issuer.deployRoles, jobRole) ? null : jobRole,
      plans: job.identity === null,
      readsArtifacts: job.needs.some(need => need.build === undefined),
      retriedBuilds: buildsOf(job.needs.filter(({ isKept }) => !isKept)),
      kept: job.deploy
        ? { stage: job.deploy.stage, builds: buildsOf(job.needs.filter(({ isKept }) => isKept)) }
        : null,
    }),
  ])
  const { buildUrl } = wanted
  return { cloneToken, credentials, secretVariables, deployRole, jobRole, jobToken, buildUrl }
}

/** The other builds of these attempts, without duplicates. */
const buildsOf = (needs: StartedJob['needs']) => [...new Set(needs.flatMap(({ build }) => build ?? []))]
