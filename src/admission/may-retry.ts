import { buildRequestSchema } from '../model/build.ts'
import { readPlan } from '../records/plan-record.ts'
import { readBuild } from '../records/read-records.ts'
import { emptyReport, type JobState, stateBeforeStart } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import type { View } from '../records/view.ts'
import { isRed } from '../records/wording.ts'
import { refuseRetry } from './admit-again.ts'

/**
 * Whether only the failed jobs of a build that has ended could be run again now. The view has the ends of its jobs, which report may not
 * have recorded yet.
 */
export async function mayRetry(store: Store, view: View): Promise<boolean> {
  if (!isRed(view) || view.target || view.jobs.length === 0) return false
  const [build, plan] = await Promise.all([readBuild(store, view), readPlan(store, view)])
  if (!build || !plan) return false
  const { status, reason, deploy, endedAt } = view
  const end = {
    conclusion: status as 'failed' | 'errored',
    reason,
    deploy,
    endedAt: endedAt ?? build.queuedAt,
  }
  const report = { ...emptyReport, end, jobs: view.jobs.flatMap(stateOf) }
  return (
    (await refuseRetry({ build, run: null, plan, report }, buildRequestSchema.parse(build), store)) === null
  )
}

function stateOf({ key, ref, status, startedAt, endedAt }: View['jobs'][number]): JobState[] {
  if (key === null) return []
  const conclusion = status === 'passed' || status === 'failed' || status === 'errored' ? status : null
  return [{ ...stateBeforeStart(key), attempt: ref?.attempt ?? 1, conclusion, startedAt, endedAt }]
}
