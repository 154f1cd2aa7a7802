import { z } from '../model/zod.ts'
import type { JsonObject } from './json.ts'
import { notificationsSchema } from './notifications.ts'

/** A list of paths is short for one cache without a key. */
const cacheSpecsSchema = z
  .union([
    z.literal(false).transform(() => []),
    z.array(z.object({ paths: z.array(z.string()), key: z.array(z.string()).default([]) })),
    z.array(z.string()).transform(paths => (paths.length > 0 ? [{ paths, key: [] }] : [])),
  ])
  .readonly()

const pathsSchema = z
  .object({
    /** Null: all files. */
    include: z.array(z.string()).readonly().nullable().default(null),
    exclude: z.array(z.string()).readonly().default([]),
  })
  .readonly()

type StageInput = {
  stage: string
  deploy?: string | undefined
  env?: Record<string, string> | undefined
  url?: string | undefined
  timeout?: number | undefined
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
    }),
  ])
  .transform(({ stage, ...rest }: StageInput) => ({
    stage,
    deploy: rest.deploy ?? null,
    env: rest.env ?? {},
    url: rest.url ?? null,
    timeout: rest.timeout ?? null,
  }))
export type StageRule = z.output<typeof stageRuleSchema>

const configSchema = z
  .object({
    cmd: z.string(),
    env: z.record(z.string(), z.string()).readonly(),
    build: z.boolean(),
    /** Whether the merge of a pull request is tested instead of its head. */
    testMerge: z.boolean().default(false),
    notifications: notificationsSchema.readonly(),
    inheritSecrets: z.boolean(),
    allowConfigOverrides: z.union([z.boolean(), z.array(z.string()).readonly()]),
    git: z.object({ depth: z.int(), tags: z.boolean() }).readonly(),
    stages: z.record(z.string(), stageRuleSchema).readonly(),
    deploy: z.string().nullable(),
    timeout: z.int().nullable(),
    skip: z.boolean(),
    cache: cacheSpecsSchema,
    /** Null: a change of any file starts a build. */
    paths: z.union([z.literal(false).transform(() => null), z.null(), pathsSchema]),
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
