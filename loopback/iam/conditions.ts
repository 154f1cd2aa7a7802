import type { AccessRequest } from './access.ts'
import { matchesGlob } from './glob.ts'

/** Whether a value of the request matches a value of the policy. */
type Matches = (actual: string, expected: string) => boolean

const equal: Matches = (actual, expected) => actual === expected
const like: Matches = (actual, expected) => matchesGlob(expected, actual)
const equalIgnoreCase: Matches = (actual, expected) => actual.toLowerCase() === expected.toLowerCase()

type Operator = { matches: Matches; negated?: true; ifExists?: true }

const BASE: Record<string, Operator> = {
  StringEquals: { matches: equal },
  StringNotEquals: { matches: equal, negated: true },
  StringEqualsIgnoreCase: { matches: equalIgnoreCase },
  StringLike: { matches: like },
  StringNotLike: { matches: like, negated: true },
  ArnEquals: { matches: like },
  ArnNotEquals: { matches: like, negated: true },
  ArnLike: { matches: like },
  ArnNotLike: { matches: like, negated: true },
  Bool: { matches: equalIgnoreCase },
}

/** The supported condition operators of IAM, by name. */
export const OPERATORS: ReadonlyMap<string, Operator | 'Null'> = new Map<string, Operator | 'Null'>([
  ['Null', 'Null'],
  ...Object.entries(BASE).flatMap(([name, operator]): [string, Operator][] => [
    [name, operator],
    [`${name}IfExists`, { ...operator, ifExists: true }],
  ]),
])

export type Conditions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

/**
 * Whether a request meets all conditions of a statement.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function meetsConditions(conditions: Conditions, { context = {} }: AccessRequest): boolean {
  const actual = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), [value].flat()]))
  return Object.entries(conditions).every(([name, keys]) =>
    Object.entries(keys).every(([key, expected]) => meets(name, actual.get(key.toLowerCase()), expected)),
  )
}

function meets(name: string, actual: readonly string[] | undefined, expected: readonly string[]): boolean {
  const operator = OPERATORS.get(name)
  if (!operator) return false
  if (operator === 'Null') return expected.some(value => (value === 'true') === (actual === undefined))
  // A missing key matches nothing, which satisfies the negated operators and the IfExists ones.
  if (actual === undefined) return operator.negated === true || operator.ifExists === true
  const matched = actual.some(value => expected.some(other => operator.matches(value, other)))
  return operator.negated ? !matched : matched
}
