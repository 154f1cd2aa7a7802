import * as z from 'zod'
import { OPERATORS } from './conditions.ts'

const listOf = <T extends z.ZodType>(item: T) =>
  z.union([item.transform(value => [value]), z.array(item).min(1)])

// Policy variables are not implemented; treating one as plain text would change the meaning of the policy.
const pattern = z.string().regex(/^[^$]*$/, 'policy variables are not supported')
const patterns = listOf(pattern)
const principals = z.union([
  z.literal('*').transform((): { AWS?: string[]; Service?: string[] } => ({ AWS: ['*'] })),
  z.strictObject({
    AWS: listOf(z.string()).optional(),
    Service: listOf(z.string()).optional(),
  }),
])
const values = listOf(z.union([z.string(), z.boolean().transform(String), z.number().transform(String)]))

const statementSchema = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Principal: principals.optional(),
    Action: patterns.optional(),
    NotAction: patterns.optional(),
    Resource: patterns.optional(),
    NotResource: patterns.optional(),
    Condition: z
      .record(
        z.string().refine(name => OPERATORS.has(name), { message: 'this operator is not supported' }),
        z.record(z.string(), values),
      )
      .optional(),
  })
  .refine(({ Action, NotAction }) => (Action === undefined) !== (NotAction === undefined), {
    message: 'a statement needs either Action or NotAction',
  })
  .refine(({ Resource, NotResource }) => Resource === undefined || NotResource === undefined, {
    message: 'a statement cannot have both Resource and NotResource',
  })
export type Statement = z.infer<typeof statementSchema>

/**
 * A policy document. Unsupported elements are rejected, not ignored: without its condition, a statement would grant
 * too much. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export const policySchema = z.strictObject({
  Version: z.literal('2012-10-17'),
  Id: z.string().optional(),
  Statement: listOf(statementSchema),
})
export type PolicyDocument = z.infer<typeof policySchema>
