import * as z from 'zod'

/** How a job or build ended. */
export const conclusionSchema = z.enum(['passed', 'failed', 'errored', 'cancelled', 'skipped'])
export type Conclusion = z.infer<typeof conclusionSchema>

/** Where a build stands: on its way, or how it ended. */
export type BuildStatus = 'queued' | 'running' | 'deploying' | Conclusion

const CONCLUSIONS: readonly BuildStatus[] = conclusionSchema.options

/** All statuses, in their usual order. */
export const BUILD_STATUSES: readonly BuildStatus[] = [
  'queued',
  'running',
  'deploying',
  ...conclusionSchema.options,
]

/** Which statuses may follow which. A conclusion is final. */
const NEXT: Record<BuildStatus, readonly BuildStatus[]> = {
  queued: ['running', 'deploying', ...CONCLUSIONS],
  running: ['deploying', ...CONCLUSIONS],
  deploying: ['passed'],
  passed: [],
  failed: [],
  errored: [],
  cancelled: [],
  skipped: [],
}

/** Whether people who were told `from` may be told `to`. */
export const mayFollow = (from: BuildStatus, to: BuildStatus) => NEXT[from].includes(to)

export const hasEnded = (status: BuildStatus): status is Conclusion => CONCLUSIONS.includes(status)
