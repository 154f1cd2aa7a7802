/** A number with its text in JSON, which may say more than its value: 3.10, 1.0, or 18 digits. */
export class NumberText {
  readonly value: number
  readonly text: string

  constructor(value: number, text: string) {
    this.value = value
    this.text = text
  }
}

/** What a part of a file is: `package.json`, a layer or a rule, an object of rules, variables, or anything else. */
type Part = 'package' | 'layer' | 'rules' | 'env' | 'other'

const RULES = ['branches', 'pullRequests', 'stages']

/**
 * Replaces the numbers of a layer that `parseNumbers` has kept: by their text in each `env`, by their value elsewhere.
 * A test compares the places of `env` with the schema.
 */
export function resolveNumbers(value: unknown, part: Part): unknown {
  if (value instanceof NumberText) return part === 'env' ? value.text : value.value
  if (Array.isArray(value)) return value.map(item => resolveNumbers(item, 'other'))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, resolveNumbers(inner, partAt(part, key))]),
  )
}

function partAt(part: Part, key: string): Part {
  if (part === 'package') return key === 'lambci' ? 'layer' : 'other'
  if (part === 'rules') return 'layer'
  if (part !== 'layer') return part
  return key === 'env' ? 'env' : RULES.includes(key) ? 'rules' : 'other'
}
