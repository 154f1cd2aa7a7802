import { createHash } from 'node:crypto'
import { claimedBuild } from '../admission/delivery-claim.ts'
import type { Build } from '../model/build.ts'
import { deliveryOf, type StageRef } from '../records/keys.ts'
import { readRecords } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import type { Records } from '../records/view.ts'

/** The id of the one delivery that starts the deploy of a build that waited. */
export function waitingDeployId({ project, stage }: StageRef, waited: number): string {
  const hex = createHash('sha256').update(`${project} ${stage} ${waited}`).digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}

/** The build that was started to deploy for one that waited; null for none. */
export async function findStartedDeploy(
  store: Store,
  stage: StageRef,
  waited: Pick<Build, 'number' | 'repositoryId'>,
): Promise<Records | null> {
  const number = await claimedBuild(store, deliveryOf(waited, waitingDeployId(stage, waited.number)))
  const found = number === null ? null : await readRecords(store, { project: stage.project, number })
  // Before its `build.json` exists, another build may take the number that is claimed.
  const { target = null } = found?.build ?? {}
  return target?.waited === waited.number && target.stage === stage.stage ? found : null
}
