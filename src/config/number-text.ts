/** A number with its text in JSON, which may contain more than its value: 3.10, 1.0, or 18 digits. */
export class NumberText {
  readonly value: number
  readonly text: string

  constructor(value: number, text: string) {
    this.value = value
    this.text = text
  }
}

/**
 * The kind of a part of a file: `package.json`, a layer or a rule, an object of rules, all jobs, one job, variables with their values, or
 * anything else.
 */
type Part = 'package' | 'layer' | 'rules' | 'jobs' | 'job' | 'env' | 'other'

const RULES = ['branches', 'pullRequests', 'stages']
const VARIABLES = ['env', 'matrix', 'include', 'exclude']

/**
 * Replaces the numbers of a layer that `parseNumbers` has kept: by their text in each `env` and matrix, by their value elsewhere.
 * A test compares the places of `env` with the schema.
 */
export function resolveNumbers(value: unknown, part: Part): unknown {
  if (value instanceof NumberText) return part === 'env' ? value.text : value.value
  if (Array.isArray(value)) return value.map(item => resolveNumbers(item, part === 'env' ? part : 'other'))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, resolveNumbers(inner, partAt(part, key))]),
  )
}

function partAt(part: Part, key: string): Part {
  if (part === 'package') return key === 'lambci' ? 'layer' : 'other'
  if (part === 'rules') return 'layer'
  if (part === 'jobs') return 'job'
  if (part === 'job') return VARIABLES.includes(key) ? 'env' : 'other'
  if (part !== 'layer') return part
  if (key === 'jobs') return 'jobs'
  return key === 'env' ? 'env' : RULES.includes(key) ? 'rules' : 'other'
}
