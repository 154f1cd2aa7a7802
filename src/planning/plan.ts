import { quote } from '../config/key-path.ts'
import type { Resolved } from '../config/resolve.ts'
import { explainPinConflict, roleOfStage } from '../config/settings.ts'
import { UserError } from '../model/user-error.ts'
import { planJobs } from './jobs.ts'
import { explainIrrelevantChange } from './paths.ts'
import type { DeployStep, LeftOut, PlannedJob } from './planned-job.ts'
import { explainBuilt, explainNotBuilt, type PlanInput } from './reason.ts'
import { chooseStage, type StageChoice } from './stage-rules.ts'

export type PlannedStage = {
  name: string
  /** The path of the rule that chose the stage, such as `stages.master`. */
  rule: string
  url: string | null
  /** The role that the account sets for the deploy. Null: the role of the stack. */
  role: string | null
  /** Why the stage cannot be deployed, in a sentence. Null if it can. */
  error: string | null
}

/** What a build will do, as plain data. Each reason is a sentence for people. */
export type Plan =
  | { build: false; reason: string }
  | {
      build: true
      reason: string
      /** In the order of the file, but none before one that it needs. Empty if none takes part, and for a requested deploy. */
      jobs: readonly PlannedJob[]
      leftOut: readonly LeftOut[]
      /** Whether a job that fails ends the others. */
      failFast: boolean
      /** How many of its jobs may run at once. Null: as many as the account allows. */
      maxParallel: number | null
      /** Null if nothing is deployed. */
      deploy: DeployStep | null
      stage: PlannedStage | null
      stageReason: string
      notes: string[]
      /** Whether the merge of a pull request is tested instead of its head. */
      merge: boolean
      /** Whether a newer commit cancels this build. */
      cancelSuperseded: boolean
    }

/** Replaces an invalid stage name in records. */
const UNNAMED = 'unnamed'

/**
 * Plans one build: whether to build, which jobs it has, and what it deploys after all of them.
 * @throws UserError if it is built, but its files are wrong or there is nothing to run
 */
export function planBuild(build: PlanInput, resolved: Resolved): Plan {
  if (build.target) return planDeploy(build, build.target.stage, resolved)
  const { config } = resolved
  if (!config.build) return { build: false, reason: explainNotBuilt(build, resolved) }
  const irrelevant =
    build.event === 'push' ? explainIrrelevantChange(config.paths, resolved.changedFiles) : null
  if (irrelevant !== null) return { build: false, reason: irrelevant }
  requireUsableFiles(resolved)
  requireCommand(resolved)
  const reason = explainBuilt(build, resolved)
  const jobs = planJobs(resolved)
  const choice = build.event === 'push' ? chooseStage(config.stages, build.branch) : null
  const notes = [...jobs.notes, ...(choice?.note ? [choice.note] : [])]
  const { failFast, maxParallel } = jobs
  const common = {
    build: true as const,
    reason,
    jobs: jobs.jobs,
    leftOut: jobs.leftOut,
    failFast,
    maxParallel,
    notes,
  }
  const notDeployed = explainNotDeployed(build, choice, resolved)
  if (choice === null || notDeployed !== null)
    return {
      ...common,
      deploy: null,
      stage: null,
      stageReason: notDeployed ?? '',
      merge: config.testMerge,
      // With `paths`, a newer push may be skipped and would leave the changes of this one untested.
      cancelSuperseded: config.cancelSuperseded ?? config.paths === null,
    }
  return {
    ...common,
    deploy: choice.error === null ? deployStep(choice, resolved) : null,
    stage: plannedStage(choice, resolved),
    stageReason: choice.error ?? explainStage(build, choice),
    merge: false,
    cancelSuperseded: config.cancelSuperseded ?? false,
  }
}

/** @throws UserError if a build of these files would be a guess */
export function requireUsableFiles({ filesError }: Resolved): void {
  if (filesError !== null) throw new UserError(filesError)
}

/** @throws UserError if nothing sets a command and the default one cannot run */
export function requireCommand({ missingCommand }: Resolved): void {
  if (missingCommand !== null) throw new UserError(missingCommand)
}

/** Plans a deploy that was requested by name. It runs no tests. */
function planDeploy(build: PlanInput, stage: string, resolved: Resolved): Plan {
  requireUsableFiles(resolved)
  const reason = `A deploy to stage ${stage} was requested.`
  const choice = chooseStage(resolved.config.stages, build.branch)
  const otherStage =
    choice !== null && choice.name !== stage
      ? `At this commit, branch ${quote(build.branch)} maps to stage ${quote(choice.name)}, not ${stage}.`
      : null
  const error =
    choice?.error ?? otherStage ?? explainNotDeployed({ ...build, event: 'push' }, choice, resolved)
  const rest = {
    jobs: [],
    leftOut: [],
    failFast: true,
    maxParallel: null,
    notes: [],
    merge: false,
    cancelSuperseded: false,
  }
  if (choice === null || error !== null) {
    const planned = { name: stage, rule: '', url: null, role: null, error }
    return { build: true, reason, deploy: null, stage: planned, stageReason: error ?? '', ...rest }
  }
  return {
    build: true,
    reason,
    deploy: deployStep(choice, resolved),
    stage: plannedStage(choice, resolved),
    stageReason: explainStage(build, choice),
    ...rest,
  }
}

const deployStep = ({ name, overrides }: StageChoice, { config }: Resolved): DeployStep => ({
  command: overrides.deploy ?? config.deploy ?? '',
  setup: null,
  isStrict: false,
  stage: name,
  env: overrides.env,
  timeoutSeconds: overrides.timeout ?? config.timeout,
  artifacts: [],
})

const plannedStage = (
  { name, rule, overrides, error }: StageChoice,
  { account }: Resolved,
): PlannedStage => ({
  name: error === null ? name : UNNAMED,
  rule,
  url: overrides.url,
  role: roleOfStage(account, name),
  error,
})

const explainStage = ({ branch }: PlanInput, { name, rule }: StageChoice) =>
  `Branch ${quote(branch)} is deployed to stage ${name} (${rule}).`

/** Why nothing is deployed. Null if the build deploys. */
function explainNotDeployed(build: PlanInput, choice: StageChoice | null, resolved: Resolved): string | null {
  const branch = quote(build.branch)
  if (build.event === 'pull_request') return 'Pull requests never deploy.'
  if (build.event === 'merge_group') return 'Merge groups never deploy.'
  if (choice === null) return `Branch ${branch} has no stage: no rule in "stages" matches it.`
  const not = `Branch ${branch} is not deployed to stage ${choice.name}`
  if (choice.overrides.deploy === null && resolved.config.deploy === null)
    return `${not}: there is no "deploy" command.`
  if (build.trust !== 'protected') return `${not}: it is not in the account's "deployBranches".`
  const conflict = explainPinConflict(resolved.account, choice.name, build.branch)
  return conflict === null ? null : `${not}: ${conflict}.`
}
