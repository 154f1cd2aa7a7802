import * as z from 'zod'
import { OPERATORS } from './conditions.ts'

const listOf = <T extends z.ZodType>(item: T) =>
  z.union([item.transform(value => [value]), z.array(item).min(1)])

// A pattern with a policy variable would be taken for plain text, and mean something else.
const pattern = z.string().regex(/^[^$]*$/, 'policy variables are not known here')
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
        z.string().refine(name => OPERATORS.has(name), { message: 'this operator is not known here' }),
        z.record(z.string(), values),
      )
      .optional(),
  })
  .refine(({ Action, NotAction }) => (Action === undefined) !== (NotAction === undefined), {
    message: 'a statement has either Action or NotAction',
  })
  .refine(({ Resource, NotResource }) => Resource === undefined || NotResource === undefined, {
    message: 'a statement has either Resource or NotResource',
  })
export type Statement = z.infer<typeof statementSchema>

/**
 * A policy document. What is not known here is refused, never passed over: a condition that nobody looks at would open
 * what it closes. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export const policySchema = z.strictObject({
  Version: z.literal('2012-10-17'),
  Id: z.string().optional(),
  Statement: listOf(statementSchema),
})
export type PolicyDocument = z.infer<typeof policySchema>
