import * as z from 'zod'
import type { MessageAttribute } from './message.ts'

const scalarSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])
const comparisonSchema = z.tuple([z.enum(['=', '<', '<=', '>', '>=']), z.number()])
const anythingButSchema = z.union([
  z.string(),
  z.number(),
  z.array(z.union([z.string(), z.number()])).min(1),
  z.strictObject({ prefix: z.string().min(1) }),
])
const numericSchema = z.union([
  comparisonSchema,
  z.tuple([z.enum(['>', '>=']), z.number(), z.enum(['<', '<=']), z.number()]),
])
const conditionSchema = z.union([
  scalarSchema,
  z.strictObject({ prefix: z.string().min(1) }),
  z.strictObject({ 'anything-but': anythingButSchema }),
  z.strictObject({ exists: z.boolean() }),
  z.strictObject({ numeric: numericSchema }),
])

/**
 * A subscription's filter policy on message attributes: for each name, one of the conditions must match. Unsupported
 * conditions (suffixes, wildcards, `$or`, …) fail to parse instead of being ignored.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 */
export const filterPolicySchema = z
  .record(z.string().regex(/^[^$]/), z.array(conditionSchema).min(1).max(150))
  .refine(policy => Object.keys(policy).length <= 5)

export type FilterPolicy = z.infer<typeof filterPolicySchema>
type Condition = z.infer<typeof conditionSchema>
type Scalar = z.infer<typeof scalarSchema>

export function matches(policy: FilterPolicy, attributes: Record<string, MessageAttribute>) {
  return Object.entries(policy).every(([name, conditions]) => {
    const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined
    const values = attribute && valuesOf(attribute)
    return conditions.some(condition => meets(condition, values))
  })
}

/** The values to compare. An array matches if one of its values does. Binary attributes have no values. */
function valuesOf({ Type, Value }: MessageAttribute): Scalar[] {
  if (Type.startsWith('Binary')) return []
  if (Type.startsWith('Number')) return [Number(Value)]
  if (!Type.startsWith('String.Array')) return [Value]
  try {
    return z.array(scalarSchema).parse(JSON.parse(Value))
  } catch {
    return []
  }
}

function meets(condition: Condition, values: Scalar[] | undefined): boolean {
  if (typeof condition === 'object' && condition !== null && 'exists' in condition)
    return condition.exists === (values !== undefined)
  return (values ?? []).some(value => accepts(condition, value))
}

function accepts(condition: Condition, value: Scalar): boolean {
  if (typeof condition !== 'object' || condition === null) return condition === value
  if ('prefix' in condition) return startsWith(value, condition.prefix)
  if ('numeric' in condition) return typeof value === 'number' && compares(condition.numeric, value)
  if (!('anything-but' in condition)) return false
  const excluded = condition['anything-but']
  if (typeof excluded !== 'object') return excluded !== value
  if ('prefix' in excluded) return !startsWith(value, excluded.prefix)
  return !excluded.some(each => each === value)
}

const startsWith = (value: Scalar, prefix: string) => typeof value === 'string' && value.startsWith(prefix)

function compares([operator, bound, ...rest]: z.infer<typeof numericSchema>, value: number): boolean {
  const [upperOperator, upperBound] = rest
  return (
    COMPARE[operator](value, bound) &&
    (upperOperator === undefined || upperBound === undefined || COMPARE[upperOperator](value, upperBound))
  )
}

const COMPARE = {
  '=': (value: number, bound: number) => value === bound,
  '<': (value: number, bound: number) => value < bound,
  '<=': (value: number, bound: number) => value <= bound,
  '>': (value: number, bound: number) => value > bound,
  '>=': (value: number, bound: number) => value >= bound,
}
