import { isObject, type JsonObject } from './json.ts'

/**
 * Merges `over` into a copy of `under`. Objects merge deeply; any other value replaces the old one. The result has no prototype, so that
 * keys such as `constructor` have no special meaning.
 */
export function merge(under: JsonObject, over: JsonObject): JsonObject {
  const merged: JsonObject = Object.assign(Object.create(null), under)
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value
  }
  return merged
}
