import { quote } from '../config/key-path.ts'
import type { Resolved } from '../config/resolve.ts'
import { explainBuilt, explainNotBuilt, type Planned } from './reason.ts'
import { chooseStage, type StageChoice } from './stage-rules.ts'

export type Step = {
  name: 'command' | 'deploy'
  command: string
  /** Of a deploy step alone. */
  stage: string | null
  /** Null: as long as the build function has left. */
  timeoutSeconds: number | null
}

/** What will be done, as plain data; each reason is a sentence for people. */
export type Plan =
  | { build: false; reason: string }
  | {
      build: true
      reason: string
      steps: Step[]
      stage: { name: string; rule: string } | null
      stageReason: string
      notes: string[]
    }

const NO_CREDENTIALS = 'The deploy step has no AWS credentials in this version.'

/** Plans one build: whether to build, and which commands in which order; a deploy step runs after a green command. */
export function planBuild(job: Planned, resolved: Resolved): Plan {
  const { config } = resolved
  if (!config.build) return { build: false, reason: explainNotBuilt(job, resolved) }

  const { cmd, deploy, stages, timeout } = config
  const reason = explainBuilt(job, resolved)
  const command: Step = { name: 'command', command: cmd, stage: null, timeoutSeconds: timeout }
  const choice = job.event === 'push' ? chooseStage(stages, job.branch) : null
  const notes = choice?.note ? [choice.note] : []
  if (choice === null || deploy === null || job.trust !== 'deploy') {
    const stageReason = explainNoStage(job, choice, deploy)
    return { build: true, reason, steps: [command], stage: null, stageReason, notes }
  }
  const { name, rule } = choice
  return {
    build: true,
    reason,
    steps: [command, { ...command, name: 'deploy', command: deploy, stage: name }],
    stage: { name, rule },
    stageReason: `Branch ${quote(job.branch)} is deployed to stage ${name}: ${rule} says so.`,
    notes: [...notes, NO_CREDENTIALS],
  }
}

function explainNoStage(job: Planned, choice: StageChoice | null, deploy: string | null): string {
  const branch = quote(job.branch)
  if (job.event === 'pull_request') return 'Pull requests never deploy.'
  if (job.event === 'merge_group') return 'Merge groups never deploy.'
  if (choice === null) return `Branch ${branch} has no stage: no rule in "stages" matches it.`
  if (deploy === null)
    return `Branch ${branch} is not deployed to stage ${choice.name}: there is no "deploy" command.`
  return `Branch ${branch} is not deployed to stage ${choice.name}: it is not among the account's "deployBranches".`
}
