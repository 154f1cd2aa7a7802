import { z } from '../model/zod.ts'

const MAX_ENTRIES = 20

/** A path below the workspace or, with `~/`, below HOME. */
const cachedPath = z
  .string({ error: 'must be a path (a string)' })
  .max(300, { error: 'must be at most 300 characters long' })
  .regex(/^(?:~\/)?(?!~)[^/\0\n]+(?:\/[^/\0\n]+)*\/?$/, {
    error: 'must be a path below the repository, or below HOME with "~/"',
  })
  .refine(
    path => !path.split('/').some(part => part === '.' || part === '..') && !/^\.git(\/|$)/.test(path),
    { error: 'must not contain "." or ".." and must not be in ".git"' },
  )
  .refine(path => !/[*?]/.test(path), { error: 'must not be a pattern: "*" and "?" are not supported here' })
  .refine(path => !path.startsWith('$'), {
    error: 'must not contain variables: write "~/" for HOME',
  })
  .refine(path => path.trim() === path, { error: 'must not begin or end with a space' })

const fileName = cachedPath.refine(path => !path.startsWith('~'), {
  error: 'must be a file of the repository',
})

const listOf = (item: typeof cachedPath, what: string) =>
  z
    .array(item, { error: `must be a list of ${what}` })
    .min(1, { error: 'must not be empty' })
    .max(MAX_ENTRIES, { error: `must have at most ${MAX_ENTRIES} ${what}` })

const EXPECTED = 'must be a list of paths, or of objects with "paths" and "key"'

/** Directories that are kept between builds; `false` for none. */
export const cacheSchema = z.union(
  [
    z.literal(false),
    z
      .array(cachedPath, { error: EXPECTED })
      .max(MAX_ENTRIES, { error: `must have at most ${MAX_ENTRIES} paths` }),
    z
      .array(
        z.strictObject(
          {
            paths: listOf(cachedPath, 'paths').meta({ description: 'Directories that are cached together.' }),
            key: listOf(fileName, 'files').optional().meta({
              description:
                'Files of the repository. As long as none of them changes, the same cache is used and not saved again.',
            }),
          },
          { error: 'must be an object with "paths" and "key"' },
        ),
        { error: EXPECTED },
      )
      .max(MAX_ENTRIES, { error: `must have at most ${MAX_ENTRIES} caches` }),
  ],
  { error: EXPECTED },
)
