import { decodeText } from '../config/decode-text.ts'
import { isObject, type JsonObject, MAX_BYTES, parseLayerJson } from '../config/json.ts'
import { UserError } from '../model/user-error.ts'
import type { Store } from '../records/store.ts'
import { updateObject } from '../records/update-record.ts'

/** Parses the text of an object. @throws UserError if it is invalid */
export type Parse = (key: string, text: string) => unknown

/** Numbers in `env` become their text, as builds read them. */
export const parseSettingsFile: Parse = (key, text) => parseLayerJson(key, text)
/** Numbers become their text: variables are strings. */
export const parseVariablesFile: Parse = (key, text) => parseLayerJson(key, text, 'env')

/**
 * Updates a JSON object in the bucket that people edit too. `change` gets the current value, or null if there is none. It may be called
 * several times. Values that `parse` drops are lost.
 * @throws UserError if the current value is not a JSON object, or the new one would be unreadable
 */
export async function editJson(
  store: Store,
  key: string,
  parse: Parse,
  change: (current: JsonObject | null) => JsonObject,
): Promise<JsonObject> {
  const codec = {
    parse: (body: Uint8Array) => objectIn(key, body, parse),
    serialize: (value: JsonObject) => textOf(key, value),
    isOwn: () => false,
  }
  return (await updateObject(store, key, codec, change)).value
}

/**
 * Reads such an object. Null if there is none.
 * @throws UserError if it is not a JSON object
 */
export async function readJsonObject(store: Store, key: string, parse: Parse): Promise<JsonObject | null> {
  const stored = await store.get(key)
  return stored && objectIn(key, stored.body, parse)
}

function objectIn(key: string, body: Uint8Array, parse: Parse): JsonObject {
  const value = parse(key, decodeText(key, body))
  if (isObject(value)) return value
  throw new UserError(`${key} in the bucket is not a JSON object. Correct it there first.`)
}

function textOf(key: string, value: JsonObject): string {
  const text = `${JSON.stringify(value, null, 2)}\n`
  if (Buffer.byteLength(text) <= MAX_BYTES) return text
  throw new UserError(
    `With this change, ${key} in the bucket would be larger than ${MAX_BYTES / 1024} KB, which is the limit. Nothing was changed.`,
  )
}
