import type { Config } from '../config/config.ts'
import type { Build } from '../model/build.ts'
import { commandEnvironment, type EnvironmentParts } from '../planning/environment.ts'
import { killOrphanProcesses } from '../workspace/orphan-processes.ts'
import type { Sandbox } from '../workspace/sandbox.ts'
import { runStep, type Step, type StepContext, type StepEnd, type StepLog } from './run-step.ts'
import { userName } from './user-name.ts'
import { writeFiles } from './write-files.ts'

/** The job to which the step belongs. */
type StepJob = Pick<StepContext, 'deadline' | 'graceMs'> & {
  build: Build
  buildUrl: string
  log: StepLog
  runner: { region: string; requestId: string }
  /** The system's PATH. */
  path: string
  ownsMachine: boolean
}

/** The place of the step, and its inputs. */
type StepWorkspace = {
  sandbox: Sandbox
  config: Pick<Config, 'env' | 'inheritSecrets'>
  mergeCommit: string | undefined
  secrets: Readonly<Record<string, string>>
}

/** The step of a plan to run. */
export type PlannedStep = { name: Step['name']; of: EnvironmentParts['step'] & Omit<Step, 'name'> }

export type RunOptions = Pick<StepContext, 'signal' | 'output'> & {
  credentials?: Record<string, string>
  token?: string | null
}

/** Runs a step in the workspace. Nothing that it started survives it. */
export async function runInWorkspace(
  { build, buildUrl, log, runner, path, deadline, graceMs, ownsMachine }: StepJob,
  { sandbox: { directory, workspace, home, temp }, config, mergeCommit, secrets }: StepWorkspace,
  { name, of }: PlannedStep,
  { credentials = {}, token = null, ...options }: RunOptions = {},
): Promise<StepEnd> {
  const files = 'files' in of ? of.files : undefined
  const env = commandEnvironment({
    ...{ build, config, step: of, credentials, token, buildUrl, mergeCommit, secrets },
    filesPath: files && writeFiles(temp, files.own),
    runtime: { user: userName(), home, temp, path, region: runner.region, requestId: runner.requestId },
  })
  const context = { directory: workspace, env, deadline, graceMs, ...options }
  const end = await runStep({ ...of, name }, context, log)
  await killOrphanProcesses(directory, ownsMachine)
  return end
}
