import { z } from '../model/zod.ts'
import { adviseOnForeignKey, adviseOnNotification } from './foreign-keys.ts'
import { adviseOnJobKey } from './jobs/job-keys.ts'
import { isObject } from './json.ts'
import { keyPath, quote } from './key-path.ts'
import { nearest } from './nearest.ts'
import { rightForm } from './right-form.ts'

type Issue = z.core.$ZodIssue

const NOT_YET = 'is planned but not available in this version; remove it for now'
const TOP_LEVEL_ONLY = 'cannot be used within a rule, only at the top level'
const ACCOUNT_ONLY = "can only be set in the account's settings"

/** Keys that are refused with a more helpful message than "not a known key". */
const REFUSED = new Map([
  ['submodules', NOT_YET],
  ['engine', NOT_YET],
  ['size', NOT_YET],
  ['secretEnv', 'is not supported: set secret variables with "lambci secret set"'],
  // Known at the top level, so these are unknown only in rules.
  ['branches', TOP_LEVEL_ONLY],
  ['pullRequests', TOP_LEVEL_ONLY],
  ['allow', ACCOUNT_ONLY],
  ['deployBranches', ACCOUNT_ONLY],
  [
    'depth',
    `${ACCOUNT_ONLY}, because files are read after the clone: run "lambci config set OWNER/REPO git.depth 50"`,
  ],
  ['skip', "is only read from the top level of the account's settings"],
  ['topics', ACCOUNT_ONLY],
  ['deployRole', ACCOUNT_ONLY],
  ['role', ACCOUNT_ONLY],
  ['pinnedStages', ACCOUNT_ONLY],
  ['jobRoles', ACCOUNT_ONLY],
  ['jobToken', ACCOUNT_ONLY],
  ['maxJobs', ACCOUNT_ONLY],
  ['approval', ACCOUNT_ONLY],
  ['maxForkBuildsPerDay', ACCOUNT_ONLY],
  ['maxBuildsPerDay', ACCOUNT_ONLY],
  ['monthlyBudget', ACCOUNT_ONLY],
  ['maxRunningJobs', ACCOUNT_ONLY],
])

/** Keys that have no effect in a rule for pull requests. */
const PUSH_ONLY = new Map([
  ['stages', 'has no effect here: pull requests are never deployed'],
  ['deploy', 'has no effect here: pull requests are never deployed'],
  ['paths', 'has no effect here: pull requests are always built'],
])

/** Other names for a key, mostly from other CI systems. */
const ALIASES: Record<string, readonly string[]> = {
  cmd: ['command', 'commands', 'script', 'scripts'],
  env: ['environment', 'variables', 'vars'],
  deploy: ['deployment', 'deployCommand', 'deployCmd'],
  notifications: ['notify'],
  pullRequests: ['prs'],
}

/** One sentence per error that a schema found in `value`. `path` is the path of `value` itself within its file. */
export function describeIssues(
  schema: z.ZodType,
  value: unknown,
  issues: readonly Issue[],
  path: string[] = [],
) {
  return issues.flatMap(issue => describeIssue({ schema, value, path }, issue, []))
}

type Root = { schema: z.ZodType; value: unknown; path: string[] }

function describeIssue(root: Root, issue: Issue, above: readonly PropertyKey[]): string[] {
  const at = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => describeKey(root, at, key))
  if (issue.code === 'invalid_key') {
    const key = String(at.at(-1))
    return issue.issues.map(({ message }) => sentence(root, at.slice(0, -1), `: ${aboutKey(key, message)}`))
  }
  if (issue.code === 'invalid_union') {
    // If there are several alternatives, report only the one that was meant: the one whose type fits.
    const meant = issue.errors.find(inner => !inner.every(isTypeMismatch))
    if (meant !== undefined) return meant.flatMap(inner => describeIssue(root, inner, at))
  }
  if (!issue.message.startsWith('must')) {
    return [sentence(root, typeof at.at(-1) === 'number' ? at.slice(0, -1) : at, `: ${issue.message}`)]
  }
  const value = valueAt(root.value, at)
  const form = rightForm(at, value)
  const text = ` ${issue.message}${found(issue.message, value)}${form === null ? '' : `. Write ${form}`}`
  return [sentence(root, at, text, 'the file')]
}

/** Whether a value has another type than an alternative, which may be a choice itself. */
const isTypeMismatch = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === 'invalid_type' ||
    issue.code === 'invalid_value' ||
    (issue.code === 'invalid_union' && issue.errors.every(inner => inner.every(isTypeMismatch))))

/** A message is either a predicate that needs the key as its subject, or a whole sentence. */
const aboutKey = (key: string, message: string) =>
  /^(is|must) /.test(message) ? `${quote(key)} ${message}` : message

function sentence(root: Root, at: readonly PropertyKey[], text: string, subject = ''): string {
  const path = keyPath([...root.path, ...at])
  return `${path === '' ? `${subject}${text}`.replace(/^: /, '') : `${path}${text}`}.`
}

function describeKey(root: Root, at: readonly PropertyKey[], key: string): string {
  const known = keysAt(root.schema, at)
  const reason =
    (at[0] === 'pullRequests' ? PUSH_ONLY.get(key) : undefined) ??
    REFUSED.get(key) ??
    adviseOn(key, at, { root, known }) ??
    (known.includes('slack') ? adviseOnNotification(key) : null) ??
    `is not a known key${suggestion(key, known)}`
  return sentence(root, at, `: ${quote(key)} ${reason}`)
}

/** Advice on a key that other systems have. */
function adviseOn(
  key: string,
  at: readonly PropertyKey[],
  { root, known }: { root: Root; known: readonly string[] },
): string | null {
  if (!known.includes('cmd')) return null
  const value = valueAt(root.value, [...at, key])
  if (known.includes('needs')) return adviseOnJobKey(key, value)
  const advice = adviseOnForeignKey(key, value)
  if (advice !== null || known.includes('branches') || at.at(-1) !== 'deploy') return advice
  const form = rightForm(at, valueAt(root.value, at))
  return form === null ? null : `is not a known key. Write ${form}`
}

function suggestion(key: string, known: string[]): string {
  const found = nearestKey(key, known)
  return found === undefined ? '' : ` (did you mean ${quote(found)}?)`
}

/** The key whose name or alias is nearest to the written one. */
function nearestKey(written: string, known: readonly string[]): string | undefined {
  const words = known.flatMap(key => [key, ...(ALIASES[key] ?? [])])
  const word = nearest(written, words)
  return known.find(key => key === word || (word !== undefined && ALIASES[key]?.includes(word)))
}

/** The keys that a schema accepts at a path within it. */
function keysAt(schema: unknown, at: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), at)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option: unknown) => keysAt(option, at))
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, at.slice(1))
  if (schema instanceof z.ZodArray) return keysAt(schema.element, at.slice(1))
  if (!(schema instanceof z.ZodObject)) return []
  const [key, ...rest] = at
  if (key === undefined) return Object.keys(schema.shape)
  return Object.hasOwn(schema.shape, key) ? keysAt(schema.shape[String(key)], rest) : []
}

function valueAt(value: unknown, at: readonly PropertyKey[]): unknown {
  return at.reduce<unknown>((within, key) => (Object(within) as Record<PropertyKey, unknown>)[key], value)
}

/** The rejected value, as the end of a sentence. */
function found(message: string, value: unknown): string {
  if (message.startsWith('must not')) return typeof value === 'string' ? ` (found ${quote(value, 60)})` : ''
  if (message.startsWith('must have')) return ''
  if (Array.isArray(value)) return ', not a list'
  if (isObject(value)) return ', not an object'
  return value === undefined ? '' : `, not ${quote(value, 60)}`
}
