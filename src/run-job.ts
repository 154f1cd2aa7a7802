import { readSecretVariables } from './account/secrets.ts'
import { type Admission, type Order, secretsIn } from './admission/admission.ts'
import { CancelWatch } from './build/cancel-wish.ts'
import { type Closing, closeAfterDeploy, closed, describeClosing } from './build/closing.ts'
import { costOf } from './build/cost.ts'
import { Course } from './build/course.ts'
import type { Exit } from './build/exit.ts'
import { buildKeys, cachePrefix } from './build/layout.ts'
import { describeDuration } from './build/outcome.ts'
import { succeeded } from './build/result.ts'
import type { Store } from './build/store.ts'
import type { Host } from './command/host.ts'
import { reasonOfStep, runStep } from './command/run-step.ts'
import type { Resolved } from './config/resolve.ts'
import { resolveCommit } from './config/resolve-commit.ts'
import { takeRole } from './deploy/assume-role.ts'
import { type DeployOutcome, deployStage, type Hands } from './deploy/deploy-stage.ts'
import { type Job, repositoryOf } from './job/job.ts'
import { BuildLog } from './log/build-log.ts'
import { sayFault } from './log/fault.ts'
import { createSink } from './log/sink.ts'
import { describePlan } from './plan/describe.ts'
import { planBuild, type Step } from './plan/plan.ts'
import { recordOf } from './plan/record.ts'
import { Caches } from './workspace/caches.ts'
import { killLeftBehind } from './workspace/left-behind.ts'
import { cleanSandbox, openSandbox, type Sandbox } from './workspace/sandbox.ts'

type Work = {
  job: Job
  admission: Admission
  store: Store
  course: Course
  log: BuildLog
  host: Host
  cancelling: CancelWatch
}

type Scene = {
  sandbox: Sandbox
  caches: Caches
  resolved: Resolved
  secrets: Record<string, string>
  credentials?: Record<string, string>
}

/**
 * Story two. A job is claimed, its commit fetched, its configuration read, and its command run; then, after green, its
 * stage deployed. However it goes, the log ends with a sentence and the record with a result; only a process that dies
 * leaves that to report.
 */
export async function runJob(order: Order, host: Host): Promise<void> {
  const { job, admission } = order
  const store = host.openStore(admission)
  const cancelling = new CancelWatch(store, job)
  const stop = new AbortController()
  // Beside the claim: hardly any job is claimed by another, and fetching takes longer.
  const setting = setScene(order, host, store, AbortSignal.any([stop.signal, cancelling.signal]))
  setting.catch(() => {})
  try {
    const course = await Course.claim(store, job, host.runner, host.now())
    if (course) await runClaimed({ ...order, store, course, host, cancelling }, setting)
  } finally {
    stop.abort()
    cancelling.end()
    await setting.catch(() => {})
  }
}

async function runClaimed(claimed: Omit<Work, 'log'>, setting: Promise<Scene>): Promise<void> {
  const { job, admission, store, course, host, cancelling } = claimed
  const secrets = [...secretsIn(admission), ...host.secrets]
  const log = new BuildLog(createSink(store, buildKeys(job).log), secrets, host.logLimit)
  const work = { ...claimed, log }
  const closing = await build(work, setting).catch(error =>
    cancelling.wish ? cancelled(work) : errored(error, log),
  )
  const took = describeDuration(host.now().getTime() - Date.parse(course.run.startedAt ?? ''))
  await log.say(describeClosing(closing, took))
  const written = await course.time('log', () => log.end())
  await course.record({ ...closing, phase: 'ended', log: written, endedAt: host.now().toISOString() })
  if (closing.result === 'passed') await (await setting).caches.save()
  // After the record: emptying may take longer than this invocation has left, and the next build does it anyway.
  await cleanSandbox(host.sandbox, host.isAlone, Object.values(host.kept)).catch(error =>
    host.giveUp(log.redact(String(error))),
  )
}

/** A clean sandbox with the commit in it, and what its configuration comes to. */
async function setScene(
  { job, admission }: Order,
  host: Host,
  store: Store,
  signal: AbortSignal,
): Promise<Scene> {
  const { path, deadline } = host
  const reading = readSecretVariables(store, admission.secretVariables)
  reading.catch(() => {})
  host.kept.trees.retain(cachePrefix(job.project, job.trust))
  const sandbox = await openSandbox(host.sandbox, host.isAlone, Object.values(host.kept))
  const resolved = await resolveCommit(job, {
    ...{ githubUrl: host.githubUrl, mirrors: host.kept.mirrors, deadline, signal },
    directory: sandbox.workspace,
    token: admission.cloneToken,
    access: { home: sandbox.home, path, network: host.network },
  })
  const { build, inheritSecrets, cache } = resolved.config
  const caches = new Caches({ store, job, sandbox, path, deadline, signal, trees: host.kept.trees }, cache)
  return { sandbox, resolved, caches, secrets: build && inheritSecrets ? await reading : {} }
}

async function build(work: Work, setting: Promise<Scene>): Promise<Closing> {
  const { job, course, log } = work
  const commit = job.commit.slice(0, 10)
  await log.say(`Build #${job.number} of ${repositoryOf(job.project)}, ${job.trigger}, commit ${commit}`)
  await log.say(`Fetching ${commit} (${job.checkoutBranch}) from ${repositoryOf(job.project)}`)
  const scene = await course.time('fetch', () => setting)
  const { resolved, secrets } = scene
  const plan = planBuild(job, resolved)
  // Before anything of the configuration is shown: a secret may stand in it, too.
  await log.hide(Object.values(secrets))
  for (const line of describePlan(plan, resolved).split('\n')) await log.say(line)
  if (!plan.build) return closed('skipped', { reason: log.redact(plan.reason) })

  const command = plan.steps.find(({ name }) => name === 'command')
  const deploy = plan.steps.find(({ name }) => name === 'deploy')
  await course.time('cache', () => scene.caches.restore(log.voice.say))
  course.tell(recordOf(plan, resolved, log.voice.redact))
  await work.cancelling.looked
  if (plan.endsForNewer) work.cancelling.heedNewer()
  if (work.cancelling.wish) return cancelled(work)
  const exit = command ? await run(work, scene, command) : null
  if (work.cancelling.wish) return { ...cancelled(work), exit }
  if (command && exit && !succeeded(exit))
    return closed('failed', { exit, reason: reasonOfStep(command, exit, log.voice) })
  // A deploy that is cut off leaves nobody knows what.
  work.cancelling.end()
  if (!plan.stage) return closed('passed', { exit })
  const hands = handsOf(work, exit, () => deployOnce(work, scene, deploy, plan.stage?.role ?? null))
  return closeAfterDeploy(job, exit, await deployStage(job, plan.stage, hands))
}

const errored = async (error: Error, log: BuildLog): Promise<Closing> =>
  closed('errored', { reason: await sayFault(error, log) })
const cancelled = ({ cancelling, log }: Work): Closing =>
  closed('cancelled', { reason: log.redact(cancelling.wish?.why ?? '') })

/** Runs one step where the commit lies; its output is the log's, and nothing of it goes on after its end. */
async function run(
  { job, admission, course, log, host, cancelling }: Work,
  scene: Scene,
  step: Step,
): Promise<Exit> {
  const { sandbox, resolved, secrets, credentials = {} } = scene
  const { runner, path, deadline } = host
  const { region, requestId } = runner
  const place = {
    ...{ job, config: resolved.config, secrets, credentials, deadline },
    buildUrl: admission.buildUrl,
    surroundings: { home: sandbox.home, temp: sandbox.temp, path, region, requestId },
    directory: sandbox.workspace,
    signal: cancelling.signal,
  }
  const exit = await course.time(step.name, () => runStep(step, place, log.voice))
  await killLeftBehind(sandbox.directory, host.isAlone)
  return exit
}

function handsOf({ store, course, log, host }: Work, exit: Exit | null, run: Hands['run']): Hands {
  const { deadline, now } = host
  return {
    ...{ store, deadline, now, run, ...log.voice },
    cost: () => costOf(course.run, now().toISOString()),
    begin: deploy => course.record({ phase: 'deploying', result: 'passed', exit, deploy }),
  }
}

/** Runs the deploy command, as the role that the account gives to the stage. */
async function deployOnce(
  work: Work,
  scene: Scene,
  step: Step | undefined,
  role: string | null,
): Promise<DeployOutcome> {
  const { job, admission, log, host } = work
  try {
    if (!step) throw new Error('The plan has no deploy')
    const credentials = await takeRole(log, {
      roleArn: role ?? admission.deployRole,
      sessionName: `lambci-${step.stage}-${job.number}`,
      credentials: admission.credentials,
      region: host.runner.region,
    })
    const exit = await run(work, { ...scene, credentials }, step)
    return { exit, reason: reasonOfStep(step, exit, log.voice) }
  } catch (error) {
    return { exit: null, reason: await sayFault(error as Error, log) }
  }
}
