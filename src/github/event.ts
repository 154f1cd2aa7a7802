import type { EmitterWebhookEventName } from '@octokit/webhooks'
import { repositorySchema } from '../model/names.ts'
import { z } from '../model/zod.ts'

const user = z.object({ login: z.string() })

const repository = z.object({
  id: z.int().positive(),
  full_name: repositorySchema,
  private: z.boolean(),
  default_branch: z.string().default('master'),
})

const signer = z.object({ name: z.string().default(''), username: z.string().nullish() })

const commit = z.object({ id: z.string(), message: z.string(), author: signer, committer: signer })

const pushSchema = z.object({
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  deleted: z.boolean(),
  repository,
  head_commit: commit.nullable(),
  commits: z.array(commit).default([]),
  pusher: z.object({ name: z.string().default('') }),
  sender: user.nullish(),
})

const branchEnd = z.object({
  ref: z.string(),
  sha: z.string(),
  repo: z.object({ id: z.number(), full_name: z.string() }).nullable(),
})

const pullRequestSchema = z.object({
  action: z.string(),
  number: z.int().positive(),
  /** What the action "edited" has changed. */
  changes: z.object({ base: z.object({}).nullish() }).nullish(),
  pull_request: z.object({
    title: z.string(),
    state: z.string(),
    user: user.nullable(),
    head: branchEnd,
    base: branchEnd,
  }),
  repository,
  sender: user.nullish(),
})

const mergeGroupSchema = z.object({
  action: z.string(),
  merge_group: z.object({
    head_sha: z.string(),
    head_ref: z.string(),
    base_sha: z.string(),
    base_ref: z.string(),
    head_commit: commit.nullish(),
  }),
  repository,
  sender: user.nullish(),
})

const pingSchema = z.object({ zen: z.string().default('') })

const SCHEMAS = {
  ping: pingSchema,
  push: pushSchema,
  pull_request: pullRequestSchema,
  merge_group: mergeGroupSchema,
} satisfies Partial<Record<EmitterWebhookEventName, z.ZodType>>
type Name = keyof typeof SCHEMAS

/** An event from GitHub, with only the fields that are used. */
export type Event = { [N in Name]: { name: N; payload: z.infer<(typeof SCHEMAS)[N]> } }[Name]
export type PushEvent = Extract<Event, { name: 'push' }>['payload']
export type PullRequestEvent = Extract<Event, { name: 'pull_request' }>['payload']
export type MergeGroupEvent = Extract<Event, { name: 'merge_group' }>['payload']

export const isSupportedEvent = (name: string): name is Name => Object.hasOwn(SCHEMAS, name)

/** Validates the payload of an event. The error names the first invalid field. */
export function parseEvent(name: string, payload: unknown): Event | { error: string } {
  if (!isSupportedEvent(name)) return { error: `The event "${name}" is not supported.` }
  const parsed = SCHEMAS[name].safeParse(payload)
  if (parsed.success) return { name, payload: parsed.data } as Event
  const issue = parsed.error.issues[0]
  return {
    error: `The payload of this ${name} event is malformed at "${issue?.path.join('.')}": ${issue?.message}.`,
  }
}
