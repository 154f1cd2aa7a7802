import type { AccessRequest } from './access.ts'
import { matchesGlob } from './glob.ts'

/** Whether one value of the request fits one value of the policy. */
type Fits = (asked: string, wanted: string) => boolean

const equal: Fits = (asked, wanted) => asked === wanted
const like: Fits = (asked, wanted) => matchesGlob(wanted, asked)
const sameCase: Fits = (asked, wanted) => asked.toLowerCase() === wanted.toLowerCase()

type Operator = { fits: Fits; negated?: true; ifExists?: true }

const BASE: Record<string, Operator> = {
  StringEquals: { fits: equal },
  StringNotEquals: { fits: equal, negated: true },
  StringEqualsIgnoreCase: { fits: sameCase },
  StringLike: { fits: like },
  StringNotLike: { fits: like, negated: true },
  ArnEquals: { fits: like },
  ArnNotEquals: { fits: like, negated: true },
  ArnLike: { fits: like },
  ArnNotLike: { fits: like, negated: true },
  Bool: { fits: sameCase },
}

/** Those of IAM that are carried out here, by name. */
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
  const asked = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), [value].flat()]))
  return Object.entries(conditions).every(([name, keys]) =>
    Object.entries(keys).every(([key, wanted]) => meets(name, asked.get(key.toLowerCase()), wanted)),
  )
}

function meets(name: string, asked: readonly string[] | undefined, wanted: readonly string[]): boolean {
  const operator = OPERATORS.get(name)
  if (!operator) return false
  if (operator === 'Null') return wanted.some(value => (value === 'true') === (asked === undefined))
  // A key that the request lacks fits nothing; that is enough for the negated ones, and for those that allow it.
  if (asked === undefined) return operator.negated === true || operator.ifExists === true
  const fits = asked.some(value => wanted.some(other => operator.fits(value, other)))
  return operator.negated ? !fits : fits
}
