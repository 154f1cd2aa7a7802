import type { Build } from '../model/build.ts'
import type { AcceptedJob, PlannedDeploy, PlanRecord } from '../records/plan-record.ts'

/** A deploy of a plan, and its jobs. */
export type DeployJobs = {
  planned: PlannedDeploy
  deploy: AcceptedJob
  /** Null if nothing verifies it. */
  verify: AcceptedJob | null
}

/** The deploys of a plan that have jobs, in order, up to the first stage that only people deploy to. */
export const deployJobsOf = (plan: PlanRecord): DeployJobs[] =>
  plan.deploys.flatMap(planned => {
    const ofStage = plan.jobs.filter(job => plannedDeployOf(plan, job) === planned)
    const deploy = ofStage.find(({ isVerify }) => !isVerify)
    return deploy ? [{ planned, deploy, verify: ofStage.find(({ isVerify }) => isVerify) ?? null }] : []
  })

/** The deploy that a job does or verifies; null for any other job. A deploy that names no stage is the only one of its plan. */
export const plannedDeployOf = ({ deploys }: PlanRecord, job: AcceptedJob): PlannedDeploy | null =>
  (job.isDeploy && deploys.find(({ stage }) => stage === (job.stage ?? stage))) || null

/** The stages to which a build deploys before this one. A person chooses a stage directly. */
export const stagesBefore = (
  { deploys }: PlanRecord,
  { target }: Pick<Build, 'target'>,
  planned: PlannedDeploy,
): string[] => (target ? [] : deploys.slice(0, deploys.indexOf(planned)).map(({ stage }) => stage))
