import { z } from '../model/zod.ts'

const MAX_PATTERNS = 100

/** Whether a file of a commit can have such a path. A slash at either end and "./" in front do not count (`glob.ts`). */
function canMatch(pattern: string): boolean {
  const parts = pattern.replace(/^\.?\/+|\/+$/g, '').split('/')
  return pattern.trim() === pattern && parts[0] !== '.git' && !parts.some(part => /^\.{0,2}$/.test(part))
}

/** Patterns for paths relative to the root of the repository. */
const pathListSchema = z
  .array(
    z
      .string({ error: 'must be a path (a string)' })
      .min(1, { error: 'must not be empty' })
      .max(500, { error: 'must be at most 500 characters long' })
      .refine(pattern => !/\{.*,.*\}|\\|^!/.test(pattern), {
        error:
          'must consist of names, *, ** and ? (list alternatives as separate patterns, put exceptions into "exclude")',
      })
      .refine(pattern => /[^./]/.test(pattern), {
        error: 'must be a path below the repository',
        abort: true,
      })
      .refine(canMatch, {
        error: 'must be a path below the repository without ".", "..", ".git", "//" or spaces around it',
      }),
    { error: 'must be a list of paths' },
  )
  .max(MAX_PATTERNS, { error: `must have at most ${MAX_PATTERNS} paths` })

/** The files whose changes start a build; `false` for all. */
export const pathsSchema = z.union(
  [
    z.literal(false),
    z.strictObject(
      {
        include: pathListSchema
          .min(1, {
            error: 'an empty list means that nothing is ever built; leave it out to include all files',
          })
          .optional()
          .meta({ description: 'Files whose changes start a build. Default: all files.' }),
        exclude: pathListSchema
          .optional()
          .meta({ description: 'Files whose changes are ignored, even if "include" matches them.' }),
      },
      { error: 'must be an object with "include" and "exclude"' },
    ),
  ],
  { error: 'must be an object with "include" and "exclude", or false' },
)

/** The same for a job, where a list is short for `include`. */
export const jobPathsSchema = z.union(
  [
    pathListSchema.min(1, {
      error: 'an empty list means that the job never runs; leave it out to include all files',
    }),
    ...pathsSchema.options,
  ],
  { error: 'must be a list of paths, an object with "include" and "exclude", or false' },
)
