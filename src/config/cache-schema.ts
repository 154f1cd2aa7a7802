import * as z from 'zod'

const MOST = 20

/** Below the workspace or, with `~/`, below HOME: nothing else is a build's to keep. */
const keptPath = z
  .string({ error: 'must be a path, as text' })
  .max(300, { error: 'must be 300 characters long at most' })
  .regex(/^(?:~\/)?(?!~)[^/\0\n]+(?:\/[^/\0\n]+)*\/?$/, {
    error: 'must be a path below the repository, or below HOME with "~/"',
  })
  .refine(
    path => !path.split('/').some(part => part === '.' || part === '..') && !/^\.git(\/|$)/.test(path),
    {
      error: 'must hold no "." or "..", and be anything but ".git"',
    },
  )

const fileName = keptPath.refine(path => !path.startsWith('~'), { error: 'must be a file of the repository' })

const listOf = (each: typeof keptPath, what: string) =>
  z
    .array(each, { error: `must be a list of ${what}` })
    .min(1, { error: `must name one of the ${what} at least` })
    .max(MOST, { error: `must have ${MOST} ${what} at most` })

const WHOLE = 'must be a list of paths, or of objects with "paths" and "key"'

/** What is kept from build to build; `false` for nothing. */
export const cacheSchema = z.union(
  [
    z.literal(false),
    z.array(keptPath, { error: WHOLE }).max(MOST, { error: `must have ${MOST} paths at most` }),
    z
      .array(
        z.strictObject(
          {
            paths: listOf(keptPath, 'paths').meta({ description: 'What is kept together.' }),
            key: listOf(fileName, 'files')
              .optional()
              .meta({ description: 'Files of the repository: where they are the same, so is what is kept.' }),
          },
          { error: 'must be an object with "paths" and "key"' },
        ),
        { error: WHOLE },
      )
      .max(MOST, { error: `must have ${MOST} caches at most` }),
  ],
  { error: WHOLE },
)
