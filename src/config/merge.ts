import { isObject, type JsonObject } from './json.ts'

/**
 * `over` upon `under`: objects merge deeply, all else replaces; so a boolean over an object replaces it, and an
 * object a boolean. Neither is changed. What comes back has no prototype, so that no key is anything but a key.
 */
export function merge(under: JsonObject, over: JsonObject): JsonObject {
  const merged: JsonObject = Object.assign(Object.create(null), under)
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value
  }
  return merged
}
