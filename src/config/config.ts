import { z } from '../model/zod.ts'
import {
  artifactsConfigSchema,
  cacheSpecsSchema,
  commandsConfigSchema,
  pathFilterSchema,
  setupConfigSchema,
  testsConfigSchema,
} from './common-config.ts'
import { jobsConfigSchema, splitIn } from './jobs/job-config.ts'
import type { JsonObject } from './json.ts'
import { notificationsSchema } from './notifications.ts'

type StageInput = {
  stage: string
  deploy?: string | undefined
  env?: Record<string, string> | undefined
  url?: string | undefined
  timeout?: number | undefined
  artifacts?: string[] | undefined
  manual?: boolean | undefined
  verify?: string | undefined
}

/** How a stage is deployed. For null fields the top-level keys apply. */
const stageRuleSchema = z
  .union([
    z.string().transform(stage => ({ stage })),
    z.object({
      stage: z.string(),
      deploy: z.string().optional(),
      env: z.record(z.string(), z.string()).optional(),
      url: z.string().optional(),
      timeout: z.int().optional(),
      artifacts: z.array(z.string()).optional(),
      manual: z.boolean().optional(),
      verify: z.string().optional(),
    }),
  ])
  .transform(({ stage, ...rest }: StageInput) => ({
    stage,
    deploy: rest.deploy ?? null,
    env: rest.env ?? {},
    url: rest.url ?? null,
    timeout: rest.timeout ?? null,
    artifacts: rest.artifacts ?? null,
    /** Whether only people deploy to it. */
    isManual: rest.manual ?? false,
    /** The command that verifies the deploy. */
    verify: rest.verify ?? null,
  }))
export type StageRule = z.output<typeof stageRuleSchema>

/** The stages of a branch, in the order in which they are deployed. */
const stageRulesSchema = z.union([
  stageRuleSchema.transform(rule => [rule] as readonly StageRule[]),
  z.array(stageRuleSchema).readonly(),
])

/** A plain command runs as LambCI ran it. */
const deploySchema = z.union([
  z.null(),
  z.string().transform(cmd => ({
    ...{ cmd, isStrict: false, setup: undefined },
    ...{ artifacts: [] as readonly string[], cache: null },
  })),
  z
    .object({
      cmd: commandsConfigSchema,
      /** Undefined: the top-level one. */
      setup: setupConfigSchema.optional(),
      artifacts: z.array(z.string()).readonly().default([]),
      /** Null: the top-level one. */
      cache: cacheSpecsSchema.nullable().default(null),
    })
    .transform(({ cmd, setup, artifacts, cache }) => ({ cmd, isStrict: true, setup, artifacts, cache })),
])

const configSchema = z
  .object({
    /** Null if there are jobs. */
    cmd: z.string().nullable().default(null),
    /** Null if there is a command. */
    jobs: jobsConfigSchema.nullable().default(null),
    /** Null: nothing runs before commands. */
    setup: setupConfigSchema,
    /** The artifacts of `cmd`. */
    artifacts: artifactsConfigSchema.default([]),
    /** The test reports of `cmd`. */
    tests: testsConfigSchema.default(null),
    failFast: z.boolean(),
    /** Null: as many as the account allows. */
    maxParallel: z.int().nullable(),
    env: z.record(z.string(), z.string()).readonly(),
    build: z.boolean(),
    /** Whether the merge of a pull request is tested instead of its head. */
    testMerge: z.boolean().default(false),
    notifications: notificationsSchema.readonly(),
    inheritSecrets: z.boolean(),
    allowConfigOverrides: z.union([z.boolean(), z.array(z.string()).readonly()]),
    git: z.object({ depth: z.int(), tags: z.boolean() }).readonly(),
    stages: z.record(z.string(), stageRulesSchema).readonly(),
    deploy: deploySchema,
    timeout: z.int().nullable(),
    /** How often a job whose command failed is run again. */
    retry: z.int(),
    skip: z.boolean(),
    cache: cacheSpecsSchema,
    /** Null: a change of any file starts a build. */
    paths: pathFilterSchema,
    /** Null: the plan chooses the default. */
    cancelSuperseded: z.boolean().nullable(),
  })
  .readonly()

/**
 * The complete configuration of one build, frozen. `timeout` is in seconds. `branches` and `pullRequests` are not
 * part of it: their rules have been applied.
 */
export type Config = z.output<typeof configSchema>

/** Makes a config of merged layers, each of which has been validated. */
export const toConfig = (merged: JsonObject): Config => configSchema.parse(merged)

/** Whether the files that a push changes decide if it is built, or which of its jobs are. */
export const dependsOnPaths = ({ paths, jobs }: Pick<Config, 'paths' | 'jobs'>): boolean =>
  paths !== null || Object.values(jobs ?? {}).some(job => job !== false && job.paths !== null)

/** Whether some job is divided by the files of the commit. */
export const dependsOnFiles = ({ jobs }: Pick<Config, 'jobs'>): boolean =>
  Object.values(jobs ?? {}).some(job => job !== false && splitIn(job) !== null)
