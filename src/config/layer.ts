import type * as z from 'zod'
import { UserError } from '../model/user-error.ts'
import { isObject, type JsonObject, parseJson } from './json.ts'
import { keyPath, quote } from './key-path.ts'
import { describeMistakes } from './mistakes.ts'
import { layerSchema } from './schema.ts'

/** What one file or settings object says: `says` has been checked and holds no key that is no longer needed. */
export type Source = { name: string; says: JsonObject; notes: readonly string[] }

const RETIRED = ['clearTmp', 's3Bucket', 's3PublicSecretNames']
const MOST_MISTAKES = 10
const DEEPEST = 10

/** Reads `.lambci.json`; null if there is none. Throws a `Problem` that lists all its mistakes. */
export function readLambciJson(text: string | null, name = '.lambci.json'): Source | null {
  return text === null ? null : parseLayer(layerSchema, { name, path: [] }, parseJson(name, text))
}

/**
 * Reads the key `lambci` of `package.json`; null without file or key. A `package.json` that is no JSON is a
 * `Problem`: what it would have said is not known, and the default command would be a guess.
 */
export function readPackageJson(text: string | null, name = 'package.json'): Source | null {
  if (text === null) return null
  const root = parseJson(name, text)
  if (!isObject(root)) throw new UserError(`${name}: the file must be an object.`)
  if (!Object.hasOwn(root, 'lambci')) return null
  return parseLayer(layerSchema, { name, path: ['lambci'] }, root.lambci)
}

/** Checks a layer that has been parsed as JSON; `place` says where it stands. */
export function parseLayer(
  schema: z.ZodType,
  place: { name: string; path: string[] },
  value: unknown,
): Source {
  const hostile = findPrototypeKey(value, [])
  if (hostile !== null) {
    const path = keyPath([...place.path, ...hostile])
    throw new UserError(`${place.name}: "__proto__" cannot be used as a key${path && ` in ${path}`}.`)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) {
    throw mistakenFile(place.name, describeMistakes(schema, value, parsed.error.issues, place.path))
  }
  const says = Object.entries(parsed.data as JsonObject).filter(([key]) => key !== '$schema')
  return {
    name: place.name,
    says: Object.fromEntries(says.filter(([key]) => !RETIRED.includes(key))),
    notes: says
      .filter(([key]) => RETIRED.includes(key))
      .map(([key]) => `${place.name}: ${quote(key)} is no longer needed and can be removed.`),
  }
}

function mistakenFile(name: string, mistakes: readonly string[]): UserError {
  const lines = mistakes.slice(0, MOST_MISTAKES).map(mistake => `${name}: ${mistake}`)
  const left = mistakes.length - lines.length
  return new UserError([...lines, ...(left > 0 ? [`${name}: and ${left} more.`] : [])].join('\n'))
}

/** The path to an own key `__proto__`, which JSON may hold; no further down than any key of ours lies. */
function findPrototypeKey(value: unknown, path: string[]): string[] | null {
  if (!isObject(value) || path.length > DEEPEST) return null
  if (Object.hasOwn(value, '__proto__')) return path
  for (const [key, inner] of Object.entries(value)) {
    const found = findPrototypeKey(inner, [...path, key])
    if (found !== null) return found
  }
  return null
}
