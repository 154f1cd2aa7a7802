import { dependsOnPaths } from '../config/config.ts'
import { quote } from '../config/key-path.ts'
import type { Resolved } from '../config/resolve.ts'
import { UserError } from '../model/user-error.ts'
import { explainNotDeployed, explainStages, type PlannedDeployment, plannedDeployments } from './deploy.ts'
import { requireUsableJobs } from './job-errors.ts'
import { planJobs } from './jobs.ts'
import { explainIrrelevantChange } from './paths.ts'
import type { JobReason, PlannedJob } from './planned-job.ts'
import { explainBuilt, explainNotBuilt, type PlanInput } from './reason.ts'
import { type Dividing, type PlannedSplit, WITHOUT_SECONDS } from './split.ts'
import { chooseStages, noteOtherRule, type StageChoice } from './stage-rules.ts'

/** The plan of a build, as plain data. Each reason is a sentence for people. */
export type Plan =
  | { build: false; reason: string }
  | {
      build: true
      reason: string
      /**
       * In the order of the file, but each after those that it needs. For a requested deploy: the jobs that make its artifacts, and those
       * that they need. They run only if the artifacts are gone.
       */
      jobs: readonly PlannedJob[]
      /** The jobs of the file that take part, and those that do not. Empty for the job of a `cmd`. */
      takingPart: readonly JobReason[]
      leftOut: readonly JobReason[]
      /** Whether a job that fails ends the others. */
      failFast: boolean
      /** How many of its jobs may run at once. Null: as many as the account allows. */
      maxParallel: number | null
      /** The deploys after all jobs, in order; a single one if the deploy was requested. */
      deploys: readonly PlannedDeployment[]
      /** How files divide the jobs that are in the plan. */
      splits: readonly PlannedSplit[]
      /** For a requested deploy: the other jobs of its commit. */
      earlierJobs: readonly PlannedJob[]
      stageReason: string
      notes: string[]
      /** Whether the merge of a pull request is tested instead of its head. */
      merge: boolean
      /** Whether a newer commit cancels this build. */
      cancelSuperseded: boolean
    }
export type BuildPlan = Extract<Plan, { build: true }>

/**
 * Plans one build: whether it runs, its jobs, and its deploys after all of them.
 * @param dividing determines the shards of jobs that files divide
 * @throws UserError if it is built, but its files are wrong or there is nothing to run
 */
export function planBuild(build: PlanInput, resolved: Resolved, dividing: Dividing = WITHOUT_SECONDS): Plan {
  if (build.target) return planDeploy(build, build.target.stage, resolved, dividing)
  const { config } = resolved
  if (!config.build) return { build: false, reason: explainNotBuilt(build, resolved) }
  const irrelevant =
    build.event === 'push' ? explainIrrelevantChange(config.paths, resolved.changedFiles) : null
  if (irrelevant !== null) return { build: false, reason: irrelevant }
  requireUsableFiles(resolved)
  requireCommand(resolved)
  const reason = explainBuilt(build, resolved)
  const { notes: jobNotes, ...jobs } = planJobs(build, resolved, dividing)
  const choices = build.event === 'push' ? chooseStages(config.stages, build.branch) : []
  const explain = (choice: StageChoice | null) => explainNotDeployed(build, choice, resolved, jobs.leftOut)
  const [notDeployed = null, ...later] = choices.length === 0 ? [explain(null)] : choices.map(explain)
  const wrong = later.findIndex(each => each !== null)
  const otherRule = choices.length === 0 ? null : noteOtherRule(config.stages, build.branch)
  const notes = [...jobNotes, ...[otherRule, later[wrong] ?? null].filter(note => note !== null)]
  const { failFast, maxParallel } = config
  const common = {
    build: true as const,
    reason,
    ...jobs,
    earlierJobs: [],
    failFast,
    maxParallel,
    notes,
  }
  if (notDeployed !== null)
    return {
      ...common,
      deploys: [],
      stageReason: notDeployed,
      merge: config.testMerge,
      // With `paths`, a newer push may be skipped, or a job left out, which would leave the changes of this one untested.
      cancelSuperseded: config.cancelSuperseded ?? !dependsOnPaths(config),
    }
  // Nothing is deployed after a stage that this branch may not have.
  const deploys = plannedDeployments(wrong === -1 ? choices : choices.slice(0, wrong + 1), resolved)
  return {
    ...common,
    deploys,
    stageReason: deploys[0]?.stage.error ?? explainStages(build, deploys),
    merge: false,
    cancelSuperseded: config.cancelSuperseded ?? false,
  }
}

/** @throws UserError if a build of these files would be a guess */
export function requireUsableFiles({ filesError }: Resolved): void {
  if (filesError !== null) throw new UserError(filesError.split('\n'))
}

/** @throws UserError if nothing sets a command and the default one cannot run */
export function requireCommand({ missingCommand }: Resolved): void {
  if (missingCommand !== null) throw new UserError(missingCommand)
}

/** Plans a deploy that was requested by name. It runs no tests, only jobs whose artifacts it needs. */
function planDeploy(build: PlanInput, stage: string, resolved: Resolved, dividing: Dividing): Plan {
  requireUsableFiles(resolved)
  requireUsableJobs(resolved)
  const reason = `A deploy to stage ${stage} was requested.`
  const choices = chooseStages(resolved.config.stages, build.branch)
  const [first = null] = choices
  const chosen = choices.find(({ name }) => name === stage) ?? null
  const names = choices.map(({ name }) => quote(name)).join(' and ')
  const otherStage =
    first !== null && chosen === null
      ? `At this commit, branch ${quote(build.branch)} maps to stage ${names}, not ${stage}.`
      : null
  const choice = chosen ?? first
  const error =
    choice?.error ?? otherStage ?? explainNotDeployed({ ...build, event: 'push' }, choice, resolved, [])
  const rest = {
    jobs: [],
    splits: [],
    earlierJobs: [],
    takingPart: [],
    leftOut: [],
    failFast: true,
    maxParallel: resolved.config.maxParallel,
    notes: [],
    merge: false,
    cancelSuperseded: false,
  }
  if (choice === null || error !== null) {
    const planned = { name: stage, rule: '', url: null, role: null, error }
    const deploys = [{ stage: planned, deploy: null, verify: null, isManual: false }]
    return { build: true, reason, deploys, stageReason: error ?? '', ...rest }
  }
  // A person has decided.
  const deploys = plannedDeployments([choice], resolved).map(each => ({ ...each, isManual: false }))
  const push = { ...build, event: 'push' as const, target: null }
  const all = planJobs(push, { ...resolved, changedFiles: null }, dividing)
  const makers = jobsThatMake(deploys[0]?.deploy?.artifacts ?? [], all.jobs)
  return {
    build: true,
    reason,
    deploys,
    stageReason: explainStages(build, deploys),
    ...rest,
    jobs: makers,
    splits: all.splits,
    takingPart: all.takingPart.filter(({ name }) => makers.some(job => job.name === name)),
    earlierJobs: all.jobs.filter(job => !makers.includes(job)),
    notes: makers.length === 0 ? [] : ['The jobs run only if artifacts that the deploy names are gone.'],
  }
}

/** The jobs that make artifacts with these names, and the jobs that they need. Each comes after those that it needs. */
function jobsThatMake(names: readonly string[], jobs: readonly PlannedJob[]): PlannedJob[] {
  const needed = new Set<string>()
  const isNeeded = ({ name, artifacts }: PlannedJob) =>
    needed.has(name) || artifacts.some(artifact => names.includes(artifact.name))
  for (const job of jobs.toReversed()) if (isNeeded(job)) for (const need of job.needs) needed.add(need.job)
  return jobs.filter(isNeeded)
}
