import { isDeepStrictEqual } from 'node:util'
import type { RunnerSecrets } from './account/secrets.ts'
import { parseAccount } from './account/settings.ts'
import type { StartContext } from './admission/start-job.ts'
import { tail } from './log/reader.ts'
import type { Build } from './model/build.ts'
import { hasEnded } from './model/conclusion.ts'
import { type Compare, isNewer } from './model/newer.ts'
import { announceAll } from './notifiers/announce-all.ts'
import type { BuildNews, Notifier } from './notifiers/notifier.ts'
import { notifyAll } from './notifiers/notify-all.ts'
import { updateSummary } from './records/branch-summary.ts'
import { readOnce } from './records/kept-reads.ts'
import { type BuildRef, buildKeys, jobKeys } from './records/keys.ts'
import { HOLD_SECONDS } from './records/lease.ts'
import { buildUrl } from './records/links.ts'
import { readPlan } from './records/plan-record.ts'
import { type JobObjects, readBuild, readFailed, readLead, wholeLogIn } from './records/read-records.ts'
import { viewOf } from './records/view.ts'
import { isRed, redJobOf } from './records/wording.ts'
import { attempt } from './reporting/attempt.ts'
import type { BuildState } from './reporting/build-state.ts'
import { completeLogs, takesLong } from './reporting/complete-logs.ts'
import { countBuild } from './reporting/count-build.ts'
import { type Finished, recordFirst } from './reporting/finished.ts'
import { isForged } from './reporting/is-forged.ts'
import { leaveStages } from './reporting/leave-stages.ts'
import { lookAfterLease, lookAgain, type Unfinished } from './reporting/look-again.ts'
import type { JobsLook } from './reporting/look-at-jobs.ts'
import { lastMomentOf, lookAtLead } from './reporting/look-at-lead.ts'
import { measureCost, type RunFunctions } from './reporting/measure-cost.ts'
import { mustLookAt } from './reporting/must-look-at.ts'
import { isOnlyKnownHere } from './reporting/only-known-here.ts'
import { recordClaim } from './reporting/record-claim.ts'
import { withFlakiness } from './reporting/remember-tests.ts'
import type { ReportTrigger } from './reporting/report-trigger.ts'
import { waitingBuilds } from './reporting/waiting-builds.ts'
import { withReport } from './reporting/with-report.ts'

/** The host's inputs for reporting. */
export type ReportContext = Omit<StartContext, 'linkKey'> & {
  compare: Compare
  secrets: () => Promise<RunnerSecrets>
  notifiers: readonly Notifier[]
  runFunctions: RunFunctions
  /** Invokes report once more, for one build. */
  invokeReport: (build: BuildRef) => Promise<void>
  /** The id of this invocation; Lambda's retries have the same one. */
  requestId: string
  now: () => Date
}

/** Looks at the builds of an event. A fault in one does not affect the others. @throws the first fault */
export async function reportBuilds(
  triggers: readonly ReportTrigger[],
  context: ReportContext,
): Promise<void> {
  const faults: unknown[] = []
  for (const trigger of triggers) await reportBuild(trigger, context).catch(fault => faults.push(fault))
  if (faults.length > 0) throw faults[0]
}

/**
 * The third story. Regardless of its trigger, report reads the records, concludes what follows from them, and brings people up to date. It
 * repeats that until no other invocation has requested another look; after a minute, it leaves the rest to another one. Triggers may be
 * lost, doubled or reordered.
 * @throws Error if something could not be delivered yet, for the first time: Lambda then tries again
 */
export async function reportBuild(trigger: ReportTrigger, context: ReportContext): Promise<void> {
  // Several builds share a stage: the end of one may end another.
  const { since } = trigger
  const triggers = [trigger]
  const faults: unknown[] = []
  const until = context.now().getTime() + HOLD_SECONDS * 1000
  for (const [index, each] of triggers.entries()) {
    if (each !== trigger && context.now().getTime() > until) {
      await context.invokeReport(each.build).catch(error => faults.push(error))
      continue
    }
    const { others, unfinished, fault } = await reportOne(each, context)
    if (fault !== undefined && since === undefined) faults.push(fault)
    if (unfinished) await lookAgain(each.build, unfinished, since, context).catch(error => faults.push(error))
    const next = others.filter(other => mustLookAt(other, triggers, index))
    triggers.push(...next.map(build => ({ build, failure: null, isGone: false })))
  }
  if (faults.length > 0) throw faults[0]
}

/** Returns the other builds to look at now, whether this one is unfinished, and the fault. */
async function reportOne(
  { build: ref, since, ...knowledge }: ReportTrigger,
  context: ReportContext,
): Promise<{ others: BuildRef[]; unfinished: Unfinished | null; fault?: unknown }> {
  const { store, requestId, now } = context
  // From every look: the last one may find that the one before it left nothing to do.
  const others = new Map<number, BuildRef>()
  let build: Build | null = null
  let unfinished: Unfinished | null = null
  try {
    build = await readOnce(store, buildKeys(ref).build, () => readBuild(store, ref))
    if (!build || (await isForged(build, knowledge.failure, context))) return { others: [], unfinished }
    if (await recordClaim(build, knowledge, context)) return { others: [], unfinished }
    const known = { build, account: parseAccount(build.project, build.settings) }
    const result = await withReport(build, { store, now, holder: requestId }, knowledge, async report => {
      const done = await lookOnce({ ...known, report }, context)
      for (const other of done.others) others.set(other.number, other)
      unfinished = done.unfinished
      return done.report
    })
    if (result === 'unfinished') await context.invokeReport(ref)
    if (result === 'taken') await lookAfterLease(build, { since, isGone: knowledge.isGone }, context)
    return { others: [...others.values()], unfinished }
  } catch (fault) {
    console.error(fault)
    // If a build cannot be read, only the moment of the first fault is known.
    const latestEnd = build?.latestEnd ?? since ?? now().toISOString()
    return { others: [...others.values()], unfinished: { latestEnd, isStanding: true }, fault }
  }
}

/** One look at a build, while no other invocation works on its report. */
async function lookOnce(
  known: Pick<BuildState, 'build' | 'account' | 'report'>,
  context: ReportContext,
): Promise<Finished> {
  const { store } = context
  const { build, report } = known
  const job = await readLead(store, build, report)
  const { run } = job
  const plan = report.jobs.length > 0 ? await readPlan(store, build) : null
  if (report.end === null && (run?.draft || report.jobs.length > 0)) {
    // Loaded on demand, because most builds have one job.
    const { lookAtJobs } = await import('./reporting/look-at-jobs.ts')
    const withKey = { ...context, linkKey: (await context.secrets()).linkKey }
    return finishLook(await lookAtJobs({ ...known, plan, lead: job }, withKey), known, job, context)
  }
  const state = { ...known, run, plan, wholeLog: wholeLogIn(job, build), objects: job.objects }
  const decision = await lookAtLead({ build, lead: job, report }, context)
  // Loaded on demand, because few jobs die.
  const again = decision === 'publish-again' ? await import('./reporting/publish-again.ts') : null
  const published = again && (await again.publishAgain(state, context))
  if (published && 'report' in published) return { ...published, others: [], unfinished: null }
  const end = (decision === 'publish-again' ? published : decision)?.end ?? null
  const cost = report.end ? report.cost : end && measureCost({ build, job, report }, context)
  const decided = { ...report, end, cost, ...(end && !report.end && { leadRecord: job.record }) }
  if (end && !report.end && run?.phase !== 'ended') return recordFirst(decided)
  return finishReport({ ...state, report: decided }, context)
}

/** Completes a look at a build with several jobs. */
async function finishLook(
  { report, plan, end, cost: soFar, waiting, isSilent }: JobsLook,
  { build, account }: Pick<BuildState, 'build' | 'account'>,
  lead: JobObjects,
  context: ReportContext,
): Promise<Finished> {
  const ended = end && { end, cost: soFar, leadRecord: lead.record }
  const found = waiting.map(number => ({ project: build.project, number }))
  if (end && isOnlyKnownHere(report, end)) return recordFirst({ ...report, ...ended }, found)
  const state = {
    build,
    account,
    run: lead.run,
    wholeLog: wholeLogIn(lead, build),
    plan,
    report: { ...report, end, cost: null, ...ended },
  }
  const { others, ...finished } = await finishReport(state, context, isSilent)
  return { ...finished, others: [...others, ...found] }
}

/** Loaded on demand, after people have been notified. */
const junk = () => import('./reporting/remove-junk.ts')

/**
 * Completes the log of a dead job, passes its stage on, updates the branch's summary, and notifies people.
 * @param isSilent whether GitHub must be asked again about the deploy
 */
async function finishReport(state: BuildState, context: ReportContext, isSilent = false): Promise<Finished> {
  const { build, account, report, run } = state
  const { store, notifiers, deadMansSwitch } = context
  if (report.isClosed) {
    const others = await Promise.all([waitingBuilds(state, context), leaveStages(state, context)])
    await (await junk()).removeLateJunk(state, context)
    return { report, others: others.flat(), unfinished: null }
  }
  const news = await newsOf(state, context)
  const notifications = account.notifications(build, run?.notifications)
  const [stage, notified, summary, counted] = await Promise.all([
    attempt(() => leaveStages(state, context)),
    notifyAll(build.repeats ? [] : notifiers, news, notifications, report.delivered),
    attempt(news.summary),
    attempt(() =>
      countBuild(state, {
        store,
        announce: (...given) => announceAll(notifiers, account.notifications(build, null), ...given),
      }),
    ),
  ])
  // People are notified first, and that is recorded, so that no log of a job can prevent it.
  const isNews = !notified.again && !isDeepStrictEqual(notified.delivered, report.delivered)
  const isLater = isNews && takesLong(state)
  const logs = await attempt(
    async () => !report.end || (!isLater && (await completeLogs({ ...state, view: news.view }, store))),
  )
  const hasFailed = isSilent || [stage, summary, counted, logs].some(each => 'error' in each)
  const again = hasFailed || notified.again
  const isMore = 'value' in logs && !logs.value
  const isClosed = news.isOver && !again && !isMore
  // If something could not be delivered, the switch triggers another attempt.
  if (isClosed) await deadMansSwitch.clear(build)
  const left = isClosed ? await attempt(async () => (await junk()).removeJunkAtEnd(state, context)) : null
  const done = {
    ...report,
    delivered: notified.delivered,
    flakiness: news.view.failure?.flakiness ?? null,
    isCounted: 'value' in counted && counted.value,
    isClosed,
    hasLeftJunk: left && 'value' in left ? left.value : report.hasLeftJunk,
    isRerunRequested: isMore || report.isRerunRequested,
  }
  const unfinished = again
    ? { latestEnd: lastMomentOf(state), isStanding: hasFailed || notified.isStanding }
    : null
  return { report: done, others: 'value' in stage ? stage.value : [], unfinished }
}

async function newsOf(state: BuildState, { store, secrets, compare }: ReportContext): Promise<BuildNews> {
  const { build, account, report, plan } = state
  const failed = plan && (await readFailed(store, build, { plan, report }))
  const view = await withFlakiness({ ...state, view: viewOf({ ...state, failed }) }, store)
  const isEnd = report.end !== null && hasEnded(view.status)
  const summary = isEnd ? updateSummary(store, view, each => isNewer(build, each, compare)) : null
  summary?.catch(() => {})
  return {
    view,
    url: buildUrl(build, (await secrets()).linkKey),
    isOver: isEnd,
    isGone: report.isGone,
    isUnstarted: state.run === null && report.publications === 0,
    mayHaveStage: stage => account.explainWrongStage(build.branch, stage) === null,
    summary: async () => summary,
    tail: async () =>
      isEnd && isRed(view) ? (await tail(store, jobKeys(build, redJobOf(view)).log)).split('\n') : [],
  }
}
