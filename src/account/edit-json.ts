import { isObject, type JsonObject, parseJson } from '../config/json.ts'
import { UserError } from '../model/user-error.ts'
import type { Store } from '../records/store.ts'
import { updateObject } from '../records/update-record.ts'

/**
 * Updates a JSON object in the bucket that people edit too. `change` gets the current value, or null if there is
 * none. It may be called several times.
 * @throws UserError if the current value is not a JSON object
 */
export async function editJson(
  store: Store,
  key: string,
  change: (current: JsonObject | null) => JsonObject,
): Promise<JsonObject> {
  const codec = {
    parse: (body: Uint8Array) => objectIn(key, body),
    serialize: (value: JsonObject) => `${JSON.stringify(value, null, 2)}\n`,
    isOwn: () => false,
  }
  return (await updateObject(store, key, codec, change)).value
}

/**
 * Reads such an object. Null if there is none.
 * @throws UserError if it is not a JSON object
 */
export async function readJsonObject(store: Store, key: string): Promise<JsonObject | null> {
  const stored = await store.get(key)
  return stored && objectIn(key, stored.body)
}

function objectIn(key: string, body: Uint8Array): JsonObject {
  const value = parseJson(key, Buffer.from(body).toString('utf8'))
  if (isObject(value)) return value
  throw new UserError(`${key} in the bucket is not a JSON object. Correct it there first.`)
}
