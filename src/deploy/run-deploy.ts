import { assumeRole } from '../admission/assume-role.ts'
import type { JobGrants } from '../admission/grants.ts'
import { sessionNameOf } from '../admission/session-name.ts'
import type { BuildLog } from '../log/build-log.ts'
import { logError } from '../log/log-error.ts'
import type { Build } from '../model/build.ts'
import { type Exit, succeeded } from '../model/exit.ts'
import { type RunEnd, runEnd } from '../records/run-end.ts'

type DeployJob = {
  build: Build
  grants: Pick<JobGrants, 'deployRole' | 'credentials'>
  log: BuildLog
  runner: { region: string }
}

/** People expect a deploy to find the files that jobs have built. */
const ON_ARTIFACTS =
  'A deploy starts in a fresh checkout. Files that jobs have built are there only if "artifacts" names them, in the job and in "deploy" (docs/artifacts.md)'

/** Runs the command of a deploy with its role. Report has acquired the stage before, and records the end of the deploy. */
export async function runDeploy(
  job: DeployJob,
  { stage, hasArtifacts }: { stage: string; hasArtifacts: boolean },
  run: (credentials: Record<string, string>) => Promise<{ exit: Exit | null; reason: string | null }>,
): Promise<RunEnd> {
  const { log } = job
  await log.writeLine(`Deploying to ${stage}`)
  try {
    const { exit, reason } = await run(await assumeStageRole(job, stage))
    if (!hasArtifacts && !(exit && succeeded(exit))) await log.writeLine(ON_ARTIFACTS)
    return runEnd(exit && succeeded(exit) ? 'passed' : 'failed', { exit, reason })
  } catch (error) {
    return runEnd('failed', { reason: await logError(error as Error, log) })
  }
}

/** The variables of the stage's role; none without one. @throws UserError if it cannot be assumed */
async function assumeStageRole(
  { build, grants, log, runner: { region } }: DeployJob,
  stage: string,
): Promise<Record<string, string>> {
  const { deployRole: roleArn, credentials } = grants
  if (roleArn === null) {
    await log.writeLine('The deploy has no AWS credentials: the account names no role for it')
    return {}
  }
  const sessionName = sessionNameOf(build, stage)
  const session = { roleArn, subject: 'The deploy', sessionName, credentials, region } as const
  return assumeRole(log, session)
}
