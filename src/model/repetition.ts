import { z } from './zod.ts'

/** How often one build may repeat a job. */
export const MOST_REPETITIONS = 50

/** Which job of a build is repeated, by its title, and how often. */
export const repetitionSchema = z.object({
  job: z.string().min(1).max(500),
  times: z.int().positive().max(MOST_REPETITIONS),
})
export type Repetition = z.infer<typeof repetitionSchema>
