import { hasEnded } from '../model/conclusion.ts'
import { isRedJob } from '../records/job-wording.ts'
import { type AttemptRef, LEAD } from '../records/keys.ts'
import { attemptPath, buildPath, jobPath } from '../records/links.ts'
import type { EarlierAttempt, JobView, View } from '../records/view.ts'
import { isRed } from '../records/wording.ts'

/** The log that a page shows. */
export type ShownLog = {
  /** The job that it belongs to; null for the log of the build's first job. */
  job: JobView | null
  /** Null until the job has been started. */
  ref: AttemptRef | null
  /** The path below which the log is served. */
  path: string
  isRed: boolean
  /** Whether its job has ended, so that the log is complete, or soon will be. */
  isOver: boolean
}

/** The ordinal by which the path of a job names it. */
const ORDINAL = /^(?:0|[1-9]\d{0,2})$/

/** The log of the job with this ordinal, or of one of its earlier attempts; null if there is no such job or attempt. */
export function findLog(view: View, ordinal: string, attempt?: string): ShownLog | null {
  if (!ORDINAL.test(ordinal)) return null
  const job = view.jobs.find(({ key }) => key === Number(ordinal))
  if (attempt !== undefined) return job ? earlierLogOf(view, job, attempt) : null
  if (job) return logOf(view, job)
  // The job that only plans the others is not listed.
  return Number(ordinal) === LEAD.key ? { ...leadLogOf(view), path: jobPath(view, LEAD.key) } : null
}

/** The first log on the page of a build: that of the job that made it red, or else of the first running job. */
export function firstLog(view: View): ShownLog {
  const failedKey = view.failure?.key ?? null
  const job =
    view.jobs.find(({ key, ref }) => ref !== null && failedKey !== null && key === failedKey) ??
    view.jobs.find(each => each.ref !== null && isRedJob(each)) ??
    view.jobs.find(({ status }) => status === 'running') ??
    view.jobs.find(({ ref, passedIn }) => ref !== null && passedIn === null) ??
    view.jobs.find(({ ref }) => ref !== null)
  return job ? logOf(view, job) : leadLogOf(view)
}

/** The log of the build's first job, which is its only one until others are known. */
export function leadLogOf(view: View): ShownLog {
  const job = view.jobs.find(({ key, ref }) => key === LEAD.key && ref?.attempt === LEAD.attempt)
  if (job) return { ...logOf(view, job), path: buildPath(view) }
  const path = buildPath(view)
  return {
    job: null,
    ref: { build: view.number, ...LEAD },
    path,
    isRed: isRed(view),
    isOver: hasEnded(view.status),
  }
}

/** The log of a page that was opened before the jobs were known: that of the first job, if this is one of them. */
export function earlyLogOf(view: View): ShownLog {
  const lead = leadLogOf(view)
  return lead.job ? lead : firstLog(view)
}

/** The log of an earlier attempt. If the attempt died, report completes the log when the build ends. */
function earlierLogOf(view: View, job: JobView, attempt: string): ShownLog | null {
  const end = /^[1-9]$/.test(attempt) ? job.earlierAttempts[Number(attempt) - 1] : undefined
  if (end === undefined || job.key === null) return null
  const ref = { build: view.number, key: job.key, attempt: Number(attempt) }
  const isOver = end === 'failed' || hasEnded(view.status)
  return { job, ref, path: attemptPath(view, ref), isRed: true, isOver }
}

const logOf = (view: View, job: JobView): ShownLog => ({
  job,
  ref: job.ref,
  path: jobPath(view, job.key ?? LEAD.key),
  isRed: isRedJob(job),
  isOver: job.status === 'left-out' || hasEnded(job.status as View['status']),
})

/** Whether the log is of an attempt that was followed by another one. */
export const isOfEarlier = ({ job, ref }: ShownLog): boolean =>
  job !== null && ref !== null && ref.attempt <= job.earlierAttempts.length

/** How an earlier attempt ended. */
export const earlierEndOf = ({ job, ref }: ShownLog): EarlierAttempt =>
  job?.earlierAttempts[(ref?.attempt ?? 1) - 1] ?? 'died'

/** `unit (4/8)`, `unit (4/8), attempt 1`; null for the log of the build's first job. */
export const titleOfLog = (shown: ShownLog): string | null =>
  shown.job && `${shown.job.title}${isOfEarlier(shown) ? `, attempt ${shown.ref?.attempt}` : ''}`

/** Identifies a log, also among the attempts of one job. */
export const identityOf = ({ job, ref }: ShownLog): string => {
  if (!ref) return ''
  const own = `${ref.key}/${ref.attempt}`
  return job && job.passedIn !== null ? `${ref.build}/${own}` : own
}

/** When the job of a log ended; null while it runs. An earlier attempt only counts as ended before. */
export function endOfLog(view: View, shown: ShownLog): Date | null {
  if (isOfEarlier(shown)) return new Date(0)
  const endedAt = shown.isOver ? (shown.job ?? view).endedAt : null
  return endedAt === null ? null : new Date(endedAt)
}
