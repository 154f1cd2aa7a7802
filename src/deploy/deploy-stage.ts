import { assumeRole } from '../admission/assume-role.ts'
import type { JobGrants } from '../admission/grants.ts'
import type { BuildLog } from '../log/build-log.ts'
import { logError } from '../log/log-error.ts'
import type { Build } from '../model/build.ts'
import { type Exit, succeeded } from '../model/exit.ts'
import { costOf } from '../records/cost.ts'
import type { Deploy, JobRun } from '../records/job-run.ts'
import type { RunRecorder } from '../records/run-recorder.ts'
import type { Store } from '../records/store.ts'
import { acquireStage, candidateOf } from './acquire-stage.ts'
import { awaitGate } from './await-gate.ts'
import { attemptOf, deploymentOf, recordAttempt, recordDeployment } from './deployments.ts'
import { isByHand } from './gate.ts'

/** A job whose command has passed. */
export type DeployingJob = {
  build: Build
  grants: JobGrants
  store: Store
  recorder: RunRecorder
  log: BuildLog
  runner: { region: string }
  /** When the deploy is stopped, in ms since 1970. */
  deadline: number
  now: () => Date
}

export type DeployPlan = {
  /** The stage's. */
  name: string
  url: string | null
  /** Null: the role of the stack. */
  role: string | null
  /** Why the stage cannot be deployed. */
  error: string | null
  /** How the tests ended. */
  exit: Exit | null
  /** Runs the command with the role's credentials as variables. */
  run: (credentials: Record<string, string>) => Promise<Pick<Deploy, 'exit' | 'reason'>>
}

/** Deploys to a stage, if the build may: acquires it, records the attempt, runs the deploy, records its end, and releases the stage. */
export async function deployStage(job: DeployingJob, plan: DeployPlan): Promise<Deploy> {
  const { build, store, recorder, log, deadline, now } = job
  const { name, url, error, exit } = plan
  const stage = { project: build.project, stage: name }
  const deploy: Deploy = { stage: name, status: 'running', reason: null, exit: null, url, by: null }
  const conclude = async (status: Deploy['status'], reason: string): Promise<Deploy> => {
    await log.writeLine(reason)
    return { ...deploy, status, reason: log.redact(reason).slice(0, 500) }
  }
  if (error !== null) return conclude('failed', error)
  try {
    // Names the stage: if this process dies now, report knows what to free.
    await recorder.flush()
    const checking = {
      phase: 'deploying',
      conclusion: 'passed',
      exit,
      deploy: { ...deploy, status: 'waiting' },
    } as const
    const checkGate = async () => {
      if (isByHand(build)) return { isOpen: true, reason: null }
      await recorder.record(checking)
      return awaitGate(store, build, deadline)
    }
    const acquired = await acquireStage(store, stage, candidateOf(build, deadline), { now, checkGate })
    if (acquired.status !== 'acquired') return conclude(acquired.status, acquired.reason)
    try {
      const begun = { url, startedAt: now(), fence: acquired.fence }
      await Promise.all([
        recordAttempt(store, stage, attemptOf(build, begun)),
        recorder.record({ phase: 'deploying', conclusion: 'passed', exit, deploy }),
      ])
      await log.writeLine(`Deploying to ${name}`)
      const end = await runWithRole(job, plan)
      const status = end.exit && succeeded(end.exit) ? 'succeeded' : 'failed'
      const cost = costSoFar(recorder.run, now())
      const done = { ...begun, status, reason: end.reason, endedAt: now(), cost } as const
      await recordDeployment(store, stage, deploymentOf(build, done))
      return { ...deploy, ...end, status }
    } finally {
      // If this fails, report frees the stage, or the lock expires.
      await acquired.release().catch(() => {})
    }
  } catch (error) {
    console.error(log.redact((error as Error).stack ?? String(error)))
    return conclude('failed', `A fault in the runner: ${(error as Error).message}`)
  }
}

/** As this function knows it of itself. Report measures the cost of the whole build from outside. */
function costSoFar({ runner, startedAt, log }: JobRun, now: Date): number | null {
  if (!runner || !startedAt) return null
  const seconds = Math.max(0, now.getTime() - Date.parse(startedAt)) / 1000
  return costOf({ ...runner, seconds, segments: log?.segments ?? 0, bytes: log?.bytes ?? 0 })
}

async function runWithRole(
  { build, grants, log, runner }: DeployingJob,
  { name, role, run }: DeployPlan,
): Promise<Pick<Deploy, 'exit' | 'reason'>> {
  try {
    const roleArn = role ?? grants.deployRole
    if (roleArn === null) {
      await log.writeLine('The deploy has no AWS credentials: the account names no role for it')
      return await run({})
    }
    const credentials = await assumeRole(log, {
      roleArn,
      subject: 'The deploy',
      sessionName: `lambci-${name}-${build.number}`,
      credentials: grants.credentials,
      region: runner.region,
    })
    return await run(credentials)
  } catch (error) {
    return { exit: null, reason: await logError(error as Error, log) }
  }
}
