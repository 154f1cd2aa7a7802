import { JOB_NAME } from '../../model/job.ts'
import { validRule } from '../branch-rules.ts'
import { commandsIn } from '../foreign-keys.ts'
import { isObject, type JsonObject } from '../json.ts'

const EVENTS = new Map([
  ['push', 'push'],
  ['pushes', 'push'],
  ['pr', 'pullRequest'],
  ['pullrequest', 'pullRequest'],
  ['pullrequests', 'pullRequest'],
  ['pullrequesttarget', 'pullRequest'],
  ['mergerequest', 'pullRequest'],
  ['mergerequests', 'pullRequest'],
  ['mergequeue', 'mergeGroup'],
  ['mergegroup', 'mergeGroup'],
])

/** The right form of a value within `jobs` that has the form of another system. `at` is the path below `jobs`. Null if unclear. */
export function jobFormOf(at: readonly PropertyKey[], value: unknown): unknown {
  if (at.length === 0) return jobsIn(value)
  const [, key, name] = at
  if (at.length === 1) return single(commandsIn(value))
  if (key === 'matrix' && at.length === 3 && typeof name === 'string')
    return /^(string|number|boolean)$/.test(typeof value) ? [value] : null
  if (key === 'on') return eventsIn(value)
  if (at.length !== 2) return null
  if (key === 'needs') return namesIn(value)
  if (key === 'secrets') return value === false ? [] : namesIn(value)
  if (key === 'artifacts' || key === 'tests') return textsIn(value)
  if (key === 'branches') return rulesIn(value)
  if (key === 'setup') return single(commandsIn(value))
  return null
}

const single = (commands: readonly string[]) => (commands.length > 1 ? commands : (commands[0] ?? null))

/** `[{"name": "lint", "run": "npm run lint"}]`. */
function jobsIn(value: unknown): JsonObject | null {
  if (!Array.isArray(value)) return null
  const jobs = value.flatMap(each => {
    const name = isObject(each) ? (each.name ?? each.id ?? each.job) : null
    const command = single(commandsIn(each))
    return typeof name === 'string' && JOB_NAME.test(name) && command !== null
      ? [[name, command] as const]
      : []
  })
  return jobs.length === value.length && jobs.length > 0 ? Object.fromEntries(jobs) : null
}

const textsIn = (value: unknown): string[] | null =>
  typeof value === 'string' && value !== '' ? [value.replace(/^\.\//, '')] : null

/** A text, or the keys of an object. */
function namesIn(value: unknown): string[] | null {
  if (isObject(value)) return typeof value.job === 'string' ? [value.job] : Object.keys(value)
  return typeof value === 'string' && !['inherit', 'all', ''].includes(value) ? [value] : null
}

function eventsIn(value: unknown): string | string[] | null {
  const names: readonly unknown[] = isObject(value)
    ? Object.keys(value)
    : Array.isArray(value)
      ? value
      : [value]
  const events = names.map(name =>
    EVENTS.get(
      String(name)
        .toLowerCase()
        .replace(/[^a-z]/g, ''),
    ),
  )
  if (events.length === 0 || !events.every(event => event !== undefined)) return null
  const [only] = events
  return events.length === 1 && only !== undefined ? only : [...new Set(events)]
}

/** `{"only": ["main"]}`. */
function rulesIn(value: unknown): string[] | null {
  const only = isObject(value) ? (value.only ?? value.include) : null
  const rules = (Array.isArray(only) ? only : [only]).map(rule =>
    typeof rule === 'string' ? validRule(rule) : null,
  )
  return rules.every(rule => rule !== null) ? rules : null
}
