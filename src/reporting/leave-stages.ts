import { leaveStage } from '../deploy/leave-stage.ts'
import type { StageContext } from '../deploy/pass-on.ts'
import type { Build } from '../model/build.ts'
import type { BuildRef } from '../records/keys.ts'
import type { PlanRecord } from '../records/plan-record.ts'
import type { Report } from '../records/report-record.ts'
import { deployedArtifacts } from './needed-jobs.ts'

/**
 * Passes the stages of a build on that has ended: those of its deploys, as far as that has not happened before. Returns the builds
 * that have them then.
 * @throws GitHubSilence if GitHub does not say which of the waiting builds is the newest
 */
export async function leaveStages(
  { build, plan, report }: { build: Build; plan: PlanRecord | null; report: Report },
  context: StageContext,
): Promise<BuildRef[]> {
  const { end, cost, deploys, leftStages, jobs: states } = report
  if (!end?.deploy) return []
  const { project, number } = build
  const { endedAt } = end
  // Versions with one stage for each build recorded no list.
  const all = deploys.length > 0 ? deploys : [end.deploy]
  const left = all.filter(({ stage }) => !leftStages.includes(stage))
  const holders = await Promise.all(
    left.map(deploy => {
      const artifacts = deployedArtifacts(context.store, { build, plan, states }, deploy.stage)
      const ended = { deploy, endedAt, cost, artifacts }
      return leaveStage({ project, stage: deploy.stage }, build, ended, context)
    }),
  )
  return holders.flatMap(holder =>
    holder === null || holder === number ? [] : [{ project, number: holder }],
  )
}
