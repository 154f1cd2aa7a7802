import { z } from 'zod'
import { type Job, jobSchema } from '../job/job.ts'

/**
 * What a job is given for its one run. It crosses SNS with the job and is never stored; a build holds nothing
 * beyond it.
 */
export const admissionSchema = z.object({
  /** For git's fetch of a private repository; null for public ones and for forks. */
  cloneToken: z.string().nullable(),
  /** The build's page as the command sees it, with its key where the repository is private. */
  buildUrl: z.url(),
})
export type Admission = z.infer<typeof admissionSchema>

/** What crosses the topic `jobs`. */
export const orderSchema = z.object({ job: jobSchema, admission: admissionSchema })
export type Order = z.infer<typeof orderSchema>

/** Gives a job what it may hold. Strangers' code never gets a token, not even a read-only one. */
export function admissionOf(job: Job, cloneToken: string | null, buildUrl: string): Admission {
  return { cloneToken: job.isPrivate && job.trust !== 'fork' ? cloneToken : null, buildUrl }
}
