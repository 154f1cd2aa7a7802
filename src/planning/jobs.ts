import type { Resolved } from '../config/resolve.ts'
import { ONLY_JOB } from '../model/job.ts'
import type { LeftOut, PlannedJob } from './planned-job.ts'

/** The jobs of a build. */
export type PlannedJobs = {
  jobs: readonly PlannedJob[]
  leftOut: readonly LeftOut[]
  failFast: boolean
  maxParallel: number | null
  notes: readonly string[]
}

/** Plans the jobs of a build. */
export function planJobs({ config }: Resolved): PlannedJobs {
  const only: PlannedJob = {
    name: ONLY_JOB,
    cell: {},
    shard: null,
    command: config.cmd,
    setup: null,
    isStrict: false,
    env: {},
    timeoutSeconds: config.timeout,
    needs: [],
    artifacts: [],
    cache: config.cache,
    secrets: null,
    allowFailure: false,
  }
  return { jobs: [only], leftOut: [], failFast: true, maxParallel: null, notes: [] }
}
