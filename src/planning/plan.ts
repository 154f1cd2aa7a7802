import { quote } from '../config/key-path.ts'
import type { Resolved } from '../config/resolve.ts'
import { explainPinConflict, roleOfStage } from '../config/settings.ts'
import { explainIrrelevantChange } from './paths.ts'
import { explainBuilt, explainNotBuilt, type PlanInput } from './reason.ts'
import { chooseStage, type StageChoice } from './stage-rules.ts'

export type Step = {
  name: 'command' | 'deploy'
  command: string
  /** Of a deploy step alone. */
  stage: string | null
  /** Beside the configuration's own. */
  env: Readonly<Record<string, string>>
  /** Null: as long as the build function has left. */
  timeoutSeconds: number | null
}

/** Where a deploy goes: `role` is what the account says that it assumes, `problem` why it cannot be, in a sentence. */
export type PlannedStage = {
  name: string
  rule: string
  url: string | null
  role: string | null
  problem: string | null
}

/** What will be done, as plain data; each reason is a sentence for people. */
export type Plan =
  | { build: false; reason: string }
  | {
      build: true
      reason: string
      /** None where a deploy was asked for that cannot be. */
      steps: Step[]
      stage: PlannedStage | null
      stageReason: string
      notes: string[]
      /** Whether a newer commit ends this build. */
      cancelSuperseded: boolean
    }

/** Of a name that is none: it stands in records, and nowhere else. */
const UNNAMED = 'unnamed'

/** Plans one build: whether to build, and which commands in which order; a deploy step runs after a green command. */
export function planBuild(build: PlanInput, resolved: Resolved): Plan {
  if (build.target) return planDeploy(build, build.target.stage, resolved)
  const { config } = resolved
  if (!config.build) return { build: false, reason: explainNotBuilt(build, resolved) }
  const nothing = build.event === 'push' ? explainIrrelevantChange(config.paths, resolved.changedFiles) : null
  if (nothing !== null) return { build: false, reason: nothing }
  const reason = explainBuilt(build, resolved)
  const command: Step = {
    name: 'command',
    command: config.cmd,
    stage: null,
    env: {},
    timeoutSeconds: config.timeout,
  }
  const choice = build.event === 'push' ? chooseStage(config.stages, build.branch) : null
  const notes = choice?.note ? [choice.note] : []
  const missing = explainNoStage(build, choice, resolved)
  if (choice === null || missing !== null)
    return {
      ...{ build: true, reason, steps: [command], stage: null, stageReason: missing ?? '', notes },
      // A newer push that changes nothing that matters would leave this one's changes untested.
      cancelSuperseded: config.cancelSuperseded ?? config.paths === null,
    }
  const steps = choice.error === null ? [command, deployStep(choice, resolved)] : [command]
  const stageReason = choice.error ?? explainStage(build, choice)
  const cancelSuperseded = config.cancelSuperseded ?? false
  return {
    build: true,
    reason,
    steps,
    stage: stageOf(choice, resolved),
    stageReason,
    notes,
    cancelSuperseded,
  }
}

/** A deploy that was asked for by name: of a commit whose tests have been seen to before. */
function planDeploy(build: PlanInput, wanted: string, resolved: Resolved): Plan {
  const choice = chooseStage(resolved.config.stages, build.branch)
  const other =
    choice !== null && choice.name !== wanted
      ? `At this commit branch ${quote(build.branch)} has stage ${quote(choice.name)}, and not ${wanted}.`
      : null
  const problem = choice?.error ?? other ?? explainNoStage({ ...build, event: 'push' }, choice, resolved)
  const reason = `Stage ${wanted} is deployed, as was asked for.`
  if (choice === null || problem !== null) {
    const stage = { name: wanted, rule: '', url: null, role: null, problem }
    return {
      build: true,
      reason,
      steps: [],
      stage,
      stageReason: problem ?? '',
      notes: [],
      cancelSuperseded: false,
    }
  }
  const steps = [deployStep(choice, resolved)]
  const stageReason = explainStage(build, choice)
  return {
    build: true,
    reason,
    steps,
    stage: stageOf(choice, resolved),
    stageReason,
    notes: [],
    cancelSuperseded: false,
  }
}

const deployStep = ({ name, overrides }: StageChoice, { config }: Resolved): Step => ({
  name: 'deploy',
  command: overrides.deploy ?? config.deploy ?? '',
  stage: name,
  env: overrides.env,
  timeoutSeconds: overrides.timeout ?? config.timeout,
})

const stageOf = ({ name, rule, overrides, error }: StageChoice, { account }: Resolved): PlannedStage => ({
  name: error === null ? name : UNNAMED,
  rule,
  url: overrides.url,
  role: roleOfStage(account, name),
  problem: error,
})

const explainStage = ({ branch }: PlanInput, { name, rule }: StageChoice) =>
  `Branch ${quote(branch)} is deployed to stage ${name}: ${rule} says so.`

/** Why nothing is deployed, or null. */
function explainNoStage(build: PlanInput, choice: StageChoice | null, resolved: Resolved): string | null {
  const branch = quote(build.branch)
  if (build.event === 'pull_request') return 'Pull requests never deploy.'
  if (build.event === 'merge_group') return 'Merge groups never deploy.'
  if (choice === null) return `Branch ${branch} has no stage: no rule in "stages" matches it.`
  const not = `Branch ${branch} is not deployed to stage ${choice.name}`
  if (choice.overrides.deploy === null && resolved.config.deploy === null)
    return `${not}: there is no "deploy" command.`
  if (build.trust !== 'protected') return `${not}: it is not among the account's "deployBranches".`
  const pinned = explainPinConflict(resolved.account, choice.name, build.branch)
  return pinned === null ? null : `${not}: ${pinned}.`
}
