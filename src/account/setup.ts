import { randomBytes } from 'node:crypto'
import { isObject, parseJson } from '../config/json.ts'
import { UserError } from '../model/user-error.ts'
import { runnerSecretsKey, settingsKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import type { SetupInput } from './check-setup-input.ts'
import { editJson, parseSettingsFile } from './edit-json.ts'
import { type RunnerSecrets, runnerSecretsSchema } from './secrets.ts'

const newSecret = () => randomBytes(32).toString('hex')

/** Writes `secrets/runner.json`, keeping current values that are not replaced. Returns the secrets as written. */
export async function writeRunnerSecrets(store: Store, input: SetupInput): Promise<RunnerSecrets> {
  const { githubToken, cloneToken, githubApp, slackToken, rotateWebhookSecret, rotateLinkKey } = input
  const written = await editJson(store, runnerSecretsKey, parseJson, current => {
    const { data } = runnerSecretsSchema.safeParse(current ?? {})
    const existing = data?.webhookSecrets ?? []
    const hasNew = githubToken !== null || githubApp !== null
    if (!data && !hasNew) {
      throw new UserError(
        'This stack has not been set up yet: provide a GitHub token (--token-file), or an App (--app-id and --app-key-file).',
      )
    }
    return {
      // The newest comes first: new hooks' secrets are derived from it. The previous one stays valid until the next rotation.
      webhookSecrets:
        rotateWebhookSecret || existing.length === 0 ? [newSecret(), ...existing.slice(0, 1)] : existing,
      // A new stack has no webhooks from before each repository got its own secret.
      acceptsSharedSecret: data?.acceptsSharedSecret === true && !input.refuseSharedSecret,
      githubToken: hasNew ? githubToken : (data?.githubToken ?? null),
      cloneToken: githubApp ? null : (cloneToken ?? data?.cloneToken ?? null),
      githubApp: hasNew ? githubApp : (data?.githubApp ?? null),
      slackToken: slackToken ?? data?.slackToken ?? null,
      linkKey: rotateLinkKey || !data ? newSecret() : data.linkKey,
    }
  })
  return runnerSecretsSchema.parse(written)
}

/** Sets `allow` and, unless it is set or switched off, the SNS topic in `config/global.json`. Keeps all other settings. */
export async function writeFirstSettings(
  store: Store,
  owners: readonly string[],
  topicArn: string | null,
): Promise<void> {
  await editJson(store, settingsKeys('')[0], parseSettingsFile, current => {
    const notifications = isObject(current?.notifications) ? current.notifications : {}
    const isChosen = isObject(notifications.sns) || notifications.sns === false || topicArn === null
    return {
      ...current,
      ...(owners.length > 0 && { allow: owners }),
      ...(!isChosen && { notifications: { ...notifications, sns: { topicArn } } }),
    }
  })
}
