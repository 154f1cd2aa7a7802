import { z } from '../../model/zod.ts'
import { flagSchema } from '../values.ts'
import { locationError } from './artifacts-schema.ts'

const MAX_PATTERNS = 50

const pattern = z.string({ error: 'must be a path (a string)' }).superRefine((text, context) => {
  const message = patternError(text)
  if (message !== null) context.addIssue({ code: 'custom', message })
})

/** Why a pattern can match no report, as a predicate. Null if it can match one. */
const patternError = (text: string): string | null =>
  /\{.*,.*\}|\\|^!/.test(text)
    ? 'must consist of names, *, ** and ? (list alternatives as separate paths)'
    : locationError(text)

const patternsSchema = z
  .array(pattern, { error: 'must be a list of paths' })
  .max(MAX_PATTERNS, { error: `must have at most ${MAX_PATTERNS} paths` })

/** Test files: a pattern, or several. */
export const testFilesSchema = z.union([pattern, patternsSchema.min(1, { error: 'must not be empty' })], {
  error: 'must be a path or a list of paths',
})

const EXPECTED = { error: 'must be a list of paths, or an object with "files"' }

/** The test reports that a command writes. An empty list means none. */
export const testsSchema = z.union(
  [
    patternsSchema,
    z.strictObject(
      {
        files: patternsSchema.min(1, { error: 'must have at least one path' }).meta({
          description: 'JUnit XML or TAP files. "*" and "?" do not match a slash, "**" does.',
        }),
        verdict: z.enum(['report', 'exit'], { error: 'must be "report" or "exit"' }).optional().meta({
          description: 'Whether a test that the report has as failed makes the job red after exit code 0.',
          default: 'report',
        }),
        allowEmpty: flagSchema.optional().meta({
          description: 'Whether the job may pass although it has written no report, or one without any test.',
          default: false,
        }),
      },
      EXPECTED,
    ),
  ],
  EXPECTED,
)
