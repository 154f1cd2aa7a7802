import * as z from 'zod'

/** An event of our own, signed as GitHub signs its: `lambci rebuild` sends it. */
export const REBUILD_EVENT = 'lambci_rebuild'

const rebuildSchema = z.object({ project: z.string(), number: z.int().positive() })

/** The build to be done once more, or what is wrong with the payload. */
export function parseRebuild(payload: unknown): z.infer<typeof rebuildSchema> | { error: string } {
  const parsed = rebuildSchema.safeParse(payload)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map(issue => issue.path.join('.'))
  return { error: `This wish for a rebuild is malformed: ${fields.join(', ') || 'it is no object'}.` }
}
