import { quote } from '../config/key-path.ts'
import type { Resolved } from '../config/resolve.ts'
import { explainPinConflict, roleOfStage } from '../config/settings.ts'
import { jobsIn } from './job-errors.ts'
import { artifactNames } from './needs.ts'
import type { DeployStep, JobReason } from './planned-job.ts'
import type { PlanInput } from './reason.ts'
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

/** Replaces an invalid stage name in records. */
const UNNAMED = 'unnamed'

/** The deploy to a stage, whose own command runs as LambCI ran it. */
export function deployStep({ name, overrides }: StageChoice, { config }: Resolved): DeployStep {
  const { cmd = '', isStrict = false, setup } = config.deploy ?? {}
  return {
    command: overrides.deploy ?? cmd,
    setup: setup === undefined ? config.setup : setup,
    isStrict: overrides.deploy === null && isStrict,
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

export const plannedStage = (
  { name, rule, overrides, error }: StageChoice,
  { account }: Resolved,
): PlannedStage => ({
  name: error === null ? name : UNNAMED,
  rule,
  url: overrides.url,
  role: roleOfStage(account, name),
  error,
})

export const explainStage = ({ branch }: PlanInput, { name, rule }: StageChoice): string =>
  `Branch ${quote(branch)} is deployed to stage ${name} (${rule}).`

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
