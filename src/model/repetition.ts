import { z } from './zod.ts'

/** How often one build may repeat a job. */
export const MOST_REPETITIONS = 50

/** As many files as a record of tests has failures, and paths as long as theirs. */
const MOST_FILES = 20
const MOST_LENGTH = 300

/** The job of a build that is repeated, by its title, and how often. */
export const repetitionSchema = z.object({
  job: z.string().min(1).max(500),
  times: z.int().positive().max(MOST_REPETITIONS),
  /** The test files that failed, if the job is a shard that has files: only these run. */
  files: z.array(z.string().min(1).max(MOST_LENGTH)).min(1).max(MOST_FILES).optional(),
})
export type Repetition = z.infer<typeof repetitionSchema>
