import { z } from './zod.ts'

/** The name of a job in a file. */
export const JOB_NAME = /^[a-z][a-z0-9-]{0,29}$/
export const JOB_NAME_RULE =
  'lower-case letters, digits and dashes, starting with a letter, at most 30 characters'

/** The most jobs that any build may have. Each matrix cell and each shard counts. */
export const MOST_JOBS = 256

/** The job of a build that has only a `cmd`. */
export const ONLY_JOB = 'build'
/** The job that deploys a build's stage. No job of a file has this name. */
export const DEPLOY_JOB = 'deploy'

/** Which of a plan's jobs one is: its name, its cell of the matrix, and its shard. */
export const jobIdentitySchema = z.object({
  name: z.string().regex(JOB_NAME),
  /** The values of its cell of the matrix, by variable; empty without a matrix. */
  cell: z.record(z.string().max(100), z.string().max(200)),
  /** From 1; null unless the job is divided into shards. */
  shard: z.object({ index: z.int().positive(), count: z.int().positive() }).nullable(),
})
export type JobIdentity = z.infer<typeof jobIdentitySchema>

/** How people see a job: `lint`, `unit (4/8)`, `node (NODE=22)`, `node (NODE=22, 1/2)`. Unique in a build. */
export function titleOf({ name, cell, shard }: JobIdentity): string {
  const parts = Object.entries(cell).map(([variable, value]) => `${variable}=${value}`)
  if (shard) parts.push(`${shard.index}/${shard.count}`)
  return parts.length === 0 ? name : `${name} (${parts.join(', ')})`
}
