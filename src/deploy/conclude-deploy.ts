import type { Build } from '../model/build.ts'
import type { Deploy, JobRun } from '../records/job-run.ts'
import { nullIfMalformed } from '../records/read-record.ts'
import type { BuildEnd, Report } from '../records/report-record.ts'
import { endAfterDeploy } from '../records/run-end.ts'
import type { Store } from '../records/store.ts'
import { readDeployment } from './deployments.ts'
import { updateWaitingDeploy } from './waiting-deploy.ts'

/** How long after its latest end a build may still wait for its deploy: GitHub may be silent, or the stage taken. */
const LONGEST_WAIT_MS = 3_600_000

type EndedBuild = { build: Build; run: JobRun | null; report: Report }

/** Completes an end with how the deploy ended. A deploy that waited for its stage ends after its build's tests. */
export async function concludeDeploy(
  end: BuildEnd,
  { build, run, report }: EndedBuild,
  { store, now }: { store: Store; now: () => Date },
): Promise<BuildEnd> {
  const diedDeploying = run?.phase === 'deploying' && !report.end
  if (!end.deploy || (!diedDeploying && end.deploy.status !== 'waiting')) return end
  const isOverdue = now().getTime() > Date.parse(report.latestEnd ?? build.latestEnd) + LONGEST_WAIT_MS
  const deploy = diedDeploying
    ? await recordedDeploy(store, build, end.deploy)
    : await updateWaitingDeploy(store, build, end.deploy, isOverdue)
  if (end.conclusion === 'errored') return { ...end, deploy }
  const { conclusion, reason } = endAfterDeploy(build, null, deploy)
  return { ...end, deploy, conclusion, reason }
}

/** The deploy of a build that died while it deployed, as far as it had recorded it: it may have died after its end. */
export async function recordedDeploy(store: Store, build: Build, deploy: Deploy): Promise<Deploy> {
  const stage = { project: build.project, stage: deploy.stage }
  const deployment = await readDeployment(store, stage, build.number).catch(nullIfMalformed)
  return deployment ? { ...deploy, status: deployment.status, reason: deployment.reason } : deploy
}
