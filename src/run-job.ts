import { readSecretVariables } from './account/secrets.ts'
import { type JobGrants, type JobMessage, secretsIn, stageIn } from './admission/grants.ts'
import { useGrants } from './admission/use-grants.ts'
import { Caches } from './cache/caches.ts'
import type { WarmCache } from './cache/warm-cache.ts'
import type { PlannedStep, RunOptions } from './command/run-in-workspace.ts'
import type { StepEnd } from './command/run-step.ts'
import { BuildLog, type LogOptions } from './log/build-log.ts'
import { logError } from './log/log-error.ts'
import { PendingLines } from './log/pending-lines.ts'
import { createSink } from './log/sink.ts'
import type { Exit } from './model/exit.ts'
import { titleOf } from './model/job.ts'
import type { Assignment } from './planning/assignment.ts'
import type { Plan } from './planning/plan.ts'
import type { DeployStep } from './planning/planned-job.ts'
import { cachesOf } from './records/cache-keys.ts'
import { CancelWatch } from './records/cancel-watch.ts'
import type { Runner } from './records/job-run.ts'
import { jobKeys } from './records/keys.ts'
import { describeRunEnd, type RunEnd, runEnd } from './records/run-end.ts'
import { RunRecorder } from './records/run-recorder.ts'
import type { Store } from './records/store.ts'
import { leaveResults } from './results/leave-results.ts'
import { momentOnDisk } from './results/moment-on-disk.ts'
import { type Checkout, checkOut } from './workspace/check-out.ts'
import type { Mirrors } from './workspace/mirrors.ts'
import { cleanSandbox } from './workspace/sandbox.ts'

/** The host's inputs for running a job. */
export type JobContext = {
  openStore: (grants: JobGrants) => Store
  /** The directory in which everything happens. Its contents are removed before each job. */
  sandbox: string
  /** Whether every process on this machine belongs to the job. Orphan processes are then found by their age. */
  ownsMachine: boolean
  /** The parts of the sandbox kept for the next job: mirrors of repositories, and the last job's caches. */
  persistent: { mirrors: Mirrors; warmCache: WarmCache }
  githubUrl: string
  /** When all commands must have ended, in ms since 1970. The time after it is for the log and the record. */
  deadline: number
  runner: Runner
  /** The system's PATH. */
  path: string
  /** Proxy and certificate variables for git. */
  network: Record<string, string>
  /** Secrets of the process itself, which no log may show. */
  secrets: readonly string[]
  logOptions: LogOptions
  cancelPollMs: number
  killGraceMs: number
  /** The unit of the pauses between attempts to fetch. */
  fetchRetryMs: number
  /** Ends this process and everything in it. */
  terminate: (reason: string) => void
  now: () => Date
}

/** A job that this invocation has claimed. */
type ClaimedJob = JobContext &
  JobMessage & {
    store: Store
    recorder: RunRecorder
    log: BuildLog
    /** The log lines of the fetch, which began before there was a log. */
    fetchLines: PendingLines
    cancel: CancelWatch
    /** Aborted when the job is cancelled. */
    signal: AbortSignal
    secretVariables: Promise<Record<string, string>>
  }

type Workspace = Checkout & {
  plan: Plan
  assignment: Assignment
  caches: Caches
  secrets: Record<string, string>
}

/**
 * The second story. A job is claimed, its commit fetched, its configuration resolved, and its command run. However it ends, the log ends
 * with a sentence and the record with a conclusion. Report concludes the build only if this process dies.
 */
export async function runJob(message: JobMessage, context: JobContext): Promise<void> {
  const { build, grants } = message
  const stop = new AbortController()
  const { signal } = stop
  const { promise: fetching, resolve: onFetch } = Promise.withResolvers<void>()
  // Starts before the claim succeeds: it nearly always does, and fetching takes longer.
  const fetchLines = new PendingLines()
  context.persistent.warmCache.retain(cachesOf(build, stageIn(message)))
  const checkout = {
    ...context,
    kept: Object.values(context.persistent),
    mirrors: context.persistent.mirrors,
  }
  const watch = { signal, onFetch, onRetry: fetchLines.write }
  const checkingOut = checkOut(build, grants.cloneToken, checkout, watch)
  // Everything else, loading of modules included, is done while git waits for its server.
  await Promise.race([fetching, checkingOut]).catch(() => {})
  const store = context.openStore(grants)
  const cancel = new CancelWatch(store, build, stop, context.cancelPollMs)
  const secretVariables = readSecretVariables(store, grants.secretVariables)
  secretVariables.catch(() => {})
  try {
    const recorder = await RunRecorder.claim(store, build, message.job, {
      runner: context.runner,
      now: context.now(),
    })
    if (!recorder) return
    const secrets = [...secretsIn(grants), ...context.secrets]
    const log = new BuildLog(createSink(store, jobKeys(build, message.job).log), secrets, context.logOptions)
    const job = { ...context, ...message, store, recorder, log, fetchLines, cancel, signal, secretVariables }
    await runClaimed(job, checkingOut)
  } finally {
    stop.abort()
    cancel.stop()
    await checkingOut.catch(() => {})
  }
}

async function runClaimed(job: ClaimedJob, checkingOut: Promise<Checkout>): Promise<void> {
  const { recorder, log, cancel, now } = job
  Promise.all([planning(), commands()]).catch(() => {})
  const preparing = prepare(job, checkingOut)
  const end = await runBuild(job, preparing).catch(async error => {
    // An error in the configuration quotes it, even before its possible secrets are used.
    await log.addSecrets(Object.values(await job.secretVariables.catch(() => ({}))))
    return cancel.request ? cancelled(job) : runEnd('errored', { reason: await logError(error, log) })
  })
  await log.writeLine(describeRunEnd(end, now().getTime() - Date.parse(recorder.run.startedAt ?? '')))
  const written = await recorder.time('log', () => log.end())
  await recorder.record({ ...end, phase: 'ended', ...written, endedAt: now().toISOString() })
  const workspace = await preparing.catch(() => null)
  if (end.conclusion === 'passed') await workspace?.caches.save()
  // After the end is recorded: cleaning may take longer than this invocation has left, and the next job does it anyway.
  await cleanSandbox(job.sandbox, job.ownsMachine, Object.values(job.persistent)).catch(error =>
    job.terminate(log.redact(String(error))),
  )
  // The memory of a process keeps its secrets.
  if (workspace?.assignment.endsProcess) job.terminate('The next job is not to see the secrets of this one')
}

/** Completes a checkout with the job's objects in the bucket. */
async function prepare(job: ClaimedJob, checkingOut: Promise<Checkout>): Promise<Workspace> {
  const { store, build, path, deadline, signal, persistent, log } = job
  const { sandbox, resolved } = await checkingOut
  const { build: isBuilt, inheritSecrets } = resolved.config
  const { planForJob, assign, cachesIn } = await planning()
  const plan = await planForJob(job, resolved)
  const secrets = isBuilt && inheritSecrets ? await job.secretVariables : {}
  const assignment = plan.build ? assign(plan, job, Object.keys(secrets)) : NOTHING
  const { warmCache } = persistent
  const redact = (text: string) => log.redact(text)
  const context = { store, build, stage: stageIn(job), sandbox, path, deadline, signal, warmCache, redact }
  const caches = await Caches.open(context, cachesIn(assignment))
  return { sandbox, resolved, plan, assignment, caches, secrets }
}

async function runBuild(job: ClaimedJob, preparing: Promise<Workspace>): Promise<RunEnd> {
  const { build, recorder, log, cancel } = job
  await using output = (await commands()).prepareOutput()
  const [repository, commit] = [build.repository, build.commit.slice(0, 10)]
  await log.writeLine(`Build #${build.number} of ${repository}, ${build.trigger}, commit ${commit}`)
  await log.writeLine(`Fetching ${commit} (${build.checkoutBranch}) from ${repository}`)
  await job.fetchLines.passTo(line => log.writeLine(line))
  const workspace = await recorder.time('fetch', () => preparing)
  const { resolved, plan, assignment, secrets, caches } = workspace
  // Before anything of the configuration is logged: it may contain a secret.
  await log.addSecrets(Object.values(secrets))
  const { describePlan, recordOf } = await planning()
  const { identity, needs } = job.job
  const description = identity
    ? `Job        ${titleOf(identity)}`
    : describePlan(plan, resolved, Object.keys(secrets))
  await log.beginPhase('setup')
  for (const line of description.split('\n')) await log.writeLine(line)
  if (!plan.build) return runEnd('skipped', { reason: log.redact(plan.reason) })
  await recorder.time('cache', () => caches.restore(line => log.writeLine(line)))
  const record = recordOf(plan, resolved, text => log.redact(text))
  const { draft, job: own, deploy: deployed } = assignment
  // Report starts the other jobs as soon as it has the draft.
  if (draft) await recorder.record({ ...record, draft })
  else recorder.recordSoon(record)
  await cancel.firstPoll
  if (plan.cancelSuperseded && !deployed) cancel.allowSupersede()
  if (cancel.request) return cancelled(job)
  if (!own && !deployed) return runEnd('passed', { reason: draft ? null : 'No job applies' })
  const artifacts = artifactContext(job, workspace)
  if (needs.length > 0 || deployed?.artifacts.length) {
    const { takeArtifacts } = await exchange()
    await recorder.time('artifacts', () => takeArtifacts(artifacts, build, { plan, assignment, needs }))
  }
  if (!own) return deploy(job, workspace, deployed)
  const options = { signal: job.signal, output, ...(await useGrants(job, own)) }
  const since = own.tests && momentOnDisk(workspace.sandbox.directory)
  const ended = await run(job, workspace, { name: 'command', of: own }, options)
  if (cancel.request) return cancelled(job, ended.exit)
  const results = { ...artifacts, recorder, redact: (text: string) => log.redact(text) }
  return leaveResults(results, { ...build, job: job.job }, own, { ...ended, since })
}

async function deploy(job: ClaimedJob, workspace: Workspace, of: DeployStep | null): Promise<RunEnd> {
  if (job.cancel.request) return cancelled(job)
  if (!of) throw new Error('The plan has no deploy')
  // Nothing may cancel it from here on: an interrupted deploy leaves its stage in an unknown state.
  job.cancel.stop()
  // Loaded on demand, because most jobs deploy nothing.
  const { runDeploy } = await import('./deploy/run-deploy.ts')
  const { stage, artifacts } = of
  return runDeploy(job, { stage, hasArtifacts: artifacts.length > 0 }, credentials =>
    run(job, workspace, { name: 'deploy', of }, { credentials }),
  )
}

/** Loaded while git waits for its server, the last one only for jobs that get artifacts. */
const commands = () => import('./command/commands.ts')
const planning = () => import('./planning/planning.ts')
const exchange = () => import('./results/exchange-artifacts.ts')

/** The assignment for a build that is skipped. */
const NOTHING: Assignment = { draft: null, job: null, deploy: null }

const cancelled = ({ cancel, log }: ClaimedJob, exit: Exit | null = null) =>
  runEnd('cancelled', { exit, reason: log.redact(cancel.request?.why ?? '') })

/** Runs a step of the plan. Jobs see the secrets that they name. */
async function run(
  job: ClaimedJob,
  { sandbox, resolved: { config, merge }, secrets, assignment }: Workspace,
  step: PlannedStep,
  options?: RunOptions,
): Promise<StepEnd> {
  const { grants, killGraceMs: graceMs, recorder } = job
  const names = step.name === 'command' ? assignment.job?.secrets : null
  const seen = names
    ? Object.entries(secrets).filter(([name]) => names.includes(name))
    : Object.entries(secrets)
  const workspace = { sandbox, config, mergeCommit: merge?.commit, secrets: Object.fromEntries(seen) }
  const stepJob = { ...job, buildUrl: grants.buildUrl, graceMs }
  const { runInWorkspace } = await commands()
  return recorder.time(step.name, () => runInWorkspace(stepJob, workspace, step, options))
}

const artifactContext = ({ store, path, deadline, signal, log }: ClaimedJob, { sandbox }: Workspace) => ({
  ...{ store, sandbox, path, deadline, signal, logLine: (line: string) => log.writeLine(line) },
})
