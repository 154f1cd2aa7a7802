import { closest, distance } from 'fastest-levenshtein'
import * as z from 'zod'
import { isObject } from './json.ts'
import { keyPath, quote } from './key-path.ts'

type Issue = z.core.$ZodIssue

const PLANNED = 'is planned but not available in this version; remove it for now'
const NOT_IN_RULES = 'cannot stand within a rule'
const ACCOUNT_ONLY = "can be set in the account's settings only"

/** Keys that are refused for a reason better than being unknown. */
const REFUSED = new Map([
  ['submodules', PLANNED],
  ['secretEnv', 'is no longer read: set secret variables with "lambci secret set"'],
  ['docker', "is no longer supported: builds run in the build function's own image"],
  // Known at the top, and so unknown only further down.
  ['branches', NOT_IN_RULES],
  ['pullRequests', NOT_IN_RULES],
  ['allow', ACCOUNT_ONLY],
  ['deployBranches', ACCOUNT_ONLY],
  ['topics', ACCOUNT_ONLY],
  ['deployRole', ACCOUNT_ONLY],
  ['role', ACCOUNT_ONLY],
  ['pinnedStages', ACCOUNT_ONLY],
])

/** Each mistake that a schema found in `value`, as a sentence; `path` is where the value itself stands. */
export function describeMistakes(
  schema: z.ZodType,
  value: unknown,
  issues: readonly Issue[],
  path: string[] = [],
) {
  return issues.flatMap(issue => describeIssue({ schema, value, path }, issue, []))
}

type Place = { schema: z.ZodType; value: unknown; path: string[] }

function describeIssue(place: Place, issue: Issue, above: readonly PropertyKey[]): string[] {
  const at = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => describeKey(place, at, key))
  if (issue.code === 'invalid_key') {
    const name = at.at(-1)
    return issue.issues.map(inner => sentence(place, at.slice(0, -1), ownWords(inner.message, String(name))))
  }
  if (issue.code === 'invalid_union') {
    // Of several forms the one that was meant: whose own kind is right, so that the mistake lies within.
    const meant = issue.errors.find(inner => !inner.every(isOtherKind))
    if (meant !== undefined) return meant.flatMap(inner => describeIssue(place, inner, at))
  }
  if (!issue.message.startsWith('must')) {
    return [sentence(place, typeof at.at(-1) === 'number' ? at.slice(0, -1) : at, `: ${issue.message}`)]
  }
  return [sentence(place, at, ` ${issue.message}${butIs(valueAt(place.value, at))}`, 'the file')]
}

const isOtherKind = ({ code, path }: Issue) =>
  path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')

const ownWords = (message: string, key: string) =>
  message.includes(quote(key)) ? `: ${message}` : `: ${quote(key)} is no valid key: ${message}`

function sentence(place: Place, at: readonly PropertyKey[], words: string, root = ''): string {
  const path = keyPath([...place.path, ...at])
  return `${path === '' ? `${root}${words}`.replace(/^: /, '') : `${path}${words}`}.`
}

function describeKey(place: Place, at: readonly PropertyKey[], key: string): string {
  const reason = REFUSED.get(key) ?? `is not a known key${suggestion(key, keysAt(place.schema, at))}`
  return sentence(place, at, `: ${quote(key)} ${reason}`)
}

/** A key is near if at most a third of it, and one letter always, would have to change. */
function suggestion(key: string, known: string[]): string {
  if (key.length > 40 || known.length === 0) return ''
  const nearest = closest(key, known)
  const near =
    distance(key.toLowerCase(), nearest.toLowerCase()) <= Math.max(1, Math.floor(nearest.length / 3))
  return near ? ` (did you mean ${quote(nearest)}?)` : ''
}

/** The keys that a schema knows at a place within it. */
function keysAt(schema: unknown, at: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), at)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option: unknown) => keysAt(option, at))
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, at.slice(1))
  if (!(schema instanceof z.ZodObject)) return []
  const [key, ...rest] = at
  if (key === undefined) return Object.keys(schema.shape)
  return Object.hasOwn(schema.shape, key) ? keysAt(schema.shape[String(key)], rest) : []
}

function valueAt(value: unknown, at: readonly PropertyKey[]): unknown {
  return at.reduce<unknown>((within, key) => (Object(within) as Record<PropertyKey, unknown>)[key], value)
}

function butIs(value: unknown): string {
  if (Array.isArray(value)) return ', not a list'
  if (isObject(value)) return ', not an object'
  return value === undefined ? '' : `, not ${quote(value, 60)}`
}
