import type { StartedJob } from '../admission/grants.ts'
import type { DeployedArtifacts } from '../deploy/keep-artifacts.ts'
import type { Build } from '../model/build.ts'
import { titleOf } from '../model/job.ts'
import type { AcceptedJob, PlannedDeploy, PlanRecord } from '../records/plan-record.ts'
import type { JobState } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import { deployJobsOf } from './deploy-jobs.ts'
import { earlierJobs, neededOf, placeOf } from './earlier-jobs.ts'

type NeededJobs = StartedJob['needs']
type Standing = { build: Build; plan: PlanRecord; states: readonly JobState[] }

/** The attempts of its own plan whose artifacts a job gets. */
export const needsOf = ({ needs }: AcceptedJob, { plan, states }: Omit<Standing, 'build'>): NeededJobs =>
  plan.jobs.flatMap(job => {
    const isNeeded = needs.some(need => need.job === job.name && need.hasArtifacts)
    const state = states.find(({ key }) => key === job.key)
    if (!isNeeded || !state) return []
    const { build, key, attempt } = job.passedIn ?? { ...state, build: undefined }
    return [{ key, attempt, title: titleOf(job), ...(build !== undefined && { build }) }]
  })

/** The attempts whose artifacts a deploy of a plan gets. A deploy by hand that runs no job gets those of another build. */
export async function needsOfDeploy(
  store: Store,
  standing: Standing,
  deploy: PlannedDeploy,
): Promise<NeededJobs> {
  const { build, plan } = standing
  const job = deployJobsOf(plan).find(({ planned }) => planned === deploy)?.deploy
  const own = job ? needsOf(job, standing) : []
  if (!build.target) return own
  if (own.length === 0) return (await earlierJobs(store, build, deploy)).jobs.map(neededOf)
  const stage = { project: build.project, stage: deploy.stage }
  return Promise.all(
    own.map(async ({ build: of, ...need }) => {
      if (of === undefined) return need
      const earlier = { ...need, build: of }
      return neededOf({ ...earlier, place: await placeOf(store, stage, earlier, deploy.artifacts) })
    }),
  )
}

/** The artifacts that the deploy of a build to a stage got, to be kept; undefined for a build without any. */
export function deployedArtifacts(
  store: Store,
  { build, plan, states }: Omit<Standing, 'plan'> & { plan: PlanRecord | null },
  stage: string,
): DeployedArtifacts | undefined {
  const deploy = plan?.deploys.find(each => each.stage === stage)
  if (!plan || !deploy) return undefined
  const jobs = async () =>
    (await needsOfDeploy(store, { build, plan, states }, deploy)).map(({ key, attempt, title, ...need }) => ({
      ...{ key, attempt, title, build: need.build ?? build.number },
    }))
  return { names: deploy.artifacts, jobs }
}
