import { UserError } from '../model/user-error.ts'
import type { z } from '../model/zod.ts'
import { describeIssues } from './describe-issues.ts'
import { isObject, type JsonObject, parseLayerJson } from './json.ts'
import { keyPath, quote } from './key-path.ts'
import { layerSchema } from './schema.ts'

/** One configuration file or settings object. `values` has been validated and contains no retired keys. */
export type Layer = { name: string; values: JsonObject; notes: readonly string[] }

const RETIRED = ['clearTmp', 's3Bucket', 's3PublicSecretNames']
const MAX_ERRORS = 10
const MAX_DEPTH = 10

/**
 * Reads `.lambci.json`. Null if there is none.
 * @throws UserError that lists all errors in the file
 */
export function readLambciJson(text: string | null, name = '.lambci.json'): Layer | null {
  return text === null ? null : parseLayer(layerSchema, { name, path: [] }, parseLayerJson(name, text))
}

/**
 * Reads the key `lambci` of `package.json`. Null if there is no file or no such key.
 * @throws UserError also if `package.json` is not valid JSON: running the default command would be a guess
 */
export function readPackageJson(text: string | null, name = 'package.json'): Layer | null {
  if (text === null) return null
  const root = parseLayerJson(name, text, 'package')
  if (!isObject(root)) throw new UserError(`${name}: the file must be an object.`)
  if (!Object.hasOwn(root, 'lambci')) return null
  return parseLayer(layerSchema, { name, path: ['lambci'] }, root.lambci)
}

/**
 * Validates a layer of parsed JSON. `location` names the file and the path of the layer within it.
 * @throws UserError that lists all errors
 */
export function parseLayer(
  schema: z.ZodType,
  location: { name: string; path: string[] },
  value: unknown,
): Layer {
  const { name, path } = location
  const parent = findPrototypeKey(value, [])
  if (parent !== null) {
    const where = keyPath([...path, ...parent])
    throw new UserError(`${name}: "__proto__" cannot be used as a key${where && ` in ${where}`}.`)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw invalidFile(name, describeIssues(schema, value, parsed.error.issues, path))
  const entries = Object.entries(parsed.data as JsonObject).filter(([key]) => key !== '$schema')
  return {
    name,
    values: Object.fromEntries(entries.filter(([key]) => !RETIRED.includes(key))),
    notes: entries
      .filter(([key]) => RETIRED.includes(key))
      .map(([key]) => `${name}: ${quote(key)} is no longer needed. You can remove it.`),
  }
}

function invalidFile(name: string, errors: readonly string[]): UserError {
  const lines = errors.slice(0, MAX_ERRORS).map(error => `${name}: ${error}`)
  const left = errors.length - lines.length
  return new UserError([...lines, ...(left > 0 ? [`${name}: and ${left} more errors.`] : [])])
}

/** The path of the object with an own key `__proto__`, which JSON may contain. Null if there is none. */
function findPrototypeKey(value: unknown, path: PropertyKey[]): PropertyKey[] | null {
  if (typeof value !== 'object' || value === null || path.length > MAX_DEPTH) return null
  if (Object.hasOwn(value, '__proto__')) return path
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
  for (const [key, inner] of entries) {
    const found = findPrototypeKey(inner, [...path, key])
    if (found !== null) return found
  }
  return null
}
