import { MOST_FAILURES, MOST_NAME } from './tests.ts'
import { z } from './zod.ts'

/** How often one build may repeat a job. */
export const MOST_REPETITIONS = 50

/** Which job of a build is repeated, by its title, and how often. */
export const repetitionSchema = z.object({
  job: z.string().min(1).max(500),
  times: z.int().positive().max(MOST_REPETITIONS),
  /** The test files that failed, if the job is a shard that has files: only these run. */
  files: z.array(z.string().min(1).max(MOST_NAME)).min(1).max(MOST_FAILURES).optional(),
})
export type Repetition = z.infer<typeof repetitionSchema>
