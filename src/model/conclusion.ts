import { z } from './zod.ts'

/** How a job or build ended. */
export const conclusionSchema = z.enum(['passed', 'failed', 'errored', 'cancelled', 'skipped'])
export type Conclusion = z.infer<typeof conclusionSchema>

/** The state of a build: in progress, or its conclusion. `waiting`: for a person's approval. */
export type BuildStatus = 'waiting' | 'queued' | 'running' | 'deploying' | Conclusion

const CONCLUSIONS: readonly BuildStatus[] = conclusionSchema.options

/** All statuses, in the order in which a build goes through them. */
export const BUILD_STATUSES: readonly BuildStatus[] = [
  'waiting',
  'queued',
  'running',
  'deploying',
  ...conclusionSchema.options,
]

/** The statuses that may follow each status. A conclusion is final. */
const NEXT: Record<BuildStatus, readonly BuildStatus[]> = {
  waiting: ['queued', 'running', 'deploying', ...CONCLUSIONS],
  queued: ['running', 'deploying', ...CONCLUSIONS],
  running: ['deploying', ...CONCLUSIONS],
  deploying: CONCLUSIONS.filter(each => each !== 'skipped'),
  passed: [],
  failed: [],
  errored: [],
  cancelled: [],
  skipped: [],
}

/** Whether status `to` may be reported after status `from`. */
export const mayFollow = (from: BuildStatus, to: BuildStatus) => NEXT[from].includes(to)

export const hasEnded = (status: BuildStatus): status is Conclusion => CONCLUSIONS.includes(status)
