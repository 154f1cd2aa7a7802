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

/** See `digestOf`. Absent in records of versions that made none. */
const digestSchema = z.string().max(64).optional()

/** What all jobs of one name have in common. Each reads its command from the commit again. */
const common = {
  name: jobNameSchema,
  allowFailure: z.boolean(),
  /** Whether they get secret variables. */
  hasSecrets: z.boolean(),
  /** Of all that they run. A retry tells by it whether a job is still the same. */
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

/** The deploy to a stage, as far as report must know it. It reads its command from the commit again. */
const plannedDeploySchema = z.object({
  stage: stageNameSchema,
  /** Where the stage can be seen. Becomes a link, so anything but a web address is dropped. */
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
  /** Of all that it runs, its stage included. A deploy that finds another one in its commit does not run. */
  digest: z.string().max(64),
  /** The names of the artifacts that it gets. */
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
  /** What is deployed once all jobs are done, in order. */
  deploys: z.array(plannedDeploySchema).max(MOST_STAGES),
  /** How jobs are divided whose shards divide files. Absent if there are none. */
  splits: splitsSchema.optional(),
}

/**
 * Earlier versions had one `deploy` for each build, or none. A record of one that had no such field may have a deploy and is not to
 * pass without it.
 */
function withDeploys(record: unknown): unknown {
  if (typeof record !== 'object' || record === null || 'deploys' in record || !('deploy' in record))
    return record
  return { ...record, deploys: record.deploy === null ? [] : [record.deploy] }
}

/** A job of the files, as the lead has planned it: a job of the plan for each cell and each shard. */
const draftedJobSchema = z.object({
  ...common,
  /** One that is empty, without a matrix. */
  cells: z.array(cellSchema).min(1),
  /** Into how many parts each is divided; null if it is not. */
  shards: z.int().positive().max(1_000_000).nullable(),
  /** The names of the jobs that must be done before. */
  needs: needsSchema(jobNameSchema),
  /** Those of them whose artifacts it does not get. */
  withoutArtifacts: needsSchema(jobNameSchema),
})
export type DraftedJob = z.infer<typeof draftedJobSchema>

/** What the lead of a build with several jobs proposes, as part of its record, which is bounded. Report decides. */
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
  /** The number of the build that has run it. */
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
  /** The jobs that must be done before, each with all of its cells and shards, and whether it gets artifacts of them. */
  needs: needsSchema(z.object({ job: jobNameSchema, hasArtifacts: z.boolean() })),
  /** Whether it deploys to a stage or verifies that: it starts after all jobs of the files. */
  isDeploy: z.boolean(),
  /** Which of both; absent for a deploy. */
  isVerify: z.boolean().optional(),
  /** The stage. Absent for other jobs, and in records of versions that had one stage for each build. */
  stage: stageNameSchema.optional(),
  /** Of a retry: where it has passed, if it is not run again. */
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
