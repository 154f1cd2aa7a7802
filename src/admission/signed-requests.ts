import { z } from '../model/zod.ts'

// Events of our own, signed like GitHub's: the command line sends them.
export const REBUILD_EVENT = 'lambci_rebuild'
export const DEPLOY_EVENT = 'lambci_deploy'

const rebuildRequestSchema = z.object({
  project: z.string(),
  number: z.int().positive(),
  /** Whether what passed there is taken over instead of being run again. */
  failed: z.boolean().optional(),
})
export type RebuildRequest = z.infer<typeof rebuildRequestSchema>

const deployRequestSchema = z.object({
  project: z.string(),
  /** The build whose commit is to be deployed. */
  number: z.int().positive(),
  stage: z.string(),
  /** Whether the stage is to get back what it had before. */
  isRollback: z.boolean().optional(),
  /** The name of the user who runs the command. */
  by: z.string().min(1).max(200).optional(),
})
export type DeployRequest = z.infer<typeof deployRequestSchema>

export const parseRebuildRequest = (payload: unknown) =>
  parseRequest('rebuild', rebuildRequestSchema, payload)
export const parseDeployRequest = (payload: unknown) => parseRequest('deploy', deployRequestSchema, payload)

/** The request, or what is wrong with the payload. */
function parseRequest<T>(name: string, schema: z.ZodType<T>, payload: unknown): T | { error: string } {
  const parsed = schema.safeParse(payload)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map(issue => issue.path.join('.')).filter(Boolean)
  return {
    error: `Invalid ${name} request: ${fields.length > 0 ? `check ${fields.join(', ')}` : 'expected an object'}.`,
  }
}
