import { type Account, readAccount } from '../account/settings.ts'
import { type Build, type BuildRequest, repositoryOf } from '../model/build.ts'
import { hasEnded } from '../model/conclusion.ts'
import type { Compare } from '../model/newer.ts'
import { trustOf } from '../model/trust.ts'
import { raiseCounter, recordArrival } from '../records/counter.ts'
import { buildUrl } from '../records/links.ts'
import { readRecords } from '../records/read-records.ts'
import { type Records, viewOf } from '../records/view.ts'
import { latestEndAfter } from './deadlines.ts'
import { DeliveryClaim } from './delivery-claim.ts'
import { type StartContext, startJob } from './start-job.ts'
import { cancelSuperseded } from './supersede.ts'
import { takeNumber } from './take-number.ts'

export type AdmissionContext = StartContext & {
  /** Where the http function is reached; links to the build begin with it. */
  baseUrl: string
  compare: Compare
  now: () => Date
}

export type Refusal = { refused: 'invalid' | 'forbidden' | 'unknown' | 'conflict'; reason: string }
export type AdmissionResult = { build: Build; url: string } | { ignored: string } | Refusal

/** What is to be built. `ignored` says why nothing is built if the account uses skip words. */
export type Admissible = {
  request: BuildRequest
  ignored?: string
  /** False for a build that a person asked for: it neither supersedes others nor is superseded. */
  isArrival: boolean
}

/**
 * Turns a request into a numbered build and starts its job. Each step leaves a trace: the same delivery, sent again,
 * continues at the first missing step.
 */
export async function admit(
  deliveryId: string,
  { request, ignored, isArrival }: Admissible,
  context: AdmissionContext,
): Promise<AdmissionResult> {
  const { store, linkKey, now } = context
  const { project } = request
  const account = await readAccount(store, project)
  if (!account.isAllowed) {
    return {
      refused: 'forbidden',
      reason: `${repositoryOf(project)} is not among the repositories that this stack builds: add it to "allow" in config/global.json.`,
    }
  }
  if (ignored && account.usesSkipWords) return { ignored }
  const claim = await DeliveryClaim.open(store, deliveryId, project, async number => {
    const records = await readRecords(store, { project, number })
    return records !== null && isDone(records, now())
  })
  const build = await takeNumber(store, claim, number => ({
    ...request,
    number,
    trust: trustOf(request, account.mayDeploy),
    settings: account.settings,
    nonce: claim.build.nonce,
    delivery: deliveryId,
    baseUrl: context.baseUrl,
    queuedAt: now().toISOString(),
    latestEnd: latestEndAfter(now()).toISOString(),
  }))
  if (!claim.build.published) await start(build, account, claim, isArrival && claim.isFirst, context)
  return { build, url: buildUrl(build, linkKey) }
}

async function start(
  build: Build,
  account: Account,
  claim: DeliveryClaim,
  isArrival: boolean,
  context: AdmissionContext,
): Promise<void> {
  const { store } = context
  const [arrivals] = await Promise.all([
    isArrival ? recordArrival(store, build) : raiseCounter(store, build.project, build.number),
    startJob(build, build.latestEnd, account, context),
  ])
  await Promise.all([
    claim.markPublished(),
    arrivals && cancelSuperseded(build, arrivals, context).catch(console.error),
  ])
}

/** Whether a build has ended or can no longer end by itself: whoever asks for it again gets a new build. */
export const isDone = (records: Records, now: Date) =>
  hasEnded(viewOf(records).status) || new Date(records.report?.latestEnd ?? records.build.latestEnd) < now
