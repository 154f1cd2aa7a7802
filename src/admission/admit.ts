import { readAccount } from '../account/settings.ts'
import { describeUnread, leftOutKeys, listAccountKeys } from '../account/unread-objects.ts'
import type { Build, BuildRequest } from '../model/build.ts'
import { hasEnded } from '../model/conclusion.ts'
import { projectNamed } from '../model/names.ts'
import type { Compare } from '../model/newer.ts'
import type { Repetition } from '../model/repetition.ts'
import { trustOf } from '../model/trust.ts'
import { raiseCounter } from '../records/counter.ts'
import { type BuildRef, deliveryOf } from '../records/keys.ts'
import { readRecords } from '../records/read-records.ts'
import { recordBuild } from '../records/trigger-record.ts'
import { type Records, viewOf } from '../records/view.ts'
import { approvalEndOf, latestEndAfter } from './deadlines.ts'
import { DeliveryClaim, MOST_BUILDS } from './delivery-claim.ts'
import type { Identity } from './identify.ts'
import { needsApproval } from './needs-approval.ts'
import { recordBuildGone, recordMovedOnOnce } from './record-gone.ts'
import type { Refusal } from './refusal.ts'
import { replaceWaiting } from './replace-waiting.ts'
import { type AccountShare, type StartContext, startLead } from './start-job.ts'
import { cancelSuperseded } from './supersede.ts'
import { takeNumber } from './take-number.ts'

export type AdmissionContext = StartContext & {
  /** The address of the http function, with which links to the build begin. */
  baseUrl: string
  compare: Compare
  /** Invokes report for a build that waits for approval, to notify people. */
  invokeReport: (build: BuildRef) => Promise<void>
  now: () => Date
}

export type { Refusal }
export type AdmissionResult = { build: Build } | { ignored: string } | Refusal

/** The build to admit. `ignored` says why nothing is built if the account uses skip words. */
export type Admissible = {
  request: BuildRequest
  ignored?: string
  /** False for a build without a GitHub event: it neither supersedes others nor is superseded. */
  isArrival: boolean
  /** Whether the same delivery, sent again after its build has ended, starts another one, up to a limit. `isArrival`, if absent. */
  mayRepeat?: boolean
  /** The number of the build whose unfinished part this one runs again. */
  retryOf?: number | null
  /** The number of the build that this one repeats. A redelivery repeats the last build of its delivery. */
  rebuildOf?: number | null
  /** The job of that build which this one only repeats. */
  repeats?: Repetition | null
  /** The repository of the delivery. Absent if the request names a project on record. */
  identity?: Promise<Identity | Refusal>
}

/**
 * Turns a request into a numbered build and starts its job. Each step leaves a trace, so the same delivery, sent again, continues at the
 * first missing step.
 */
export async function admit(
  deliveryId: string,
  {
    request: requested,
    ignored,
    isArrival,
    retryOf = null,
    rebuildOf = null,
    repeats = null,
    ...given
  }: Admissible,
  context: AdmissionContext,
): Promise<AdmissionResult> {
  const { identity, mayRepeat = isArrival } = given
  const { store, now } = context
  const [settled, ofName, accountKeys] = await Promise.all([
    identity,
    readAccount(store, requested.project),
    listAccountKeys(store),
  ])
  if (settled && 'refused' in settled)
    return ofName.allows(requested.repository) ? settled : notAllowed(requested)
  const request = settled ? settledRequest(requested, settled) : requested
  const { project, repository } = request
  const account = project === requested.project ? ofName : await readAccount(store, project)
  if (!account.allows(repository)) return notAllowed(request)
  if (ignored && account.usesSkipWords) {
    await recordMovedOnOnce(deliveryOf(request, deliveryId), request, context)
    return { ignored }
  }
  const leftOut = await leftOutKeys(store, accountKeys, { project, named: projectNamed(repository) })
  if (leftOut.length > 0) return wouldLeaveOut(request, leftOut)
  const refusal = await settled?.bind?.()
  if (refusal) return refusal
  const claim = await DeliveryClaim.open(store, deliveryOf(request, deliveryId), project, async number => {
    // GitHub sends a delivery again if somebody wants another build. A delivery of this product has only one build.
    if (!mayRepeat) return false
    const records = await readRecords(store, { project, number })
    return records !== null && isDone(records, now())
  })
  if (claim.isSpent) return sentTooOften(request, claim.build.number)
  // Only if a build starts, so that a body that is sent repeatedly costs no request to GitHub.
  const unconfirmed = claim.build.published ? null : await settled?.confirm?.()
  if (unconfirmed) return unconfirmed
  // A person's request needs no approval. A delivery that is sent again comes from GitHub, regardless of the sender.
  const approval =
    isArrival && !claim.build.published ? await needsApproval(store, request, account, now()) : null
  const build = await takeNumber(store, claim, number => ({
    ...request,
    number,
    trust: trustOf(request, account.mayDeploy),
    approval,
    settings: account.settings,
    retryOf,
    rebuildOf: rebuildOf ?? claim.earlierBuild,
    repeats,
    nonce: claim.build.nonce,
    delivery: deliveryId,
    baseUrl: context.baseUrl,
    queuedAt: now().toISOString(),
    latestEnd: latestEndAfter(now()).toISOString(),
  }))
  if (!claim.build.published)
    await start(build, { account, accountKeys }, claim, isArrival && claim.isFirst, context)
  return { build }
}

const settledRequest = (requested: BuildRequest, { project, id, isPrivate }: Identity): BuildRequest => ({
  ...requested,
  project,
  repositoryId: id,
  isPrivate: requested.isPrivate || (isPrivate ?? false),
})

/** A repository is not among those that the account builds. */
export const notAllowed = ({ repository }: Pick<BuildRequest, 'repository'>): Refusal => ({
  refused: 'forbidden',
  reason: `${repository} is not among the repositories that this stack builds: add it to "allow" in config/global.json.`,
})

const sentTooOften = ({ repository }: BuildRequest, number: number): Refusal => ({
  refused: 'conflict',
  reason: `This delivery has started ${MOST_BUILDS} builds, the last one is #${number} of ${repository}. To build its commit once more: lambci rebuild ${repository}#${number}`,
})

/** Settings may restrict a build, so a build that they were written for does not run without them. */
const wouldLeaveOut = ({ repository, project }: BuildRequest, keys: readonly string[]): Refusal => ({
  refused: 'conflict',
  reason: `${repository} is not built, because what was set for it would not count. ${describeUnread(keys, project)}`,
})

async function start(
  build: Build,
  share: AccountShare,
  claim: DeliveryClaim,
  isArrival: boolean,
  context: AdmissionContext,
): Promise<void> {
  const { store, now } = context
  const [earlier] = await Promise.all([
    // A build that only deploys or repeats a job says nothing about its commit.
    build.target || build.repeats ? null : recordBuild(store, build, isArrival),
    raiseCounter(store, build.project, build.number),
    build.approval === null
      ? startLead(build, build.latestEnd, share, context)
      : waitForApproval(build, context),
  ])
  await Promise.all([
    claim.markPublished(),
    earlier?.isGone && recordBuildGone(store, build, now()),
    earlier && isArrival && cancelSuperseded(build, earlier.builds, context).catch(console.error),
    earlier && isArrival && replaceWaiting(build, earlier.builds, context).catch(console.error),
  ])
}

/** Starts nothing of the build. Its switch ends it if nobody approves it; until that is set, nobody is notified that it waits. */
async function waitForApproval(
  build: Build,
  { deadMansSwitch, invokeReport }: Pick<AdmissionContext, 'deadMansSwitch' | 'invokeReport'>,
): Promise<void> {
  await deadMansSwitch.set(build, approvalEndOf(build))
  await invokeReport({ project: build.project, number: build.number })
}

/** Whether a build has ended or can no longer end by itself. Another request for it gets a new build. */
export function isDone(records: Records, now: Date): boolean {
  const { build, report } = records
  const { status } = viewOf(records)
  const latest = status === 'waiting' ? approvalEndOf(build) : new Date(report?.latestEnd ?? build.latestEnd)
  return hasEnded(status) || latest < now
}
