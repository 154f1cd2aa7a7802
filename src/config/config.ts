import * as z from 'zod'
import { DEFAULTS } from './defaults.ts'
import type { JsonObject } from './json.ts'

const { slack } = DEFAULTS.notifications

// Merging may put an object in the place of a boolean: what it then does not say has the defaults again.
const slackSchema = z
  .object({
    channel: z.string().default(slack.channel),
    username: z.string().default(slack.username),
    iconUrl: z.string().default(slack.iconUrl),
    asUser: z.boolean().default(slack.asUser),
  })
  .readonly()

const snsSchema = z.object({ topicArn: z.string().nullable().default(null) }).readonly()

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
    notifications: z
      .object({
        on: z.enum(['always', 'change', 'failure']),
        slack: z.union([z.literal(false).transform(() => null), slackSchema]),
        sns: z.union([z.literal(false).transform(() => ({ topicArn: null })), snsSchema]),
      })
      .readonly(),
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
