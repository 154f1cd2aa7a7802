import { editJson, parseSettingsFile } from '../../src/account/edit-json.ts'
import { isObject, type JsonObject, parseJson } from '../../src/config/json.ts'
import { runnerSecretsKey, settingsKeys } from '../../src/records/keys.ts'
import type { Store } from '../../src/records/store.ts'
import { type Keys, writeKeys } from './keys.ts'

const JSON_TYPE = 'application/json'
const [GLOBAL_SETTINGS] = settingsKeys('')

/** Writes the data of a setup: the runner's secrets, and settings that allow every repository. */
export async function seedAccount(store: Store, keys: Keys, topicArn: string): Promise<void> {
  const { webhookSecret, githubToken, cloneToken, linkKey } = keys
  // Keeps secrets that the user has added, such as Slack's token.
  await editJson(store, runnerSecretsKey, parseJson, existing => ({
    ...existing,
    webhookSecrets: [webhookSecret],
    acceptsSharedSecret: false,
    githubToken,
    cloneToken,
    linkKey,
  }))
  const settings = { allow: ['*'], notifications: { sns: { topicArn } } }
  await store.putIf(GLOBAL_SETTINGS, JSON.stringify(settings, null, 2), { ifNoneMatch: '*' })
}

/** Adds the user's variables to the account's `env`, and removes those added at the previous start. */
export async function passVariables(
  store: Store,
  directory: string,
  keys: Keys,
  variables: Record<string, string>,
) {
  const stored = await store.get(GLOBAL_SETTINGS)
  const settings = parseSettingsFile(
    GLOBAL_SETTINGS,
    Buffer.from(stored?.body ?? '{}').toString('utf8'),
  ) as JsonObject
  const kept = Object.entries(isObject(settings.env) ? settings.env : {}).filter(
    ([name]) => !keys.passedVariables.includes(name),
  )
  const env = { ...Object.fromEntries(kept), ...variables }
  await store.put(GLOBAL_SETTINGS, JSON.stringify({ ...settings, env }, null, 2), JSON_TYPE)
  await writeKeys(directory, { ...keys, passedVariables: Object.keys(variables) })
}
