import { MAX_TITLE } from '../model/job.ts'
import { MOST_REPETITIONS } from '../model/repetition.ts'
import { z } from '../model/zod.ts'

// Our own events, which the command line sends and signs with a key that GitHub does not have.
export const REBUILD_EVENT = 'lambci_rebuild'
export const DEPLOY_EVENT = 'lambci_deploy'
export const FLAKY_EVENT = 'lambci_flaky'

export const isOwnEvent = (event: string) => [REBUILD_EVENT, DEPLOY_EVENT, FLAKY_EVENT].includes(event)

/** How long a request counts, in ms: much less than its claim is kept, so it is carried out once. */
const LIFETIME_MS = 86_400_000

/** The part of the signed body that every request has: a header could be replaced. */
const signedFields = { id: z.uuid(), at: z.iso.datetime() }

const rebuildRequestSchema = z.object({
  ...signedFields,
  event: z.literal(REBUILD_EVENT),
  project: z.string(),
  number: z.int().positive(),
  /** Whether jobs that passed there are taken over instead of being run again. */
  failed: z.boolean().optional(),
})
export type RebuildRequest = Omit<z.infer<typeof rebuildRequestSchema>, keyof SignedFields>

const deployRequestSchema = z.object({
  ...signedFields,
  event: z.literal(DEPLOY_EVENT),
  project: z.string(),
  /** The build whose commit to deploy. */
  number: z.int().positive(),
  stage: z.string(),
  /** Whether the stage must get back its earlier build. */
  isRollback: z.boolean().optional(),
  /** The name of the user who runs the command. */
  by: z.string().min(1).max(200).optional(),
})
export type DeployRequest = Omit<z.infer<typeof deployRequestSchema>, keyof SignedFields>

const flakyRequestSchema = z.object({
  ...signedFields,
  event: z.literal(FLAKY_EVENT),
  project: z.string(),
  number: z.int().positive(),
  /** How often to run its job. */
  times: z.int().positive().max(MOST_REPETITIONS),
  /** The title of the job. Default: the first one that failed. */
  job: z.string().min(1).max(MAX_TITLE).optional(),
})
export type FlakyRequest = Omit<z.infer<typeof flakyRequestSchema>, keyof SignedFields>

type SignedFields = { id: string; at: string; event: string }
export type SignedRequest =
  | z.infer<typeof rebuildRequestSchema>
  | z.infer<typeof deployRequestSchema>
  | z.infer<typeof flakyRequestSchema>

const SCHEMAS = new Map<unknown, [kind: string, schema: z.ZodType<SignedRequest>]>([
  [DEPLOY_EVENT, ['deploy', deployRequestSchema]],
  [FLAKY_EVENT, ['flaky', flakyRequestSchema]],
])

/** A request of the command line, or the error in the payload. */
export function parseSignedRequest(payload: unknown, now: Date): SignedRequest | { error: string } {
  const { data } = z.object({ event: z.string() }).safeParse(payload)
  const [kind, schema] = SCHEMAS.get(data?.event) ?? ['rebuild', rebuildRequestSchema]
  const parsed = schema.safeParse(payload)
  if (!parsed.success) {
    const fields = parsed.error.issues.map(issue => issue.path.join('.')).filter(Boolean)
    const advice = fields.length > 0 ? `check ${fields.join(', ')}` : 'expected an object'
    return { error: `Invalid ${kind} request: ${advice}.` }
  }
  const { at } = parsed.data
  if (Math.abs(now.getTime() - Date.parse(at)) <= LIFETIME_MS) return parsed.data
  return {
    error: `This request was signed at ${at}, and requests count for a day. Run the command again, and check the clock of the machine.`,
  }
}
