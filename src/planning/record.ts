import type { Resolved } from '../config/resolve.ts'
import type { JobRun } from '../records/job-run.ts'
import { digestOf } from './digest.ts'
import type { BuildPlan } from './plan.ts'

/** The record that a job writes before it runs its commands. Texts are redacted and shortened. */
export function recordOf(
  { jobs, deploys, reason }: BuildPlan,
  { config, merge }: Resolved,
  redact: (text: string) => string,
): Pick<JobRun, 'phase' | 'plan' | 'notifications'> {
  const shorten = (text: string, length: number) => redact(text).slice(0, length)
  return {
    phase: 'running',
    plan: {
      build: true,
      reason: shorten(reason, 500),
      cmd: shorten((jobs[0] ?? deploys[0]?.deploy)?.command ?? '', 2000),
      stage: deploys[0]?.stage.name ?? null,
      merge: merge?.commit ?? null,
      mergeBase: merge?.base ?? null,
      commonDigest: digestOf([config.env, config.git, config.inheritSecrets]),
    },
    notifications: config.notifications,
  }
}
