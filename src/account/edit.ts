import type { Store } from '../build/store.ts'
import { isObject, type JsonObject, parseJson } from '../config/json.ts'
import { Problem } from '../problem.ts'

const ATTEMPTS = 20

/**
 * Changes an object of the bucket that people write: what somebody else has changed meanwhile is not lost. `change` may
 * be called again, with what stands there then; null for nothing.
 * @throws Problem where what stands there is no JSON object
 */
export async function editJson(
  store: Store,
  key: string,
  change: (standing: JsonObject | null) => JsonObject,
): Promise<JsonObject> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = await store.get(key)
    const standing = stored && objectIn(key, stored.body)
    const changed = change(standing)
    const condition = stored ? { ifMatch: stored.etag } : ({ ifNoneMatch: '*' } as const)
    const written = await store.putIf(key, `${JSON.stringify(changed, null, 2)}\n`, condition)
    if (written !== 'lost') return changed
  }
  throw new Problem(`${key} is being changed by others all the time. Try again.`)
}

/** An object of the bucket that people write; null where there is none. */
export async function readJsonObject(store: Store, key: string): Promise<JsonObject | null> {
  const stored = await store.get(key)
  return stored && objectIn(key, stored.body)
}

function objectIn(key: string, body: Uint8Array): JsonObject {
  const value = parseJson(key, Buffer.from(body).toString('utf8'))
  if (isObject(value)) return value
  throw new Problem(`${key} in the bucket is no JSON object. Put it right there first.`)
}
