import * as z from 'zod'
import type { Build } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import { runnerSecretsKey, variablesKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import type { Account } from './settings.ts'

const secret = z.string().min(1)

/** The runner's own secrets: http and report alone may read them, never a build. */
export const runnerSecretsSchema = z
  .object({
    /** Several while one is being replaced: a delivery signed with any of them is believed. */
    webhookSecrets: z.array(secret).min(1),
    /** Sets statuses; null where an App does. */
    githubToken: secret.nullable().default(null),
    /** Read-only, for private clones; null: without an App, private repositories cannot be built. */
    cloneToken: secret.nullable().default(null),
    githubApp: z
      .object({ id: z.int().positive(), privateKey: z.string().includes('PRIVATE KEY') })
      .nullable()
      .default(null),
    /** Posts messages; null where nobody wants any. */
    slackToken: secret.nullable().default(null),
    /** Signs the links to private pages. */
    linkKey: z.string().min(16),
  })
  .refine(({ githubToken, githubApp }) => githubToken !== null || githubApp !== null, {
    path: ['githubToken'],
    message: 'neither a token nor an App',
  })
export type RunnerSecrets = z.infer<typeof runnerSecretsSchema>

export async function readRunnerSecrets(store: Store): Promise<RunnerSecrets> {
  const stored = await store.get(runnerSecretsKey)
  const parsed = stored && runnerSecretsSchema.safeParse(parseJson(stored.body))
  if (parsed?.success) return parsed.data
  throw new UserError(
    parsed
      ? `${runnerSecretsKey} in the bucket is not valid: ${parsed.error.issues.map(issue => issue.path.join('.')).join(', ')}.`
      : `${runnerSecretsKey} is missing in the bucket: this stack has not been set up yet.`,
  )
}

/** Long enough to spare most requests the reading, short enough that a new secret counts within a minute. */
const KEPT_MS = 60_000

/** The runner's secrets, read when first asked for and kept for a minute. */
export function openRunnerSecrets(store: Store): () => Promise<RunnerSecrets> {
  let kept: { secrets: Promise<RunnerSecrets>; until: number } | null = null
  return () => {
    if (!kept || kept.until < Date.now())
      kept = { secrets: readRunnerSecrets(store), until: Date.now() + KEPT_MS }
    // A failure is not kept: the next request asks again.
    kept.secrets.catch(() => {
      kept = null
    })
    return kept.secrets
  }
}

const variablesSchema = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())

/** The keys of the objects that hold a build's secret variables, the account's first; missing objects are left out. */
export async function findSecretVariables(store: Store, build: Build, account: Account): Promise<string[]> {
  if (build.trust === 'fork' || !account.inheritsSecrets(build)) return []
  // Listed, not read: issuing grants does not require knowing the secrets.
  const found = await Promise.all(
    variablesKeys(build.project).map(async key => (await store.list(key, { limit: 1 }))[0]?.key === key),
  )
  return variablesKeys(build.project).filter((_, index) => found[index])
}

/** The secret variables in these objects, the later over the earlier. */
export async function readSecretVariables(
  store: Store,
  keys: readonly string[],
): Promise<Record<string, string>> {
  const layers = await Promise.all(
    keys.map(async key => {
      const stored = await store.get(key)
      if (!stored)
        throw new UserError(`${key} in the bucket has gone since this build was admitted. Rebuild it.`)
      const parsed = variablesSchema.safeParse(parseJson(stored.body))
      if (!parsed.success) throw new UserError(`${key} in the bucket is not an object of names and strings.`)
      return parsed.data
    }),
  )
  return Object.assign({}, ...layers)
}

/** Undefined, which no schema accepts, for what is no JSON; the text itself may be a secret and goes nowhere. */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return undefined
  }
}
