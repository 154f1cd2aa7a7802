import type { Account } from '../account/settings.ts'
import { mostRetriedBuilds } from '../admission/retried-builds.ts'
import { areStored, leftArtifacts } from '../admission/stored-artifacts.ts'
import type { Build } from '../model/build.ts'
import { titleOf } from '../model/job.ts'
import { outPrefix } from '../records/keys.ts'
import type { AcceptedJob, PassedIn, PlanRecord } from '../records/plan-record.ts'
import type { Store } from '../records/store.ts'
import { earlierJobs, type PlacedJob } from './earlier-jobs.ts'

/** An attempt that passed in another build, and for whom its artifacts still exist. */
type Earlier = { passedIn: PassedIn; isForDeploy: boolean; isForJobs: boolean; isKept: boolean }

/**
 * Completes the plan of a deploy by hand: whether jobs must run before it. The lead has planned those that create the artifacts that it
 * names, and the jobs that these need. If everything exists, none runs.
 */
export async function completeDeploy(
  store: Store,
  { build, account }: { build: Build; account: Account },
  plan: PlanRecord,
): Promise<PlanRecord> {
  const [deploy] = plan.deploys
  if (!build.target || !deploy) return plan
  const { jobs: found, isKept } = await earlierJobs(store, build, deploy)
  const earlier = isKept ? null : await readEarlier(store, build, found)
  const most = mostRetriedBuilds(build.project, account.deployRoles(build.branch))
  const needed = earlier === null ? [] : jobsBefore(plan, earlier, most)
  const all = [...needed, ...plan.jobs.filter(({ isDeploy }) => isDeploy)]
  const names = new Set(needed.map(({ name }) => name))
  const jobs = all.map((job, index) => ({
    ...job,
    // The lead does not run any of them.
    key: index + 1,
    needs: job.needs.filter(need => names.has(need.job)),
  }))
  return { ...plan, jobs }
}

async function readEarlier(
  store: Store,
  { project }: Build,
  jobs: readonly PlacedJob[],
): Promise<Map<string, Earlier>> {
  const all = jobs.map(
    async ({ title, place, startedAt = null, endedAt = null, ...ref }): Promise<[string, Earlier]> => {
      const build = { project, number: ref.build }
      const left = await leftArtifacts(store, build, ref)
      const passedIn = { ...ref, startedAt, endedAt }
      const isForJobs = await areStored(store, outPrefix(build, ref), left)
      return [
        title,
        { passedIn, isForDeploy: place === 'out' || place === 'kept', isForJobs, isKept: place === 'kept' },
      ]
    },
  )
  return new Map(await Promise.all(all))
}

/**
 * The jobs that must be done before a deploy by hand: those that run, and those that are taken over because one of these or the deploy
 * needs them; none if nothing must run. A pure function. A job runs if it is needed and its artifacts are gone, or if a job that it needs
 * runs again, so that all parts of a deploy belong together.
 * @param most how many builds the deploy may refer to besides its own (`mostRetriedBuilds`)
 */
export function jobsBefore(
  plan: PlanRecord,
  earlier: ReadonlyMap<string, Earlier>,
  most: number,
): AcceptedJob[] {
  const jobs = plan.jobs.filter(({ isDeploy }) => !isDeploy)
  const names = plan.deploys[0]?.artifacts ?? []
  const isDeployed = ({ artifacts }: AcceptedJob) => artifacts?.some(name => names.includes(name)) ?? false
  const running = new Set<AcceptedJob>()
  const needsOfRunning = (job: AcceptedJob) =>
    [...running].flatMap(({ needs }) => needs.filter(need => need.job === job.name))
  const isNeeded = (job: AcceptedJob) => isDeployed(job) || needsOfRunning(job).length > 0
  const mustRun = (job: AcceptedJob) => {
    const found = earlier.get(titleOf(job))
    if (!found || (isDeployed(job) && !found.isForDeploy)) return true
    if (!found.isForJobs && needsOfRunning(job).some(({ hasArtifacts }) => hasArtifacts)) return true
    return job.needs.some(need => [...running].some(({ name }) => name === need.job))
  }
  for (let before = -1; running.size > before; ) {
    before = running.size
    for (const job of jobs) if (!running.has(job) && isNeeded(job) && mustRun(job)) running.add(job)
  }
  if (running.size === 0) return []
  const needed = jobs.filter(isNeeded).map((job): AcceptedJob => {
    const passedIn = running.has(job) ? undefined : earlier.get(titleOf(job))?.passedIn
    return passedIn ? { ...job, passedIn } : job
  })
  const taken = jobs.flatMap(job =>
    isNeeded(job) && !running.has(job) ? (earlier.get(titleOf(job)) ?? []) : [],
  )
  const builds = new Set(taken.map(({ passedIn }) => passedIn.build)).size
  // The longer key of kept artifacts takes the room of another build.
  const room = taken.some(({ isKept }) => isKept) ? most - 1 : most
  return builds <= room ? needed : jobsBefore(plan, new Map(), most)
}
