import { dependsOnFiles } from '../config/config.ts'
import { splitIn } from '../config/jobs/job-config.ts'
import type { Resolved } from '../config/resolve.ts'
import type { Build } from '../model/build.ts'
import type { JobIdentity } from '../model/job.ts'
import type { Store } from '../records/store.ts'
import { readTimings } from '../records/timings.ts'
import { jobsIn } from './job-errors.ts'
import { type Plan, planBuild } from './plan.ts'
import { type Dividing, WITHOUT_SECONDS } from './split.ts'

type Planning = {
  build: Build
  store: Pick<Store, 'getRange'>
  job: {
    /** Null for the lead. */
    identity: JobIdentity | null
    /** For any other job: the number of shards into which report has divided each job that files divide. */
    divided?: readonly { job: string; shards: number }[] | undefined
  }
}

/**
 * Plans a build for one of its jobs. The lead divides files by the seconds that they took in earlier builds; every other job is given the
 * division.
 * @throws UserError if the files of the build are wrong
 */
export async function planForJob({ build, store, job }: Planning, resolved: Resolved): Promise<Plan> {
  const dividing =
    job.identity === null
      ? await bySeconds(store, build.project, resolved.config)
      : { accepted: job.divided ?? [] }
  return planBuild(build, resolved, dividing)
}

/** Divides files by the seconds that they took in earlier builds. */
export async function bySeconds(
  store: Pick<Store, 'getRange'>,
  project: string,
  config: Resolved['config'],
): Promise<Dividing> {
  if (!config.build || !dependsOnFiles(config)) return WITHOUT_SECONDS
  const names = [...jobsIn(config)].flatMap(([name, job]) => (splitIn(job) ? [name] : []))
  const read = async (name: string) => [name, await readTimings(store, project, name)] as const
  const known = new Map(await Promise.all(names.map(read)))
  return { secondsOf: name => known.get(name) ?? new Map() }
}
