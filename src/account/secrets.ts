import type { Build } from '../model/build.ts'
import { EVERY_STAGE, stageNameSchema, VARIABLE_NAME } from '../model/names.ts'
import { UserError } from '../model/user-error.ts'
import { z } from '../model/zod.ts'
import { runnerSecretsKey, stageVariablesKey, variablesKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import type { Account } from './settings.ts'

const secret = z.string().min(1)

/** The runner's own secrets. Only http and report may read them, builds never. */
export const runnerSecretsSchema = z
  .object({
    /** The secrets from which those of webhooks are derived. While one is being replaced, there are several, and all of them count. */
    webhookSecrets: z.array(secret).min(1),
    /** Whether webhooks may sign with one of `webhookSecrets` itself, as all did before each repository got its own secret. */
    acceptsSharedSecret: z.boolean().default(true),
    /** Sets statuses. Null if an App does. */
    githubToken: secret.nullable().default(null),
    /** Read-only, for private clones. With neither this nor an App, private repositories cannot be built. */
    cloneToken: secret.nullable().default(null),
    githubApp: z
      .object({ id: z.int().positive(), privateKey: z.string().includes('PRIVATE KEY') })
      .nullable()
      .default(null),
    /** Posts messages. Null: no Slack notifications. */
    slackToken: secret.nullable().default(null),
    /** Signs the links to private pages. */
    linkKey: z.string().min(16),
  })
  .refine(({ githubToken, githubApp }) => githubToken !== null || githubApp !== null, {
    path: ['githubToken'],
    message: 'neither a token nor an App',
  })
export type RunnerSecrets = z.infer<typeof runnerSecretsSchema>

/** @throws UserError if the secrets are missing or invalid. The message never contains a secret. */
export async function readRunnerSecrets(store: Store): Promise<RunnerSecrets> {
  const stored = await store.get(runnerSecretsKey)
  const parsed = stored && runnerSecretsSchema.safeParse(parseJson(stored.body))
  if (parsed?.success) return parsed.data
  throw new UserError(
    parsed
      ? `${runnerSecretsKey} in the bucket is not valid: ${parsed.error.issues.map(issue => issue.path.join('.')).join(', ')}.`
      : `${runnerSecretsKey} is missing in the bucket: run "lambci setup" to set up this stack.`,
  )
}

/** Saves most requests a read. */
const CACHE_MS = 60_000
/** The limit for a reader that lacks something new, such as a webhook secret. Bounds the cost of wrong signatures. */
export const FRESH_MS = 5000

/** Reads the runner's secrets, or returns what was read at most `maxAgeMs` ago. */
export type ReadRunnerSecrets = (maxAgeMs?: number) => Promise<RunnerSecrets>

/** Returns a function that reads the runner's secrets and caches them. */
export function openRunnerSecrets(store: Store, now: () => number = Date.now): ReadRunnerSecrets {
  let cached: { secrets: Promise<RunnerSecrets>; readAt: number } | null = null
  return (maxAgeMs = CACHE_MS) => {
    if (!cached || cached.readAt + maxAgeMs < now())
      cached = { secrets: readRunnerSecrets(store), readAt: now() }
    // Failures are not cached: the next request tries again.
    cached.secrets.catch(() => {
      cached = null
    })
    return cached.secrets
  }
}

const variablesSchema = z.record(z.string().regex(VARIABLE_NAME), z.string())

/**
 * The keys among these (`listAccountKeys`) of objects with secret variables for a job of a build: first the account's, then the
 * repository's and, for the job that deploys to a `stage`, those of all stages and of this one. Later ones override earlier ones. They
 * are listed, not read: issuing grants does not require knowing the secrets.
 */
export function findSecretVariables(
  keys: readonly string[],
  build: Build,
  account: Account,
  stage: string | null = null,
): string[] {
  if (build.trust === 'fork' || !account.inheritsSecrets(build)) return []
  const { project, trust } = build
  // Builds of other trusts do not deploy.
  const stages = stage === null || trust !== 'protected' ? [] : [EVERY_STAGE, stageNameSchema.parse(stage)]
  const ofStages = stages.map(each => stageVariablesKey({ project, stage: each }))
  return [...variablesKeys(project), ...ofStages].filter(key => keys.includes(key))
}

/**
 * The secret variables in these objects. Later objects override earlier ones.
 * @throws UserError if one is missing or invalid
 */
export async function readSecretVariables(
  store: Store,
  keys: readonly string[],
): Promise<Record<string, string>> {
  const layers = await Promise.all(
    keys.map(async key => {
      const stored = await store.get(key)
      if (!stored)
        throw new UserError(
          `${key} in the bucket was deleted after this build was admitted, or S3 denies access to it. Rebuild it, or check the bucket's policy and encryption key.`,
        )
      const parsed = variablesSchema.safeParse(parseJson(stored.body))
      if (!parsed.success)
        throw new UserError(`${key} in the bucket is not an object of variable names and strings.`)
      return parsed.data
    }),
  )
  return Object.assign({}, ...layers)
}

/** Undefined, which no schema accepts, for invalid JSON. A parser's message could reveal a secret. */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return undefined
  }
}
