import { readSecretVariables } from './account/secrets.ts'
import type { Admission, Order } from './admission/admission.ts'
import { CancelWatch } from './build/cancel-wish.ts'
import { type Closing, closed, describeClosing } from './build/closing.ts'
import { Course } from './build/course.ts'
import type { Exit } from './build/exit.ts'
import { buildKeys } from './build/layout.ts'
import { describeDuration, nameOfCommand, reasonOfExit } from './build/outcome.ts'
import { succeeded } from './build/result.ts'
import type { Deploy, Runner } from './build/run-record.ts'
import type { Store } from './build/store.ts'
import { runCommand } from './command/run-command.ts'
import type { Resolved } from './config/resolve.ts'
import { resolveCommit, type Source } from './config/resolve-commit.ts'
import { type Job, repositoryOf } from './job/job.ts'
import { BuildLog } from './log/build-log.ts'
import { createSink } from './log/sink.ts'
import { describePlan } from './plan/describe.ts'
import { commandEnvironment } from './plan/environment.ts'
import { planBuild, type Step } from './plan/plan.ts'
import { Problem } from './problem.ts'
import { cleanSandbox, openSandbox, type Sandbox } from './workspace/sandbox.ts'

/** What running needs from its host. */
export type Host = {
  openStore: (admission: Admission) => Store
  /** The directory in which everything happens; whatever is in it goes. */
  sandbox: string
  githubUrl: string
  /** By then all commands must have ended, so that there is time left to say so; milliseconds since 1970. */
  deadline: number
  runner: Runner
  path: string
  /** Proxy and certificate variables for git. */
  network: Record<string, string>
  /** What the process itself holds and no log may show. */
  secrets: readonly string[]
  /** Bytes of a log that are kept. */
  logLimit: number
  now: () => Date
}

type Work = {
  job: Job
  admission: Admission
  store: Store
  course: Course
  log: BuildLog
  host: Host
  cancelling: CancelWatch
}

/** A build that nobody wants any more ends within seconds. */
const CANCEL_LOOK_MS = 3000
type Scene = { sandbox: Sandbox; resolved: Resolved; secrets: Record<string, string> }

/**
 * Story two. A job is claimed, its commit fetched, its configuration read, and its command run; then, after green, its
 * stage deployed. However it goes, the log ends with a sentence and the record with a result; only a process that dies
 * leaves that to report.
 */
export async function runJob({ job, admission }: Order, host: Host): Promise<void> {
  const store = host.openStore(admission)
  const course = await Course.claim(store, job, host.runner, host.now())
  if (!course) return
  const secrets = [
    admission.cloneToken ?? '',
    admission.credentials?.secretAccessKey ?? '',
    admission.credentials?.sessionToken ?? '',
    ...host.secrets,
  ]
  const log = new BuildLog(createSink(store, buildKeys(job).log), secrets, host.logLimit)
  const cancelling = new CancelWatch(store, job, CANCEL_LOOK_MS)
  const work = { job, admission, store, course, log, host, cancelling }
  const closing = await build(work).catch(error =>
    cancelling.wish ? cancelled(work) : describeFault(error, log),
  )
  cancelling.end()
  const took = describeDuration(host.now().getTime() - Date.parse(course.run.startedAt ?? ''))
  await log.say(describeClosing(closing, took))
  const written = await course.time('log', () => log.end())
  await course.record({ ...closing, phase: 'ended', log: written, endedAt: host.now().toISOString() })
  // After the record: emptying may take longer than this invocation has left, and the next build does it anyway.
  await cleanSandbox(host.sandbox).catch(error => console.error(log.redact(String(error))))
}

async function build(work: Work): Promise<Closing> {
  const { job, course, log, host } = work
  await log.say(
    `Build #${job.number} of ${repositoryOf(job.project)}, ${job.trigger}, commit ${job.commit.slice(0, 10)}`,
  )
  const sandbox = await openSandbox(host.sandbox)
  await log.say(
    `Fetching ${job.commit.slice(0, 10)} (${job.checkoutBranch}) from ${repositoryOf(job.project)}`,
  )
  const source: Source = {
    githubUrl: host.githubUrl,
    directory: sandbox.workspace,
    token: work.admission.cloneToken,
    access: { home: sandbox.home, path: host.path, network: host.network },
    deadline: host.deadline,
    signal: work.cancelling.signal,
  }
  const resolved = await course.time('fetch', () => resolveCommit(job, source))
  const plan = planBuild(job, resolved)
  // Before anything of the configuration is shown: a secret may stand in it, too.
  const secrets = plan.build ? await readSecrets(work, resolved) : {}
  for (const line of describePlan(plan, resolved).split('\n')) await log.say(line)
  if (!plan.build) return closed('skipped', { reason: shortened(log.redact(plan.reason)) })

  const [command, deploy] = plan.steps
  if (!command) throw new Error('The plan has no command')
  const { on, sns, slack } = resolved.config.notifications
  const cmd = log.redact(command.command).slice(0, 2000)
  await course.record({
    phase: 'running',
    plan: { build: true, reason: shortened(log.redact(plan.reason)), cmd, stage: plan.stage?.name ?? null },
    notifications: { on, topicArn: sns.topicArn, slack },
  })
  const scene = { sandbox, resolved, secrets }
  await work.cancelling.looked
  if (work.cancelling.wish) return cancelled(work)
  const exit = await runStep(work, scene, command)
  if (work.cancelling.wish) return { ...cancelled(work), exit }
  if (!succeeded(exit)) return closed('failed', { exit, reason: reasonOf(command, exit, log) })
  // A deploy that is cut off leaves nobody knows what.
  work.cancelling.end()
  return closed('passed', { exit, deploy: deploy ? await deployStage(work, scene, deploy, exit) : null })
}

const cancelled = ({ cancelling, log }: Work): Closing =>
  closed('cancelled', { reason: shortened(log.redact(cancelling.wish?.why ?? '')) })
const shortened = (text: string) => text.slice(0, 500)
const reasonOf = (step: Step, exit: Exit, log: BuildLog) => reasonOfExit(log.redact(step.command), exit) ?? ''

/** A problem is the user's to solve and reads as prose; anything else is a fault of ours. */
async function describeFault(error: Error, log: BuildLog): Promise<Closing> {
  const isProblem = error instanceof Problem
  if (!isProblem) console.error(log.redact(error.stack ?? String(error)))
  const lines = (isProblem ? error.message : `A fault in the runner: ${error.message}`).split('\n')
  for (const line of lines) await log.say(line)
  return closed('errored', { reason: shortened(log.redact(lines[0] ?? '')) })
}

async function readSecrets(
  { admission, store, log }: Work,
  { config }: Resolved,
): Promise<Record<string, string>> {
  if (!config.inheritSecrets) return {}
  const secrets = await readSecretVariables(store, admission.secretVariables)
  await log.hide(Object.values(secrets))
  return secrets
}

/** Runs one command; its output is the log's. */
async function runStep(
  { job, admission, course, log, host, cancelling }: Work,
  scene: Scene,
  step: Step,
): Promise<Exit> {
  const { sandbox, resolved, secrets } = scene
  const { region, requestId } = host.runner
  const surroundings = { home: sandbox.home, temp: sandbox.temp, path: host.path, region, requestId }
  const { buildUrl } = admission
  const env = commandEnvironment({ job, config: resolved.config, step, buildUrl, surroundings, secrets })
  const limit =
    step.timeoutSeconds === null
      ? Number.POSITIVE_INFINITY
      : host.now().getTime() + step.timeoutSeconds * 1000
  await log.say(`$ ${step.command}`)
  const { exit } = await course.time(step.name, () =>
    runCommand({
      command: step.command,
      cwd: sandbox.workspace,
      env,
      deadline: Math.min(limit, host.deadline),
      ...(step.stage === null && { signal: cancelling.signal }),
      onOutput: bytes => log.write(bytes),
    }),
  )
  await log.say(
    succeeded(exit)
      ? `${nameOfCommand(log.redact(step.command))} ended with exit code 0`
      : reasonOf(step, exit, log),
  )
  return exit
}

/** The deploy of a green build; whatever goes wrong in it, the tests' result stays. */
async function deployStage(work: Work, scene: Scene, step: Step, exit: Exit): Promise<Deploy> {
  const deploy: Deploy = { stage: step.stage ?? '', status: 'running', reason: null, exit: null }
  await work.course.record({ phase: 'deploying', result: 'passed', exit, deploy })
  await work.log.say(`Deploying to ${deploy.stage}`)
  const outcome = await runStep(work, scene, step).catch(error => describeFault(error, work.log))
  if ('result' in outcome) return { ...deploy, status: 'failed', reason: outcome.reason }
  if (succeeded(outcome)) return { ...deploy, status: 'succeeded', exit: outcome }
  return { ...deploy, status: 'failed', exit: outcome, reason: reasonOf(step, outcome, work.log) }
}
