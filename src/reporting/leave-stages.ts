import { leaveStage } from '../deploy/leave-stage.ts'
import type { StageContext } from '../deploy/pass-on.ts'
import type { Build } from '../model/build.ts'
import type { BuildRef } from '../records/keys.ts'
import type { PlanRecord } from '../records/plan-record.ts'
import type { BuildEnd, Report } from '../records/report-record.ts'
import { deployedArtifacts } from './needed-jobs.ts'

/** Ends whose stages this process has passed on. The looks of one lease share the end; later ones read it again. */
const leftEnds = new WeakSet<BuildEnd>()

/**
 * Passes on the stages of a build that has ended: those of its deploys, unless that has already happened. Returns the builds that hold them
 * then; only the first successful look of a lease does.
 * @throws GitHubSilence if GitHub does not say which of the waiting builds is the newest
 */
export async function leaveStages(
  { build, plan, report }: { build: Build; plan: PlanRecord | null; report: Report },
  context: StageContext,
): Promise<BuildRef[]> {
  const { end, cost, deploys, leftStages, jobs: states } = report
  if (!end?.deploy || leftEnds.has(end)) return []
  const { project, number } = build
  const { endedAt } = end
  // Versions with one stage for each build recorded no list.
  const all = deploys.length > 0 ? deploys : [end.deploy]
  const left = all.filter(({ stage }) => !leftStages.includes(stage))
  const holders = await Promise.all(
    left.map(deploy => {
      const { stage } = deploy
      const artifacts = deployedArtifacts(context.store, { build, plan, states }, stage)
      return leaveStage({ project, stage }, build, { deploy, endedAt, cost, artifacts }, context)
    }),
  )
  leftEnds.add(end)
  return holders.flatMap(holder =>
    holder === null || holder === number ? [] : [{ project, number: holder }],
  )
}
