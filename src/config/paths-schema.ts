import * as z from 'zod'

const MOST = 100

/** Patterns of paths from the root of the repository. */
const pathListSchema = z
  .array(
    z
      .string({ error: 'must be a path, as text' })
      .min(1, { error: 'must not be empty' })
      .max(500, { error: 'must be 500 characters long at most' })
      .refine(pattern => !/\{.*,.*\}|\\|^!/.test(pattern), {
        error:
          'must be made of names, *, ** and ? (alternatives are several patterns, exceptions go into "exclude")',
      })
      .refine(pattern => /[^./]/.test(pattern), {
        error: 'must name something below the repository',
      }),
    { error: 'must be a list of paths' },
  )
  .max(MOST, { error: `must have ${MOST} paths at most` })

/** Which changed files matter; `false` for all of them. */
export const pathsSchema = z.union(
  [
    z.literal(false),
    z.strictObject(
      {
        include: pathListSchema
          .min(1, { error: 'an empty list means that nothing is ever built' })
          .optional()
          .meta({ description: 'Those that matter; all where it is not said.' }),
        exclude: pathListSchema.optional().meta({ description: 'Those of them that do not.' }),
      },
      { error: 'must be an object with "include" and "exclude"' },
    ),
  ],
  { error: 'must be an object with "include" and "exclude", or false' },
)
