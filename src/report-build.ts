import type { RunnerSecrets } from './account/secrets.ts'
import { type Account, parseAccount } from './account/settings.ts'
import { latestEndAfter } from './admission/deadlines.ts'
import { type StartContext, startJob } from './admission/start-job.ts'
import { startNextDeploy } from './deploy/next-deploy.ts'
import { recordedDeploy, updateWaitingDeploy } from './deploy/waiting-deploy.ts'
import { tail } from './log/reader.ts'
import type { Build } from './model/build.ts'
import { hasEnded } from './model/conclusion.ts'
import { type Compare, isNewer } from './model/newer.ts'
import type { BuildNews, Notifier } from './notifiers/notifier.ts'
import { notifyAll } from './notifiers/notify-all.ts'
import { type Summary, updateSummary } from './records/branch-summary.ts'
import { readCancelRequest } from './records/cancel-request.ts'
import { costOf } from './records/cost.ts'
import type { JobRun } from './records/job-run.ts'
import { type BuildRef, buildKeys } from './records/keys.ts'
import { buildUrl } from './records/links.ts'
import { readBuild, readJobRun } from './records/read-records.ts'
import type { BuildEnd, Report } from './records/report-record.ts'
import { endAfterDeploy } from './records/run-end.ts'
import { viewOf } from './records/view.ts'
import { isRed } from './records/wording.ts'
import { finishDeadLog } from './reporting/dead-log.ts'
import { decide } from './reporting/decide.ts'
import { withLease } from './reporting/lease.ts'
import type { ReportTrigger } from './reporting/report-trigger.ts'

/** What reporting needs from its host. */
export type ReportContext = Omit<StartContext, 'linkKey'> & {
  compare: Compare
  secrets: () => Promise<RunnerSecrets>
  notifiers: readonly Notifier[]
  /** The id of this invocation; a retry by Lambda has the same one. */
  requestId: string
  now: () => Date
}

/** A build, with its records and the account's settings as they were when it was admitted. */
type BuildState = { build: Build; account: Account; run: JobRun | null; report: Report }

/**
 * The third story. Whatever triggered it, report reads the records, concludes what follows from them, and brings people up to
 * date. It repeats that until no other invocation has asked for another look. Triggers may be lost, doubled or reordered.
 * @throws Error if something could not be delivered yet: Lambda then tries again
 */
export async function reportBuild(trigger: ReportTrigger, context: ReportContext): Promise<void> {
  // Several builds share a stage: the end of one may end another.
  const triggers = [trigger]
  for (const each of triggers) {
    const known = new Set(triggers.map(({ build }) => build.number))
    const others = (await reportOne(each, context)).filter(({ number }) => !known.has(number))
    triggers.push(...others.map(build => ({ build, failure: null })))
  }
}

/** Returns other builds that must be looked at now. */
async function reportOne(
  { build: ref, failure }: ReportTrigger,
  context: ReportContext,
): Promise<BuildRef[]> {
  const { store, requestId, now } = context
  const build = await readBuild(store, ref)
  if (!build) return []
  const account = parseAccount(build.project, build.settings)
  // Of every look: the last one may find that the one before it has left nothing to do.
  const others = new Map<number, BuildRef>()
  let again = false
  await withLease(ref, { store, now, holder: requestId }, failure, async report => {
    const run = await readJobRun(store, build)
    const request = run ? null : await readCancelRequest(store, build)
    const decision = decide({ build, run, report, request }, now())
    if (decision === 'publish-again') return publishAgain({ build, account, run, report }, context)
    const end = decision && (await concludeDeploy(decision.end, { build, account, run, report }, context))
    const cost = report.end ? report.cost : end && costOf(run, end.endedAt)
    const done = await finishReport({ build, account, run, report: { ...report, end, cost } }, context)
    for (const other of done.others) others.set(other.number, other)
    again = done.again
    return done.report
  })
  if (again)
    throw new Error(
      `Some notifications about ${ref.project} #${ref.number} could not be delivered yet: see its report.json`,
    )
  return [...others.values()]
}

/** Publishes again a job that never started, with new grants and a new latest end. */
async function publishAgain({ build, account, report }: BuildState, context: ReportContext): Promise<Report> {
  const { linkKey } = await context.secrets()
  const latestEnd = latestEndAfter(context.now()).toISOString()
  await context.deadMansSwitch.clear(build)
  await startJob(build, latestEnd, account, { ...context, linkKey })
  return { ...report, publications: report.publications + 1, latestEnd }
}

/** Completes an end with how the deploy ended. A deploy that waited for its stage ends after its build's tests. */
async function concludeDeploy(
  end: BuildEnd,
  { build, run, report }: BuildState,
  { store, now }: ReportContext,
): Promise<BuildEnd> {
  const diedDeploying = run?.phase === 'deploying' && !report.end
  if (end.deploy && diedDeploying) return { ...end, deploy: await recordedDeploy(store, build, end.deploy) }
  if (end.deploy?.status !== 'waiting') return end
  const isOverdue = now() > new Date(report.latestEnd ?? build.latestEnd)
  const deploy = await updateWaitingDeploy(store, build, end.deploy, { now: now(), isOverdue })
  const { conclusion, reason } = endAfterDeploy(build, null, deploy)
  return build.target ? { ...end, deploy, conclusion, reason } : { ...end, deploy }
}

type Finished = { report: Report; others: BuildRef[]; again: boolean }

/** Completes the log of a dead job, starts the next deploy of its stage, updates the branch's summary, and notifies people. */
async function finishReport(state: BuildState, context: ReportContext): Promise<Finished> {
  const { build, report, run } = state
  const { store, notifiers, deadMansSwitch } = context
  if (report.isClosed) return { report, others: [], again: false }
  const news = await newsOf(state, context)
  const isLogComplete = run?.phase === 'ended' && run.log?.complete
  if (report.end && !isLogComplete) await finishDeadLog(build, news.view, store)
  const notifications = state.account.notifications(build, run?.notifications)
  const [stage, notified] = await Promise.all([
    startDeployAfter(state, context),
    notifyAll(notifiers, news, notifications, report.delivered),
    news.summary(),
  ])
  const again = stage.again || notified.again
  const isClosed = news.isOver && !again
  // If something could not be delivered, the switch triggers another attempt.
  if (isClosed) await deadMansSwitch.clear(build)
  return { report: { ...report, delivered: notified.delivered, isClosed }, others: stage.others, again }
}

async function newsOf(state: BuildState, { store, secrets, compare }: ReportContext): Promise<BuildNews> {
  const { build, account, report } = state
  const view = viewOf(state)
  const isEnd = report.end !== null && hasEnded(view.status)
  const isNewerThan = (standing: Summary) => isNewer(build, standing, compare)
  const summary = isEnd ? updateSummary(store, view, isNewerThan) : Promise.resolve(null)
  summary.catch(() => {})
  return {
    view,
    url: buildUrl(build, (await secrets()).linkKey),
    isOver: isEnd,
    mayHaveStage: view.deploy !== null && account.mayHaveStage(build.branch, view.deploy.stage),
    summary: () => summary,
    tail: async () => (isEnd && isRed(view) ? (await tail(store, buildKeys(build).log)).split('\n') : []),
  }
}

/** Once a build has ended, its stage is free: starts the deploy that waits for it. */
async function startDeployAfter({ build, run, report }: BuildState, context: ReportContext) {
  // A build that died may have held its stage before it could record that.
  const stage = report.end?.deploy?.stage ?? (run?.phase === 'ended' ? null : run?.plan?.stage)
  if (!report.end || !stage) return { others: [], again: false }
  try {
    const { linkKey } = await context.secrets()
    return { others: await startNextDeploy(build, stage, { ...context, linkKey }), again: false }
  } catch (error) {
    console.error(error)
    return { others: [], again: true }
  }
}
