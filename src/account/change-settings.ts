import { isObject, type JsonObject } from '../config/json.ts'
import { quote } from '../config/key-path.ts'
import { readSettings } from '../config/settings.ts'
import { UserError } from '../model/user-error.ts'
import { settingsKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { editJson, readJsonObject } from './edit-json.ts'

/** The object with the settings of a repository (`gh/<owner>/<repo>`) or, for null, of all. */
const settingsKeyOf = (project: string | null): string =>
  project === null ? settingsKeys('')[0] : settingsKeys(project)[1]

const STEP = /^(?:\.?([A-Za-z_$][\w$-]*)|\[("(?:[^"\\]|\\.)*")\])/

/**
 * A path of keys as errors write it, `branches["release/1.0"].cmd`.
 * @throws Problem for anything else
 */
export function parseKeyPath(text: string): string[] {
  const keys: string[] = []
  for (let rest = text; rest !== ''; ) {
    const [step, name, quoted] = STEP.exec(rest) ?? []
    const key = name ?? (quoted && String(JSON.parse(quoted)))
    // Prototypes are nobody's settings.
    if (step === undefined || key === undefined || ['__proto__', 'constructor', 'prototype'].includes(key)) {
      throw new UserError(
        `${quote(text)} is no key. Write it like timeout, git.depth, or branches["release/1.0"].cmd.`,
      )
    }
    keys.push(key)
    rest = rest.slice(step.length)
  }
  return keys
}

/** One setting, or all of them; undefined where it is not set. */
export async function getSetting(store: Store, project: string | null, keys: readonly string[]) {
  const settings = (await readJsonObject(store, settingsKeyOf(project))) ?? {}
  return keys.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    settings,
  )
}

/**
 * Sets one setting, or takes it away where `text` is null. The text is JSON or, where only a string is possible, the
 * string itself; nothing is written that a build would not accept.
 */
export async function setSetting(
  store: Store,
  project: string | null,
  keys: readonly string[],
  text: string | null,
): Promise<void> {
  await editJson(store, settingsKeyOf(project), standing => {
    const settings = standing ?? {}
    if (text === null) return checked(project, put(settings, keys, undefined))
    const values = readingsOf(text)
    const accepted = values.find(value => isAccepted(project, put(settings, keys, value)))
    return checked(project, put(settings, keys, accepted ?? values[0]))
  })
}

/** As JSON first: `true` is a boolean unless only a string will do. */
function readingsOf(text: string): unknown[] {
  try {
    return [JSON.parse(text), text]
  } catch {
    return [text]
  }
}

function put(settings: JsonObject, [key = '', ...rest]: readonly string[], value: unknown): JsonObject {
  const { [key]: standing, ...others } = settings
  if (rest.length > 0) return { ...settings, [key]: put(isObject(standing) ? standing : {}, rest, value) }
  return value === undefined ? others : { ...settings, [key]: value }
}

function checked(project: string | null, settings: JsonObject): JsonObject {
  const text = JSON.stringify(settings)
  readSettings(
    project ?? '',
    project === null ? { global: text, repository: null } : { global: null, repository: text },
  )
  return settings
}

function isAccepted(project: string | null, settings: JsonObject): boolean {
  try {
    checked(project, settings)
    return true
  } catch (error) {
    if (error instanceof UserError) return false
    throw error
  }
}
