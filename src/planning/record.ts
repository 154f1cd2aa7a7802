import type { Resolved } from '../config/resolve.ts'
import type { JobRun } from '../records/job-run.ts'
import type { Plan } from './plan.ts'

type Built = Extract<Plan, { build: true }>

/** What a job records of its plan before its command starts. */
export function recordOf(
  { steps, reason, stage }: Built,
  { config }: Resolved,
  redact: (text: string) => string,
): Pick<JobRun, 'phase' | 'plan' | 'notifications'> {
  const shortened = (text: string, limit: number) => redact(text).slice(0, limit)
  return {
    phase: 'running',
    plan: {
      build: true,
      reason: shortened(reason, 500),
      cmd: shortened(steps[0]?.command ?? '', 2000),
      stage: stage?.name ?? null,
    },
    notifications: config.notifications,
  }
}
