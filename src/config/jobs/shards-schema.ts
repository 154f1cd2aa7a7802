import { MOST_JOBS } from '../../model/job.ts'
import { z } from '../../model/zod.ts'
import { testFilesSchema } from './tests-schema.ts'

/** In seconds: Lambda's limit for a job. */
const MOST_SECONDS = 900
const EXPECTED = { error: 'must be a whole number, or an object with "files"' }

const countSchema = z
  .int({ error: 'must be a whole number' })
  .min(1, { error: 'must be at least 1' })
  .max(MOST_JOBS, { error: `must be at most ${MOST_JOBS}` })

export const DEFAULT_TARGET = 60
export const DEFAULT_MOST_SHARDS = 20

/** The number of parts of a job, or the files that divide it. */
export const shardsSchema = z.union(
  [
    countSchema,
    z.strictObject(
      {
        files: testFilesSchema.meta({
          description:
            'The test files of the commit, each of which one shard runs: it finds their paths in the file LAMBCI_FILES. Needs "tests".',
          examples: ['test/**/*.test.ts', ['tests/**/test_*.py']],
        }),
        target: z
          .int({ error: 'must be a whole number of seconds' })
          .min(1, { error: 'must be at least 1 second' })
          .max(MOST_SECONDS, { error: `must be at most ${MOST_SECONDS} seconds` })
          .optional()
          .meta({ description: 'How many seconds of tests a shard is to have.', default: DEFAULT_TARGET }),
        max: countSchema.optional().meta({
          description: 'The most shards. Fewer, if the build may not have so many jobs.',
          default: DEFAULT_MOST_SHARDS,
        }),
      },
      EXPECTED,
    ),
  ],
  EXPECTED,
)
