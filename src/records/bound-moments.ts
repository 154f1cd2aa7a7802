import type { JobRun } from './job-run.ts'

/** The possible difference between the clocks of two functions, or of one and the bucket. */
const CLOCKS_DIFFER_MS = 60_000

/** More phases than a job has. */
const MOST_PHASES = 20

/**
 * Limits a job's times to possible ones: it has neither started before its build was queued, nor ended before it started, nor done either
 * after the bucket got its record (`writtenAt`), and no phase took longer than all that.
 */
export function boundMoments(run: JobRun, queuedAt: string, writtenAt: Date): JobRun {
  const first = Date.parse(queuedAt)
  const last = Math.max(first, writtenAt.getTime() + CLOCKS_DIFFER_MS)
  const startedAt = bound(run.startedAt, first, last)
  const endedAt = bound(run.endedAt, startedAt === null ? first : Date.parse(startedAt), last)
  const phases = Object.entries(run.timings).slice(0, MOST_PHASES)
  const timings = Object.fromEntries(phases.map(([name, ms]) => [name, Math.min(ms, last - first)]))
  return { ...run, startedAt, endedAt, timings }
}

function bound(moment: string | null, first: number, last: number): string | null {
  if (moment === null) return null
  const time = Date.parse(moment)
  return time < first || time > last ? new Date(Math.min(Math.max(time, first), last)).toISOString() : moment
}
