import { randomBytes } from 'node:crypto'
import { isObject } from '../config/json.ts'
import { UserError } from '../model/user-error.ts'
import { runnerSecretsKey, settingsKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import type { SetupInput } from './check-setup-input.ts'
import { editJson } from './edit-json.ts'
import { runnerSecretsSchema } from './secrets.ts'

const newSecret = () => randomBytes(32).toString('hex')

/** Writes `secrets/runner.json`; what stands there and is not replaced stays. Answers the webhook secret that counts. */
export async function writeRunnerSecrets(
  store: Store,
  input: SetupInput,
): Promise<{ webhookSecret: string; isApp: boolean }> {
  const { githubToken, cloneToken, githubApp, slackToken, rotateWebhookSecret, rotateLinkKey } = input
  const written = await editJson(store, runnerSecretsKey, standing => {
    const { data } = runnerSecretsSchema.safeParse(standing ?? {})
    const known = data?.webhookSecrets ?? []
    const hasNew = githubToken !== null || githubApp !== null
    if (!data && !hasNew) {
      throw new UserError(
        'This stack has not been set up yet: give a GitHub token (--token-file), or an App (--app-id and --app-key-file).',
      )
    }
    return {
      // The newest first: it signs new hooks. The one before counts until the next change.
      webhookSecrets: rotateWebhookSecret || known.length === 0 ? [newSecret(), ...known.slice(0, 1)] : known,
      githubToken: hasNew ? githubToken : (data?.githubToken ?? null),
      cloneToken: githubApp ? null : (cloneToken ?? data?.cloneToken ?? null),
      githubApp: hasNew ? githubApp : (data?.githubApp ?? null),
      slackToken: slackToken ?? data?.slackToken ?? null,
      linkKey: rotateLinkKey || !data ? newSecret() : data.linkKey,
    }
  })
  const { webhookSecrets, githubApp: app } = runnerSecretsSchema.parse(written)
  return { webhookSecret: webhookSecrets[0] ?? '', isApp: app !== null }
}

/** Writes whom to build for, and where notices go, into `config/global.json`; everything else there stays. */
export async function writeFirstSettings(
  store: Store,
  owners: readonly string[],
  notificationsTopic: string | null,
): Promise<void> {
  await editJson(store, settingsKeys('')[0], standing => {
    const notifications = isObject(standing?.notifications) ? standing.notifications : {}
    const isChosen = isObject(notifications.sns) || notificationsTopic === null
    return {
      ...standing,
      ...(owners.length > 0 && { allow: owners }),
      ...(!isChosen && { notifications: { ...notifications, sns: { topicArn: notificationsTopic } } }),
    }
  })
}
