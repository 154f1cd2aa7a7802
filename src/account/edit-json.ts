import { isObject, type JsonObject, parseJson } from '../config/json.ts'
import { UserError } from '../model/user-error.ts'
import type { Store } from '../records/store.ts'
import { updateObject } from '../records/update-record.ts'

/**
 * Changes a JSON object that people write too. `change` gets what stands there, null for nothing, and may be called again.
 * @throws UserError if what stands there is not a JSON object
 */
export async function editJson(
  store: Store,
  key: string,
  change: (standing: JsonObject | null) => JsonObject,
): Promise<JsonObject> {
  const codec = {
    parse: (body: Uint8Array) => objectIn(key, body),
    serialize: (value: JsonObject) => `${JSON.stringify(value, null, 2)}\n`,
    isOwn: () => false,
  }
  return (await updateObject(store, key, codec, change)).value
}

/** An object of the bucket that people write; null where there is none. */
export async function readJsonObject(store: Store, key: string): Promise<JsonObject | null> {
  const stored = await store.get(key)
  return stored && objectIn(key, stored.body)
}

function objectIn(key: string, body: Uint8Array): JsonObject {
  const value = parseJson(key, Buffer.from(body).toString('utf8'))
  if (isObject(value)) return value
  throw new UserError(`${key} in the bucket is no JSON object. Put it right there first.`)
}
