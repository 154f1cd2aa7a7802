import { listDeployments, readDeployment } from '../records/deployments.ts'
import type { StageRef } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import type { Records } from '../records/view.ts'

/** How many of the newest deployments of a stage are searched for one of a build. */
const MOST_DEPLOYMENTS = 100

/**
 * Why a build may not be deployed by hand to one of several stages: an earlier stage has not received it. Null if it may, for example
 * because it was there before.
 */
export async function explainEarlierStage(
  store: Store,
  { build, plan }: Pick<Records, 'build' | 'plan'>,
  stage: string,
): Promise<string | null> {
  const { project, repository, number } = build
  const stages = plan?.deploys.map(each => each.stage) ?? []
  const before = stages.slice(0, Math.max(0, stages.indexOf(stage)))
  if (before.length === 0 || (await wasDeployed(store, { project, stage }, number))) return null
  for (const each of before) {
    if (await wasDeployed(store, { project, stage: each }, number)) continue
    return `Build #${number} of ${repository} was not deployed to ${each}, which comes before ${stage}. Deploy it there first: lambci deploy ${repository} ${each} --build ${number}`
  }
  return null
}

/** Whether a stage has ever received what a build has tested: by its own deploy, or by one at a person's request. */
async function wasDeployed(store: Store, stage: StageRef, number: number): Promise<boolean> {
  const own = await readDeployment(store, stage, number)
  if (own?.status === 'succeeded') return true
  const listed = await listDeployments(store, stage, MOST_DEPLOYMENTS)
  return listed.some(({ of, status }) => of === number && status === 'succeeded')
}
