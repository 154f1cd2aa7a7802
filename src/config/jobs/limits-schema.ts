import { MOST_JOBS } from '../../model/job.ts'
import { z } from '../../model/zod.ts'

/** A number of jobs. */
export const jobCountSchema = z
  .int({ error: 'must be a whole number of jobs' })
  .min(1, { error: 'must be at least 1' })
  .max(MOST_JOBS, { error: `must be at most ${MOST_JOBS}` })
