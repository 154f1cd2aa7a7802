import * as z from 'zod'
import { ruleMistake } from './pattern.ts'

// Messages that begin with "must" go on from the path of a key; all others speak for themselves (mistakes.ts).

/** Linux takes 128 KiB in one argument or variable at most, and a character may be three bytes. */
const LONGEST_TEXT = 32_000
const MOST_RULES = 100

const text = (error: string) =>
  z
    .string({ error })
    .max(LONGEST_TEXT, { error: `must be ${LONGEST_TEXT} characters long at most` })
    .refine(value => !value.includes('\0'), { error: 'must not contain a NUL character' })

/** A command for `bash -c`. */
export const commandSchema = text('must be a command, as text').regex(/\S/, {
  error: 'must be a command, and not an empty one',
})

export const flagSchema = z.boolean({ error: 'must be true or false' })

/** Environment variables. As in LambCI, numbers and booleans become text, null the empty text. */
export const environmentSchema = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
    error: 'variable names are made of letters, digits and underscores, and begin with no digit',
  }),
  z
    .union([text('must be text'), z.number(), z.boolean(), z.null()], {
      error: 'must be text, a number, true, false or null',
    })
    .transform(value => String(value ?? '')),
  { error: 'must be an object of environment variables' },
)

/** A branch's name, `/regex/` or `!/regex/`. */
export const ruleSchema = z
  .string({ error: 'must be a branch rule, as text' })
  .superRefine((rule, context) => {
    const message = ruleMistake(rule)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

/** An object whose keys are branch rules. */
export const rulesSchema = <T extends z.ZodType>(value: T, error: string) =>
  z.record(ruleSchema, value, { error }).refine(rules => Object.keys(rules).length <= MOST_RULES, {
    error: `must have ${MOST_RULES} rules at most`,
  })

export const ruleListSchema = z
  .array(ruleSchema, { error: 'must be a list of branch rules' })
  .max(MOST_RULES, { error: `must have ${MOST_RULES} rules at most` })

const STAGE = 'a stage name such as "dev" (lower-case letters, digits, dashes; 40 characters at most)'

export const stageSchema = z
  .string({ error: `must be ${STAGE}` })
  .regex(/^[a-z][a-z0-9-]{0,39}$/, { error: `must be ${STAGE}` })

/** `$1` stands for the first group of the rule's regular expression; whether the name then fits is known with the branch. */
export const stageTemplateSchema = z
  .string({ error: `must be ${STAGE}` })
  .regex(/^(?:[a-z][a-z0-9-]{0,39}|(?=.*\$[1-9])(?:[a-z0-9-]|\$[1-9]){1,60})$/, { error: `must be ${STAGE}` })

/** A role that AWS lets be assumed. */
export const roleArnSchema = z
  .string({ error: 'must be the ARN of a role' })
  .regex(/^arn:aws[a-z-]{0,20}:iam::\d{12}:role\/[A-Za-z0-9+=,.@_/-]{1,120}$/, {
    error: 'must be the ARN of an IAM role, such as "arn:aws:iam::123456789012:role/deploy"',
  })

/** Where a stage can be seen. */
export const urlSchema = z
  .string({ error: 'must be an address, as text' })
  .max(500, { error: 'must be 500 characters long at most' })
  .regex(/^https?:\/\/[^\s"<>]+$/, { error: 'must be an address that begins with https:// or http://' })

/** The ARN of a standard topic: a FIFO topic wants message groups, which notices have not. */
export const topicArnSchema = z
  .string({ error: 'must be the ARN of an SNS topic' })
  .regex(/^arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{1,30}:\d{12}:[A-Za-z0-9_-]{1,256}$/, {
    error: 'must be the ARN of a standard SNS topic, such as "arn:aws:sns:us-east-1:123456789012:builds"',
  })

/** Lambda ends a function after 900 s, whatever it does. */
export const timeoutSchema = z
  .int({ error: 'must be a whole number of seconds' })
  .min(1, { error: 'must be 1 second at least' })
  .max(900, { error: 'must be 900 seconds at most, because Lambda ends a build after 15 minutes' })

const depthSchema = z
  .int({ error: 'must be a whole number of commits' })
  .min(1, { error: 'must be 1 commit at least' })
  .max(1_000_000, { error: 'must be 1,000,000 commits at most' })

export const repositoryListSchema = z.array(
  z
    .string({ error: 'must be "owner", "owner/repo" or "*"' })
    .regex(/^(\*|[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(\/[A-Za-z0-9._-]{1,100})?)$/, {
      error: 'must be "owner", "owner/repo" or "*"',
    }),
  { error: 'must be a list of "owner", "owner/repo" or "*"' },
)

/** How to clone. */
export const gitSchema = z.strictObject(
  { depth: depthSchema.optional() },
  { error: 'must be an object with "depth"' },
)
