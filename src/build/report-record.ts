import * as z from 'zod'
import { resultSchema } from './result.ts'
import { deploySchema } from './run-record.ts'

/** The ending that report accepted first; nothing that comes later changes it. */
export const endingSchema = z.object({
  result: resultSchema,
  reason: z.string().nullable(),
  deploy: deploySchema.nullable(),
  endedAt: z.iso.datetime(),
})
export type Ending = z.infer<typeof endingSchema>

/** Lambda's word that one invocation died; `nonce` shows that its order was ours. */
export const failureSchema = z.object({ nonce: z.string(), requestId: z.string(), reason: z.string() })
export type Failure = z.infer<typeof failureSchema>

/** What was told, `report.json`: written by report alone. */
export const reportSchema = z.object({
  /** Who is telling now, and until when it may be believed to be alive. */
  lease: z.object({ holder: z.string(), until: z.iso.datetime() }).nullable(),
  /** Raised by whoever comes while another tells: the other then looks once more before it goes. */
  asks: z.int(),
  /** Every failure heard of, each invocation's once. */
  failures: z.array(failureSchema),
  /** How often the job was handed to a build function; three times at most. */
  admissions: z.int(),
  /** The latest end of the last admission, where it was not the first one (that is in `job.json`). */
  latestEnd: z.iso.datetime().nullable(),
  ending: endingSchema.nullable(),
  /** An estimate in US dollars, made with the ending; null for what never ran. */
  cost: z.number().nonnegative().nullable().default(null),
  told: z.object({
    status: z
      .object({
        status: z.string(),
        state: z.string(),
        description: z.string(),
        error: z.string().nullable(),
      })
      .nullable(),
    notice: z.object({ messageId: z.string().nullable(), error: z.string().nullable() }).nullable(),
    /** The build's message in Slack, where it stands and what it says. */
    slack: z
      .object({
        channel: z.string().nullable(),
        ts: z.string().nullable(),
        status: z.string(),
        error: z.string().nullable(),
      })
      .nullable()
      .default(null),
    /** GitHub's deployment, where there is one. */
    deployment: z
      .object({ id: z.int().positive().nullable(), state: z.string(), error: z.string().nullable() })
      .nullable()
      .default(null),
    summary: z.boolean(),
    closed: z.boolean(),
  }),
})
export type Report = z.infer<typeof reportSchema>

export const emptyReport: Report = {
  lease: null,
  asks: 0,
  failures: [],
  admissions: 1,
  latestEnd: null,
  ending: null,
  cost: null,
  told: { status: null, notice: null, slack: null, deployment: null, summary: false, closed: false },
}
