import * as z from 'zod'
import type { JsonObject } from './json.ts'
import { notificationsSchema } from './notifications.ts'

/** In its short form a list of paths is one cache. */
const cacheSpecsSchema = z
  .union([
    z.literal(false).transform(() => []),
    z.array(z.object({ paths: z.array(z.string()), key: z.array(z.string()).default([]) })),
    z.array(z.string()).transform(paths => (paths.length > 0 ? [{ paths, key: [] }] : [])),
  ])
  .readonly()

const pathsSchema = z
  .object({
    /** Null: all that is not excluded. */
    include: z.array(z.string()).readonly().nullable().default(null),
    exclude: z.array(z.string()).readonly().default([]),
  })
  .readonly()

/** How a stage is deployed; null: as the top of the configuration says. */
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
  .transform(({ stage, ...rest }: StageWords) => ({
    stage,
    deploy: rest.deploy ?? null,
    env: rest.env ?? {},
    url: rest.url ?? null,
    timeout: rest.timeout ?? null,
  }))
type StageWords = {
  stage: string
  deploy?: string | undefined
  env?: Record<string, string> | undefined
  url?: string | undefined
  timeout?: number | undefined
}
export type StageRule = z.output<typeof stageRuleSchema>

const configSchema = z
  .object({
    cmd: z.string(),
    env: z.record(z.string(), z.string()).readonly(),
    build: z.boolean(),
    notifications: notificationsSchema.readonly(),
    inheritSecrets: z.boolean(),
    allowConfigOverrides: z.union([z.boolean(), z.array(z.string()).readonly()]),
    git: z.object({ depth: z.int() }).readonly(),
    stages: z.record(z.string(), stageRuleSchema).readonly(),
    deploy: z.string().nullable(),
    timeout: z.int().nullable(),
    skip: z.boolean(),
    cache: cacheSpecsSchema,
    /** Null: every file matters. */
    paths: z.union([z.literal(false).transform(() => null), z.null(), pathsSchema]),
    /** Null: as it is usual, which is for the plan to say. */
    cancelSuperseded: z.boolean().nullable(),
  })
  .readonly()

/** All that holds for one build, whole and frozen; `timeout` in seconds. `branches` and `pullRequests` have spoken. */
export type Config = z.output<typeof configSchema>

/** Makes a config of merged layers, each of which has been checked. */
export const toConfig = (merged: JsonObject): Config => configSchema.parse(merged)
