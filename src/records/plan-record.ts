import { artifactNamesSchema } from '../model/artifact.ts'
import {
  cellSchema,
  jobIdentitySchema,
  jobNameSchema,
  MOST_JOBS,
  MOST_RETRIES,
  MOST_STAGES,
} from '../model/job.ts'
import { stageNameSchema } from '../model/names.ts'
import { splitsSchema } from '../model/split.ts'
import { z } from '../model/zod.ts'
import { readOnce } from './kept-reads.ts'
import { type BuildRef, buildKeys } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'

/** See `digestOf`. Absent in records of earlier versions. */
const digestSchema = z.string().max(64).optional()

/** The fields shared by all jobs of one name. Each job reads its command from the commit again. */
const common = {
  name: jobNameSchema,
  allowFailure: z.boolean(),
  /** Whether they get secret variables. */
  hasSecrets: z.boolean(),
  /** The digest of everything that they run, by which a retry recognises an unchanged job. */
  digest: digestSchema,
  /** How often each is run again if its command fails. Absent for never. */
  retry: z.int().positive().max(MOST_RETRIES).optional(),
  /** The names of the artifacts that they leave. Absent if they leave none. */
  artifacts: artifactNamesSchema.optional(),
}
/** Each stage has a job that deploys and one that verifies. */
export const MOST_PLANNED_JOBS = MOST_JOBS + 2 * MOST_STAGES
const ordinalSchema = z.int().nonnegative().max(MOST_PLANNED_JOBS)
const needsSchema = <T extends z.ZodType>(need: T) => z.array(need).max(MOST_JOBS)

/** Report's data of the deploy to a stage, which reads its command from the commit again. */
const plannedDeploySchema = z.object({
  stage: stageNameSchema,
  /** The address of the stage. Becomes a link, so anything except a web address is dropped. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(600)
    .nullable()
    .catch(null),
  /** Why the stage cannot be deployed, in a sentence; null if it can. */
  error: z.string().max(500).nullable(),
  /** Whether only people deploy to it. */
  isManual: z.boolean().default(false),
  /** Whether a job verifies it. */
  hasVerify: z.boolean().default(false),
  /** The digest of everything that it runs, including its stage. A deploy with another one in its commit does not run. */
  digest: z.string().max(64),
  /** The names of the artifacts for it. */
  artifacts: artifactNamesSchema.default([]),
})
export type PlannedDeploy = z.infer<typeof plannedDeploySchema>

const shared = {
  /** Jobs of the file that do not take part, and why, in a sentence. */
  leftOut: z.array(z.object({ name: jobNameSchema, reason: z.string().max(300) })).max(MOST_JOBS),
  /** Whether a job that fails ends the others. */
  failFast: z.boolean(),
  /** How many jobs may run at once. */
  maxParallel: z.int().positive().nullable(),
  /** Whether a newer commit ends the build. */
  cancelSuperseded: z.boolean(),
  /** The deploys once all jobs are done, in order. */
  deploys: z.array(plannedDeploySchema).max(MOST_STAGES),
  /** The division of jobs whose shards divide files. Absent if there are none. */
  splits: splitsSchema.optional(),
}

/**
 * Earlier versions had one `deploy` for each build, or none. A record without such a field may have a deploy and must not pass without it.
 */
function withDeploys(record: unknown): unknown {
  if (typeof record !== 'object' || record === null || 'deploys' in record || !('deploy' in record))
    return record
  return { ...record, deploys: record.deploy === null ? [] : [record.deploy] }
}

/** A job of the files, as planned by the lead: a job of the plan for each cell and each shard. */
const draftedJobSchema = z.object({
  ...common,
  /** One empty cell without a matrix. */
  cells: z.array(cellSchema).min(1),
  /** The number of parts of each; null if it is not divided. */
  shards: z.int().positive().max(1_000_000).nullable(),
  /** The names of the jobs that must be done first. */
  needs: needsSchema(jobNameSchema),
  /** The needed jobs whose artifacts it does not get. */
  withoutArtifacts: needsSchema(jobNameSchema),
})
export type DraftedJob = z.infer<typeof draftedJobSchema>

/** The lead's proposal for a build with several jobs, as part of its record, which is bounded. Report decides. */
export const draftSchema = z.preprocess(
  withDeploys,
  z.object({
    ...shared,
    jobs: z.array(draftedJobSchema),
    /** Whether the lead runs the first job itself. */
    leadRunsFirst: z.boolean(),
  }),
)
export type Draft = z.infer<typeof draftSchema>

/** The attempt of a job that has passed in an earlier build. */
const passedInSchema = z.object({
  /** The number of the build that ran it. */
  build: z.int().positive(),
  key: ordinalSchema,
  attempt: z.int().positive().max(9),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
})
export type PassedIn = z.infer<typeof passedInSchema>

const plannedJobSchema = jobIdentitySchema.extend({
  /** Its ordinal within the build. The lead has 0. */
  key: ordinalSchema,
  ...common,
  /** The jobs that must be done first, each with all of its cells and shards, and whether it gets their artifacts. */
  needs: needsSchema(z.object({ job: jobNameSchema, hasArtifacts: z.boolean() })),
  /** Whether it deploys to a stage or verifies that: it starts after all jobs of the files. */
  isDeploy: z.boolean(),
  /** Whether it verifies; absent for a deploy. */
  isVerify: z.boolean().optional(),
  /** The stage. Absent for other jobs, and in records of versions that had one stage for each build. */
  stage: stageNameSchema.optional(),
  /** For a retry: where it has passed, if it is not run again. */
  passedIn: passedInSchema.optional(),
})

/** `plan.json`: the jobs of a build, as report has accepted them. Written once, by report. */
export const planRecordSchema = z.preprocess(
  withDeploys,
  z.object({ ...shared, jobs: z.array(plannedJobSchema).max(MOST_PLANNED_JOBS) }),
)
export type PlanRecord = z.infer<typeof planRecordSchema>
export type AcceptedJob = PlanRecord['jobs'][number]

/** It never changes. */
export function readPlan(store: Store, build: BuildRef): Promise<PlanRecord | null> {
  const { plan } = buildKeys(build)
  return readOnce(store, plan, () => readRecord(store, plan, planRecordSchema))
}
