import type { Trust } from './build.ts'
import { VARIABLE_NAME } from './names.ts'
import { z } from './zod.ts'

/** The name of a job in a file. */
export const JOB_NAME = /^[a-z][a-z0-9-]{0,29}$/
export const JOB_NAME_RULE =
  'lower-case letters, digits and dashes, starting with a letter, at most 30 characters'
export const jobNameSchema = z.string().regex(JOB_NAME)

/** The most jobs that any build may have. Each matrix cell and each shard counts. */
export const MOST_JOBS = 256
/** The most jobs of a build for a pull request from a fork. */
export const MOST_FORK_JOBS = 5

/** How often a job whose command failed may be run again. */
export const MOST_RETRIES = 2

/** How many jobs a build may have, if the account allows `maxJobs`. */
export const mostJobs = (maxJobs: number, trust: Trust): number =>
  trust === 'fork' ? Math.min(maxJobs, MOST_FORK_JOBS) : maxJobs

/** The job of a build that has only a `cmd`. */
export const ONLY_JOB = 'build'
/** The job that deploys a build's stage. No job of a file has this name. */
export const DEPLOY_JOB = 'deploy'

/** The job that verifies a deploy, while the build still holds the stage. No job of a file has this name. */
export const VERIFY_JOB = 'verify-deploy'
/** The variable for the stage in the cell of a job that deploys or verifies, if a build deploys to several. */
export const STAGE_VARIABLE = 'stage'

/** The most stages that one branch is deployed to. */
export const MOST_STAGES = 10

/** Characters that are not allowed in the title of a job: control and format characters, line breaks, halves of characters. */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u

/** The longest title, in characters. */
export const MAX_TITLE = 500

/** The values of a cell of a matrix, by variable. */
export const cellSchema = z.record(
  z.string().max(100).regex(VARIABLE_NAME),
  z
    .string()
    .max(200)
    .refine(value => !UNPRINTABLE.test(value)),
)

/** Identifies a job of a plan: its name, its cell of the matrix, and its shard. */
export const jobIdentitySchema = z.object({
  name: jobNameSchema,
  /** Empty without a matrix. */
  cell: cellSchema,
  /** From 1; null unless the job is divided into shards. */
  shard: z
    .object({ index: z.int().positive(), count: z.int().positive() })
    .refine(({ index, count }) => index <= count)
    .nullable(),
  /** The number of the run of a repeated job, from 1. Its sandbox does not learn it. */
  repetition: z.object({ index: z.int().positive(), count: z.int().positive() }).optional(),
})
export type JobIdentity = z.infer<typeof jobIdentitySchema>

/** The title of a job for people: `lint`, `unit (4/8)`, `node (NODE=22)`, `node (NODE=22, 1/2)`, `unit (run 3/20)`. Unique in a build. */
export function titleOf({ name, cell, shard, repetition }: JobIdentity): string {
  const parts = Object.entries(cell).map(([variable, value]) => `${variable}=${value}`)
  if (shard) parts.push(`${shard.index}/${shard.count}`)
  if (repetition) parts.push(`run ${repetition.index}/${repetition.count}`)
  return parts.length === 0 ? name : `${name} (${parts.join(', ')})`
}
