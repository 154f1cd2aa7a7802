import { isObject, type JsonObject, parseNumbers } from '../config/json.ts'
import { describeDuplicate, scanJson } from '../config/json-scan.ts'
import { quote } from '../config/key-path.ts'
import { resolveNumbers } from '../config/number-text.ts'
import { parseSettings, readSettings } from '../config/settings.ts'
import { UserError } from '../model/user-error.ts'
import { settingsKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { editJson, parseSettingsFile, readJsonObject } from './edit-json.ts'
import { requireSettingsSize } from './settings.ts'

/** The key of the settings of a repository (`gh/<owner>/<repo>`) or, for null, of all repositories. */
const settingsKeyOf = (project: string | null): string =>
  project === null ? settingsKeys('')[0] : settingsKeys(project)[1]

const STEP = /^(?:\.?([A-Za-z_$][\w$-]*)|\[("(?:[^"\\]|\\.)*")\])/

/**
 * Parses a path of keys in the form that error messages use: `branches["release/1.0"].cmd`.
 * @throws UserError for anything else
 */
export function parseKeyPath(text: string): string[] {
  const keys: string[] = []
  for (let rest = text; rest !== ''; ) {
    const [step, name, quoted] = STEP.exec(rest) ?? []
    const key = name ?? (quoted && String(JSON.parse(quoted)))
    if (step === undefined || key === undefined || ['__proto__', 'constructor', 'prototype'].includes(key)) {
      throw new UserError(
        `${quote(text)} is not a valid key. Write it like timeout, git.depth, or branches["release/1.0"].cmd.`,
      )
    }
    keys.push(key)
    rest = rest.slice(step.length)
  }
  return keys
}

/** One setting or, without keys, all of them. Undefined if it is not set. */
export async function getSetting(store: Store, project: string | null, keys: readonly string[]) {
  const settings = (await readJsonObject(store, settingsKeyOf(project), parseSettingsFile)) ?? {}
  return keys.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    settings,
  )
}

/**
 * Sets one setting, or removes it if `text` is null. The text is JSON or, if only a string is valid, the string
 * itself.
 * @throws UserError if a build would not accept the new settings; nothing is written then
 */
export async function setSetting(
  store: Store,
  project: string | null,
  keys: readonly string[],
  text: string | null,
): Promise<void> {
  const global = project === null ? null : await readJsonObject(store, settingsKeyOf(null), parseSettingsFile)
  const change = (settings: JsonObject) => {
    if (text === null) return validated(project, put(settings, keys, undefined))
    const candidates = candidateValues(text).map(
      value => resolveNumbers(put(settings, keys, value), 'layer') as JsonObject,
    )
    const accepted = candidates.find(candidate => isAccepted(project, candidate))
    const changed = validated(project, accepted ?? candidates[0] ?? settings)
    const all = project === null ? { global: changed } : { ...(global && { global }), repository: changed }
    requireSettingsSize(project ?? '', all)
    // The two files may be valid separately, but not in combination.
    parseSettings(project ?? '', all)
    return changed
  }
  await editJson(store, settingsKeyOf(project), parseSettingsFile, current => change(current ?? {}))
}

/** JSON comes first: `true` is a boolean unless only a string is valid. Numbers keep their text, which is the value in `env`. */
function candidateValues(text: string): unknown[] {
  const { error, duplicates } = scanJson(text)
  if (error !== null) return [text]
  const [duplicate] = duplicates
  if (duplicate) throw new UserError(`The value is not clear: ${describeDuplicate(duplicate)}`)
  return [parseNumbers(text), text]
}

function put(settings: JsonObject, [key = '', ...rest]: readonly string[], value: unknown): JsonObject {
  const { [key]: current, ...others } = settings
  if (rest.length > 0) return { ...settings, [key]: put(isObject(current) ? current : {}, rest, value) }
  return value === undefined ? others : { ...settings, [key]: value }
}

function validated(project: string | null, settings: JsonObject): JsonObject {
  const text = JSON.stringify(settings)
  readSettings(
    project ?? '',
    project === null ? { global: text, repository: null } : { global: null, repository: text },
  )
  return settings
}

function isAccepted(project: string | null, settings: JsonObject): boolean {
  try {
    validated(project, settings)
    return true
  } catch (error) {
    if (error instanceof UserError) return false
    throw error
  }
}
