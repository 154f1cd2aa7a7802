import { MOST_RETRIES } from '../model/job.ts'
import {
  REPOSITORY_PATTERN,
  STAGE_NAME,
  STAGE_NAME_RULE,
  VARIABLE_NAME,
  VARIABLE_NAME_RULE,
} from '../model/names.ts'
import { z } from '../model/zod.ts'
import { ruleError } from './branch-rules.ts'

// Messages that start with "must" or "is" continue after the path of a key; others are complete sentences (describe-issues.ts).

/** Linux allows 128 KiB for one argument or variable, and a character may take three bytes. */
export const MAX_TEXT = 32_000
const MAX_RULES = 100

const text = (error: string) =>
  z
    .string({ error })
    .max(MAX_TEXT, { error: `must be at most ${MAX_TEXT} characters long` })
    .refine(value => !value.includes('\0'), { error: 'must not contain a NUL character' })

/** A command for `bash -c`. */
export const commandSchema = text('must be a command (a string)').regex(/\S/, { error: 'must not be empty' })

export const flagSchema = z.boolean({ error: 'must be true or false' })

/** Environment variables. As in LambCI, numbers and booleans become strings, and null the empty string. */
export const environmentSchema = z.record(
  z.string().regex(VARIABLE_NAME, { error: `is not a valid variable name (${VARIABLE_NAME_RULE})` }),
  z
    .union([text('must be a string'), z.number(), z.boolean(), z.null()], {
      error: 'must be a string, a number, true, false or null',
    })
    .transform(value => String(value ?? '')),
  { error: 'must be an object of environment variables' },
)

/** The name of a branch, `/regex/` or `!/regex/`. */
export const ruleSchema = z
  .string({ error: 'must be a branch rule (a string)' })
  .superRefine((rule, context) => {
    const message = ruleError(rule)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

/** An object whose keys are branch rules. */
export const rulesSchema = <T extends z.ZodType>(value: T, error: string) =>
  z.record(ruleSchema, value, { error }).refine(rules => Object.keys(rules).length <= MAX_RULES, {
    error: `must have at most ${MAX_RULES} rules`,
  })

export const ruleListSchema = z
  .array(ruleSchema, { error: 'must be a list of branch rules' })
  .max(MAX_RULES, { error: `must have at most ${MAX_RULES} rules` })

const STAGE_ERROR = { error: `must be a stage name such as "dev" (${STAGE_NAME_RULE})` }

export const stageSchema = z.string(STAGE_ERROR).regex(STAGE_NAME, STAGE_ERROR)

const STAGE_TEMPLATE = /^(?=.*\$[1-9])(?:[a-z]|\$[1-9])(?:[a-z0-9-]|\$[1-9]){0,59}$/

/** `$1` stands for the first group of the branch rule. The resulting name is validated when the branch is known. */
export const stageTemplateSchema = z
  .string(STAGE_ERROR)
  .regex(new RegExp(`${STAGE_NAME.source}|${STAGE_TEMPLATE.source}`), STAGE_ERROR)

/** A role that AWS allows assuming. */
export const roleArnSchema = z
  .string({ error: 'must be the ARN of an IAM role' })
  .regex(/^arn:aws[a-z-]{0,20}:iam::\d{12}:role\/[A-Za-z0-9+=,.@_/-]{1,120}$/, {
    error: 'must be the ARN of an IAM role, such as "arn:aws:iam::123456789012:role/deploy"',
  })

/** The address of a deployed stage. */
export const urlSchema = z
  .string({ error: 'must be a URL (a string)' })
  .max(500, { error: 'must be at most 500 characters long' })
  .regex(/^https?:\/\/[^\s"<>]+$/, { error: 'must be a URL that starts with https:// or http://' })

/** The ARN of a standard topic. FIFO topics need message groups, which notifications do not have. */
export const topicArnSchema = z
  .string({ error: 'must be the ARN of an SNS topic' })
  .regex(/^arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{1,30}:\d{12}:[A-Za-z0-9_-]{1,256}$/, {
    error: 'must be the ARN of a standard SNS topic, such as "arn:aws:sns:us-east-1:123456789012:builds"',
  })

/** In seconds. Lambda ends every invocation after 900 s. */
export const timeoutSchema = z
  .int({ error: 'must be a whole number of seconds' })
  .min(1, { error: 'must be at least 1 second' })
  .max(900, { error: 'must be at most 900 seconds (Lambda ends a build after 15 minutes)' })

/** How often a command that failed is run again. */
export const retrySchema = z
  .int({ error: 'must be a whole number' })
  .min(0, { error: 'must be at least 0' })
  .max(MOST_RETRIES, { error: `must be at most ${MOST_RETRIES}: a command that fails more often is broken` })

/** A number of builds. */
export const buildCountSchema = z
  .int({ error: 'must be a whole number of builds' })
  .min(0, { error: 'must be at least 0' })
  .max(1_000_000, { error: 'must be at most 1,000,000' })

/** In US dollars. */
export const budgetSchema = z
  .number({ error: 'must be a number of US dollars' })
  .positive({ error: 'must be more than 0' })
  .max(1_000_000, { error: 'must be at most 1,000,000' })

const depthSchema = z
  .int({ error: 'must be a whole number of commits' })
  .min(1, { error: 'must be at least 1 commit' })
  .max(1_000_000, { error: 'must be at most 1,000,000 commits' })

export const repositoryListSchema = z.array(
  z
    .string({ error: 'must be "owner", "owner/repo" or "*"' })
    .regex(REPOSITORY_PATTERN, { error: 'must be "owner", "owner/repo" or "*"' }),
  { error: 'must be a list of "owner", "owner/repo" or "*"' },
)

/** How to clone. */
export const gitSchema = z.strictObject(
  { depth: depthSchema.optional(), tags: flagSchema.optional() },
  { error: 'must be an object with "depth" or "tags"' },
)

/** The part of it that files can set: they are read after the clone. */
export const fileGitSchema = gitSchema.omit({ depth: true })
