import { isNamed } from '../model/failure.ts'
import type { LogOutline } from '../model/log-outline.ts'
import { type AttemptRef, jobKeys } from '../records/keys.ts'
import { readRun } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import type { Records, View } from '../records/view.ts'
import type { ShownLog } from './shown-log.ts'

/** The data of a log that a page needs beside its text. */
export type LogFacts = {
  startedAt: string | null
  /** Null until the job has ended. */
  endedAt: string | null
  hasFailed: boolean
  /** The line that names the failure; null if it is not known. */
  failureLine: number | null
  /** The parts of the log; null until the job has recorded them. */
  outline: LogOutline | null
}

/** The outline that a job has recorded of its log at its end. It decides nothing. */
export async function readLogFacts(
  store: Store,
  { records, view, shown }: { records: Pick<Records, 'report'>; view: View; shown: ShownLog },
): Promise<LogFacts> {
  const { job, ref, isRed, isOver } = shown
  const { startedAt, endedAt } = job ?? view
  const facts = {
    startedAt,
    endedAt: isOver ? endedAt : null,
    hasFailed: isRed,
    failureLine: null,
    outline: null,
  }
  if (!ref || !isOver || !countsEnd(records, view, ref)) return facts
  const { build: number, ...own } = ref
  const run = await readRun(store, jobKeys({ project: view.project, number }, own).record('end'))
  const { failure, outline = null } = run ?? {}
  return { ...facts, failureLine: failure && isNamed(failure) ? failure.logLine : null, outline }
}

/** Whether a job's record of its end counts: it may have come after the end that report accepted. */
function countsEnd({ report }: Pick<Records, 'report'>, { number }: View, ref: AttemptRef): boolean {
  // A job that was taken over from another build has passed.
  if (ref.build !== number) return true
  const state = report?.jobs.find(({ key }) => key === ref.key)
  if (state && state.attempt !== ref.attempt) return false
  const counting = state ? state.record : report?.end ? report.leadRecord : undefined
  return counting === undefined || counting === 'end'
}
