import { NO_ACCESS } from '../config/job-access.ts'
import { quote } from '../config/key-path.ts'
import type { Resolved } from '../config/resolve.ts'
import { explainPinConflict, isManualStage, roleOfStage } from '../config/settings.ts'
import { VERIFY_JOB } from '../model/job.ts'
import { jobsIn } from './job-errors.ts'
import { artifactNames } from './needs.ts'
import type { DeployStep, JobReason, PlannedJob } from './planned-job.ts'
import type { PlanInput } from './reason.ts'
import { toShellText } from './shell-text.ts'
import type { StageChoice } from './stage-rules.ts'

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

/** The deploy of a plan to one stage, after all jobs. */
export type PlannedDeployment = {
  stage: PlannedStage
  /** Null if the stage cannot be deployed. */
  deploy: DeployStep | null
  /** The job that verifies the deploy; null for none. */
  verify: PlannedJob | null
  /** Whether only people deploy to it. */
  isManual: boolean
}

/** Replaces an invalid stage name in records. */
const UNNAMED = 'unnamed'

/** The deploys to the stages of a branch, in order. Only people deploy to the stages after one that only people deploy to. */
export function plannedDeployments(
  choices: readonly StageChoice[],
  resolved: Resolved,
): readonly PlannedDeployment[] {
  const isManual = ({ name, overrides }: StageChoice) =>
    overrides.isManual || isManualStage(resolved.account, name)
  const firstManual = choices.findIndex(isManual)
  return choices.map((choice, at) => ({
    stage: plannedStage(choice, resolved),
    deploy: choice.error === null ? deployStep(choice, resolved) : null,
    verify: choice.error === null ? verifyJob(choice, resolved) : null,
    isManual: firstManual !== -1 && at >= firstManual,
  }))
}

/** The job that verifies a deploy. It has neither the role nor the secrets of the stage. */
function verifyJob({ name, overrides }: StageChoice, { config }: Resolved): PlannedJob | null {
  const { verify, env, url, timeout } = overrides
  if (verify === null) return null
  const ofStage = { LAMBCI_STAGE: name, STAGE: name, ...(url !== null && { STAGE_URL: url }) }
  return {
    ...{ name: VERIFY_JOB, cell: {}, shard: null },
    ...toShellText(verify, config.setup, true),
    env: { ...env, ...ofStage },
    timeoutSeconds: timeout ?? config.timeout,
    ...{
      retry: 0,
      needs: [],
      artifacts: [],
      tests: null,
      cache: config.cache,
      secrets: null,
      access: NO_ACCESS,
      allowFailure: false,
    },
  }
}

/** The deploy to a stage, whose own command runs as LambCI ran it. */
function deployStep({ name, overrides }: StageChoice, { config }: Resolved): DeployStep {
  const { cmd = '', isStrict = false, setup } = config.deploy ?? {}
  return {
    ...toShellText(
      overrides.deploy ?? cmd,
      setup === undefined ? config.setup : setup,
      overrides.deploy === null && isStrict,
    ),
    stage: name,
    env: overrides.env,
    timeoutSeconds: overrides.timeout ?? config.timeout,
    artifacts: artifactsOf(overrides, config),
    cache: config.deploy?.cache ?? config.cache,
  }
}

const artifactsOf = (
  overrides: StageChoice['overrides'],
  { deploy }: Resolved['config'],
): readonly string[] => overrides.artifacts ?? deploy?.artifacts ?? []

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

export function explainStages({ branch }: PlanInput, deployments: readonly PlannedDeployment[]): string {
  const names = deployments.map(({ stage, isManual }) => `${stage.name}${isManual ? ' by hand' : ''}`)
  return `Branch ${quote(branch)} is deployed to stage ${names.join(', then to ')} (${deployments[0]?.stage.rule}).`
}

/** Why nothing is deployed. Null if the build deploys. */
export function explainNotDeployed(
  build: PlanInput,
  choice: StageChoice | null,
  { account, config }: Resolved,
  leftOut: readonly JobReason[],
): string | null {
  const branch = quote(build.branch)
  if (build.event === 'pull_request') return 'Pull requests never deploy.'
  if (build.event === 'merge_group') return 'Merge groups never deploy.'
  if (choice === null) return `Branch ${branch} has no stage: no rule in "stages" matches it.`
  const not = `Branch ${branch} is not deployed to stage ${choice.name}`
  if (choice.overrides.deploy === null && config.deploy === null)
    return `${not}: there is no "deploy" command.`
  if (build.trust !== 'protected') return `${not}: it is not in the account's "deployBranches".`
  const conflict = explainPinConflict(account, choice.name, build.branch)
  if (conflict !== null) return `${not}: ${conflict}.`
  const needed = artifactsOf(choice.overrides, config)
  const missing = leftOut.find(({ name }) => {
    const job = jobsIn(config).get(name)
    return job && artifactNames(name, job).some(artifact => needed.includes(artifact))
  })
  return missing
    ? `${not}: it needs an artifact of ${missing.name}, which is left out. ${missing.reason}`
    : null
}
