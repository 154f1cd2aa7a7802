import { JOB_NAME, JOB_NAME_RULE } from '../../model/job.ts'
import { z } from '../../model/zod.ts'

const MAX_ARTIFACTS = 20
const MAX_PATHS = 50
const MAX_LENGTH = 300

/** The name of an artifact. */
export const artifactNameSchema = z
  .string({ error: 'must be the name of an artifact' })
  .regex(JOB_NAME, { error: `must be the name of an artifact (${JOB_NAME_RULE})` })

const path = z.string({ error: 'must be a path (a string)' }).superRefine((text, context) => {
  const message = pathError(text)
  if (message !== null) context.addIssue({ code: 'custom', message })
})

/** Why a path cannot be packed, as a predicate. Null if it can. */
function pathError(text: string): string | null {
  if (text !== '' && /[*?]/.test(text)) return 'must not be a pattern: name a directory or a file'
  return locationError(text)
}

/** Why a path or a pattern is not below the repository, as a predicate. Null if it is. */
export function locationError(text: string): string | null {
  if (text === '') return 'must not be empty'
  if (text.length > MAX_LENGTH) return `must be at most ${MAX_LENGTH} characters long`
  if (/\p{Cc}/u.test(text)) return 'must not contain control characters'
  if (text.trim() !== text) return 'must not begin or end with a space'
  if (/^[/~$\\]/.test(text)) return 'must be a path below the root of the repository'
  const parts = text.replace(/\/$/, '').split('/')
  if (parts.some(part => part === '' || part === '.' || part === '..'))
    return 'must not contain ".", ".." or an empty part'
  return parts[0]?.toLowerCase() === '.git' ? 'must not be in ".git"' : null
}

const pathsSchema = z
  .array(path, { error: 'must be a list of paths' })
  .max(MAX_PATHS, { error: `must have at most ${MAX_PATHS} paths` })
const somePaths = pathsSchema.min(1, { error: 'must have at least one path' })

const EXPECTED = 'must be a list of paths, or an object of names with paths'

/** Files that a job leaves for others: one artifact, named like the job, or several by name. */
export const artifactsSchema = z.union(
  [
    pathsSchema,
    z
      .record(
        z
          .string()
          .refine(name => name !== 'paths' && name !== 'when', {
            error:
              'is no name for an artifact: write a list of paths, or {"NAME": {"paths": […], "when": "always"}}',
          })
          .regex(JOB_NAME, { error: `is not a valid artifact name (${JOB_NAME_RULE})` }),
        z.union(
          [
            somePaths,
            z.strictObject(
              {
                paths: somePaths.meta({ description: 'Directories and files below the repository.' }),
                when: z
                  .enum(['passed', 'always'], { error: 'must be "passed" or "always"' })
                  .optional()
                  .meta({
                    description: 'Whether it is kept only if the job has passed, or always.',
                    default: 'passed',
                  }),
              },
              { error: 'must be a list of paths, or an object with "paths" and "when"' },
            ),
          ],
          { error: 'must be a list of paths, or an object with "paths" and "when"' },
        ),
        { error: EXPECTED },
      )
      .refine(artifacts => Object.keys(artifacts).length <= MAX_ARTIFACTS, {
        error: `must have at most ${MAX_ARTIFACTS} artifacts`,
      }),
  ],
  { error: EXPECTED },
)

/** The names of artifacts. */
export const artifactListSchema = z
  .array(artifactNameSchema, { error: 'must be a list of artifact names' })
  .max(MAX_ARTIFACTS, { error: `must have at most ${MAX_ARTIFACTS} names` })
