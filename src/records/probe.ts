import { type JobTrust, jobTrustSchema } from '../model/trust.ts'
import { z } from '../model/zod.ts'

/** Names a self-test. 128 random bits. */
export const probeIdSchema = z.string().regex(/^[0-9a-f]{32}$/)

/** The object that requests a self-test: only people with access to the bucket can write it. */
export const probeRequestKey = (id: string) => `self-test/${id}/request.json`
export const probeAnswerKey = (id: string, trust: JobTrust) => `self-test/${id}/${trust}.json`

/** `key`: the key that signs the request to http. */
export const selfTestSchema = z.strictObject({
  key: z.string().regex(/^[0-9a-f]{64}$/),
  requestedAt: z.iso.datetime(),
})

/** The most lines of the smoke test that are kept, and characters of each. */
export const MOST_LINES = 100
export const LONGEST_LINE = 200

/** The answer of a run function. It comes from a sandbox that builds share, and is only shown as text. */
export const probeAnswerSchema = z.object({
  trust: jobTrustSchema,
  /** The exit code of the smoke test; null if it could not be run to its end. */
  exitCode: z.int().nullable(),
  lines: z.array(z.string().max(LONGEST_LINE)).max(MOST_LINES),
  memoryMb: z.int().positive(),
  architecture: z.string().max(20),
  durationMs: z.int().nonnegative(),
})
export type ProbeAnswer = z.infer<typeof probeAnswerSchema>
