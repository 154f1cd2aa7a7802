import type { EmitterWebhookEventName } from '@octokit/webhooks'
import { commitSchema } from '../model/build.ts'
import { repositorySchema } from '../model/names.ts'
import { z } from '../model/zod.ts'

// Only fields that a build cannot do without are required: all others may be null or missing, since GitHub leaves out what it does not know
// (deleted accounts, commits without an author).

const text = z.string().nullish()
const user = z.object({ login: text }).nullish()

const repository = z.object({
  id: z.int().positive(),
  full_name: repositorySchema,
  private: z.boolean(),
  default_branch: text.transform(name => name ?? 'master'),
})

const signer = z.object({ name: text, username: text }).nullish()

/** A field of other events. No header is signed, so each payload must show its own kind. */
const foreign = z.never({ error: 'a field of another event' }).optional()

const commit = z.object({ id: text, message: text, author: signer, committer: signer }).nullish()

const pushSchema = z.object({
  check_run: foreign,
  check_suite: foreign,
  action: foreign,
  number: foreign,
  pull_request: foreign,
  merge_group: foreign,
  zen: foreign,
  ref: z.string(),
  before: text,
  after: z.string(),
  deleted: z.boolean().nullish(),
  repository,
  head_commit: commit,
  commits: z.array(commit).nullish(),
  pusher: z.object({ name: text }).nullish(),
  sender: user,
})

const headRepository = z.object({ id: z.number().nullish(), full_name: text }).nullish()

const pullRequestSchema = z.object({
  check_run: foreign,
  check_suite: foreign,
  ref: foreign,
  merge_group: foreign,
  review: foreign,
  comment: foreign,
  thread: foreign,
  zen: foreign,
  action: z.string(),
  number: z.int().positive(),
  /** The changes by the action "edited". */
  changes: z.object({ base: z.object({}).nullish() }).nullish(),
  pull_request: z.object({
    title: text,
    state: text,
    user,
    /** Its author's relation to the repository. Anything except a text counts as unknown. */
    author_association: text.catch(null),
    head: z.object({ ref: z.string(), sha: z.string(), repo: headRepository }),
    // The configuration at this commit builds a fork's pull request.
    base: z.object({ ref: z.string(), sha: z.string() }),
  }),
  repository,
  sender: user,
})

const mergeGroupSchema = z.object({
  check_run: foreign,
  check_suite: foreign,
  ref: foreign,
  number: foreign,
  pull_request: foreign,
  zen: foreign,
  action: z.string(),
  merge_group: z.object({
    head_sha: z.string(),
    head_ref: z.string(),
    base_sha: text,
    base_ref: z.string(),
    head_commit: commit,
  }),
  repository,
  sender: user,
})

const app = z.object({ id: z.int().positive() }).nullish()
const login = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9_-]+(\[bot\])?$/)
/** The person who presses a button counts. */
const pressing = z.object({ login: login.nullish() }).nullish()

const notOfChecks = {
  ref: foreign,
  number: foreign,
  pull_request: foreign,
  merge_group: foreign,
  deployment_status: foreign,
  zen: foreign,
}

const checkRunSchema = z.object({
  ...notOfChecks,
  check_suite: foreign,
  action: z.string(),
  check_run: z.object({ head_sha: commitSchema, external_id: text, app }),
  requested_action: z.object({ identifier: text }).nullish(),
  repository,
  sender: pressing,
})

const checkSuiteSchema = z.object({
  ...notOfChecks,
  check_run: foreign,
  action: z.string(),
  check_suite: z.object({ id: z.int().positive(), head_sha: commitSchema, app }),
  repository,
  sender: pressing,
})

const pingSchema = z.object({
  check_run: foreign,
  check_suite: foreign,
  action: foreign,
  ref: foreign,
  pull_request: foreign,
  merge_group: foreign,
  zen: z.string(),
})

const SCHEMAS = {
  ping: pingSchema,
  push: pushSchema,
  pull_request: pullRequestSchema,
  merge_group: mergeGroupSchema,
  check_run: checkRunSchema,
  check_suite: checkSuiteSchema,
} satisfies Partial<Record<EmitterWebhookEventName, z.ZodType>>
type Name = keyof typeof SCHEMAS

/** An event from GitHub, with only the fields that are used. */
export type Event = { [N in Name]: { name: N; payload: z.infer<(typeof SCHEMAS)[N]> } }[Name]
export type PushEvent = Extract<Event, { name: 'push' }>['payload']
export type PullRequestEvent = Extract<Event, { name: 'pull_request' }>['payload']
export type MergeGroupEvent = Extract<Event, { name: 'merge_group' }>['payload']

export type CheckEvent = Extract<Event, { name: 'check_run' | 'check_suite' }>
/** An event that may request the build of its commit. */
export type SourceEvent = Extract<Event, { name: 'push' | 'pull_request' | 'merge_group' }>

export const isCheckEvent = (event: Event): event is CheckEvent =>
  event.name === 'check_run' || event.name === 'check_suite'

export const isSupportedEvent = (name: string): name is Name => Object.hasOwn(SCHEMAS, name)

/** Validates the payload of an event. No payload is valid for two events. The error names the first invalid field. */
export function parseEvent(name: string, payload: unknown): Event | { error: string } {
  if (!isSupportedEvent(name)) return { error: `The event "${name}" is not supported.` }
  const parsed = SCHEMAS[name].safeParse(payload)
  if (parsed.success) return { name, payload: parsed.data } as Event
  const issue = parsed.error.issues[0]
  return {
    error: `The payload of this ${name} event is malformed at "${issue?.path.join('.')}": ${issue?.message}.`,
  }
}
