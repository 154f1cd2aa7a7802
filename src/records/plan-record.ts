import { JOB_NAME, jobIdentitySchema, MOST_JOBS } from '../model/job.ts'
import { z } from '../model/zod.ts'
import { type BuildRef, buildKeys } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'

/** The most jobs that one job may need. */
export const MOST_NEEDS = 25
const MOST_NAMES = 20

const jobName = z.string().regex(JOB_NAME)

/** A job as the lead has planned it. What it runs is read from the commit again, by the job itself. */
const draftedJobSchema = jobIdentitySchema.extend({
  needs: z
    .array(
      z.object({
        job: jobName,
        /** The names of the artifacts that it gets. Null: all of that job's. */
        artifacts: z.array(z.string().max(120)).max(MOST_NAMES).nullable(),
      }),
    )
    .max(MOST_NEEDS),
  allowFailure: z.boolean(),
  /** Whether it gets secret variables. */
  hasSecrets: z.boolean(),
})
export type DraftedJob = z.infer<typeof draftedJobSchema>

const shared = {
  /** Jobs of the file that do not take part, and why, in a sentence. */
  leftOut: z.array(z.object({ name: jobName, reason: z.string().max(300) })).max(MOST_JOBS),
  /** Whether a job that fails ends the others. */
  failFast: z.boolean(),
  /** How many jobs may run at once. */
  maxParallel: z.int().positive().nullable(),
  /** Whether a newer commit ends the build. */
  cancelSuperseded: z.boolean(),
}

/** What the lead of a build with several jobs proposes. Report decides. */
export const draftSchema = z.object({
  ...shared,
  jobs: z.array(draftedJobSchema).max(MOST_JOBS),
  /** Whether the lead runs the first job itself. */
  leadRunsFirst: z.boolean(),
  /** Whether the build deploys once all jobs are done: the names of the artifacts that the deploy gets, or null. */
  deploy: z.array(z.string().max(120)).max(MOST_NAMES).nullable(),
})
export type Draft = z.infer<typeof draftSchema>

const plannedJobSchema = draftedJobSchema.extend({
  /** Its ordinal within the build. The lead has 0. */
  key: z
    .int()
    .nonnegative()
    .max(MOST_JOBS + 1),
  isDeploy: z.boolean(),
  /** A deploy needs all jobs. */
  needs: draftedJobSchema.shape.needs.max(MOST_JOBS),
})

/** `plan.json`: the jobs of a build, as report has accepted them. Written once, by report. */
export const planRecordSchema = z.object({ ...shared, jobs: z.array(plannedJobSchema).max(MOST_JOBS + 1) })
export type PlanRecord = z.infer<typeof planRecordSchema>
export type AcceptedJob = PlanRecord['jobs'][number]

export const readPlan = (store: Store, build: BuildRef): Promise<PlanRecord | null> =>
  readRecord(store, buildKeys(build).plan, planRecordSchema)
