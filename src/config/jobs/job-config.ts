import { z } from '../../model/zod.ts'
import {
  artifactsConfigSchema,
  cacheSpecsSchema,
  commandsConfigSchema,
  pathFilterSchema,
  setupConfigSchema,
  testsConfigSchema,
} from '../common-config.ts'
import { JOB_EVENTS } from './job-schema.ts'
import { DEFAULT_MOST_SHARDS, DEFAULT_TARGET } from './shards-schema.ts'

const strings = z.array(z.string()).readonly()
const variables = z.record(z.string(), z.string()).readonly()

const needSchema = z.union([
  z.string().transform(job => ({ job, artifacts: null })),
  z.object({
    job: z.string(),
    /** Null: all. */
    artifacts: strings.nullable().default(null),
  }),
])

const event = z.enum(JOB_EVENTS)

/** Shards that divide test files among them. */
const splitConfigSchema = z
  .object({
    files: z.union([z.string().transform(pattern => [pattern]), z.array(z.string())]).readonly(),
    /** In seconds. */
    target: z.int().default(DEFAULT_TARGET),
    max: z.int().default(DEFAULT_MOST_SHARDS),
  })
  .readonly()
export type SplitConfig = z.output<typeof splitConfigSchema>

const jobConfigSchema = z
  .object({
    /** Null: no layer sets it. */
    cmd: commandsConfigSchema.nullable().default(null),
    env: variables.default({}),
    /** Undefined: the top-level one. */
    setup: setupConfigSchema.optional(),
    matrix: z.record(z.string(), strings).readonly().default({}),
    include: z.array(variables).readonly().default([]),
    exclude: z.array(variables).readonly().default([]),
    needs: z
      .union([z.string().transform(job => [{ job, artifacts: null }]), z.array(needSchema)])
      .readonly()
      .default([]),
    /** How many, or by which files. Null: it is not divided. */
    shards: z.union([z.int(), splitConfigSchema]).nullable().default(null),
    /** Null: the top-level one. */
    timeout: z.int().nullable().default(null),
    /** Null: the top-level one. */
    retry: z.int().nullable().default(null),
    artifacts: artifactsConfigSchema.default([]),
    tests: testsConfigSchema.default(null),
    /** Null: the top-level one. */
    cache: cacheSpecsSchema.nullable().default(null),
    /** Names. Null: all. */
    secrets: strings.nullable().default(null),
    allowFailure: z.boolean().default(false),
    /** Branch rules and whether the job takes part. Null: all branches. */
    branches: z
      .union([
        z.string().transform((rule): Record<string, boolean> => ({ [rule]: true })),
        strings.transform(rules => Object.fromEntries(rules.map(rule => [rule, true]))),
        z.record(z.string(), z.boolean()),
      ])
      .nullable()
      .default(null),
    /** Null: all events. */
    on: z
      .union([event.transform(each => [each]), z.array(event)])
      .readonly()
      .nullable()
      .default(null),
    paths: pathFilterSchema.default(null),
  })
  .readonly()

/** One job of a file, complete but for the top-level defaults. */
export type JobConfig = z.output<typeof jobConfigSchema>

/** The jobs of merged layers, by name. `false`: the last layer that mentions the job removes it. */
export const jobsConfigSchema = z.record(z.string(), z.union([z.literal(false), jobConfigSchema])).readonly()

/** How the files of a job divide it; null if they do not. */
export const splitIn = ({ shards }: Pick<JobConfig, 'shards'>): SplitConfig | null =>
  typeof shards === 'object' ? shards : null
