import * as z from 'zod'

/** An event of our own, signed as GitHub signs its: report sends it for the deploy that comes next, and `lambci deploy`. */
export const DEPLOY_EVENT = 'lambci_deploy'

const deploySchema = z.object({
  project: z.string(),
  /** The build whose commit is to be deployed. */
  number: z.int().positive(),
  stage: z.string(),
  order: z.int().positive().nullable().default(null),
  waited: z.int().positive().nullable().default(null),
})
export type DeployWish = z.infer<typeof deploySchema>

/** What is to be deployed, or what is wrong with the payload. */
export function parseDeploy(payload: unknown): DeployWish | { error: string } {
  const parsed = deploySchema.safeParse(payload)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map(issue => issue.path.join('.'))
  return { error: `This wish for a deploy is malformed: ${fields.join(', ') || 'it is no object'}.` }
}
