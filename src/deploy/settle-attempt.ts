import type { Build } from '../model/build.ts'
import type { Deploy, JobRun } from '../records/job-run.ts'
import type { StageRef } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { deploymentOf, readCurrent, readDeployment, recordDeployment } from './deployments.ts'
import { readOwnFence } from './lock.ts'

/** How a build has ended, and what its job says of itself. */
export type EndedDeploy = { run: JobRun | null; deploy: Deploy | null; reason: string | null }

/**
 * Completes the record of a stage if a build has ended without recording how its deploy did: it has failed then, but what it
 * deployed may run there. Its lock must not be free before, or an older commit could come after it.
 */
export async function settleAttempt(
  store: Store,
  stage: StageRef,
  build: Build,
  { run, deploy, reason }: EndedDeploy,
  now: Date,
): Promise<void> {
  const latest = (await readCurrent(store, stage))?.latest
  const attempt = latest?.status === 'running' && latest.build === build.number ? latest : null
  // It may have died before its attempt was on record, while that was being written.
  const isBegun = run?.deploy?.status === 'running' && run.deploy.stage === stage.stage
  const fence = attempt?.fence ?? (isBegun ? await readOwnFence(store, stage, build.number) : null)
  if (fence === null) return
  const recorded = await readDeployment(store, stage, build.number)
  const startedAt = attempt ? new Date(attempt.startedAt) : now
  const failed = deploymentOf(build, {
    ...{ url: deploy?.url ?? null, startedAt, fence, status: 'failed', endedAt: now, cost: null },
    reason: deploy?.reason ?? reason ?? 'It did not report its end',
  })
  await recordDeployment(store, stage, recorded ?? failed)
}
