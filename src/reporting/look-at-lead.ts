import type { DeadMansSwitch } from '../admission/dead-mans-switch.ts'
import { approvalEndOf, LONGEST_APPROVAL_DAYS } from '../admission/deadlines.ts'
import type { Build } from '../model/build.ts'
import { shortenBytes } from '../model/short-reason.ts'
import { isApproved, readApproval } from '../records/approval.ts'
import { type CancelRequest, readCancelRequest, requestCancel } from '../records/cancel-request.ts'
import { jobKeys } from '../records/keys.ts'
import { claimTimeIn, type JobObjects } from '../records/read-records.ts'
import { type Replacement, readReplacement } from '../records/replacement.ts'
import type { Report } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import { isWaiting, type Records } from '../records/view.ts'
import { NOT_APPROVED } from '../records/wording.ts'
import { type Decision, decideLead, endedBeforeStart } from './decide.ts'
import { explainChanges } from './explain-changes.ts'
import { keepSwitchOfLead } from './keep-switch.ts'
import { lookAtMoment } from './look-at-moment.ts'

/** The length of a request to cancel, in bytes. */
const LONGEST_REASON = 300

type Context = { store: Store; deadMansSwitch: DeadMansSwitch; now: () => Date }

/** Decides what follows from the records for the lead of a build, or for a build that waits for approval. */
export async function lookAtLead(
  { build, lead, report }: { build: Build; lead: JobObjects; report: Report },
  context: Context,
): Promise<Decision> {
  const { store, now } = context
  const { run } = lead
  const request = run ? null : await readCancelRequest(store, build)
  if (isWaiting({ build, run, report })) return lookAtApproval({ build, report, request }, context)
  const claimTime = claimTimeIn(lead, jobKeys(build))
  const decision = decideLead({ build, run, report: { ...report, claimTime }, request }, now())
  if (decision === null) await keepSwitchOfLead(build, report, claimTime, context)
  return decision
}

type Waiting = { build: Build; report: Pick<Report, 'isGone'>; request: CancelRequest | null }

async function lookAtApproval(waiting: Waiting, context: Context): Promise<Decision> {
  const { store, now } = context
  const { build } = waiting
  const approved = isApproved(build, await readApproval(store, build))
  const approval = approved ? ((await readReplacement(store, build)) ?? 'counts') : null
  const decision = decideApproval({ ...waiting, approval }, now())
  if (decision === null) await lookAtMoment(build, approvalEndOf(build), context)
  if (decision === null || (decision !== 'publish-again' && 'end' in decision)) return decision
  const why = decision === 'publish-again' ? await explainChanges(build, store) : decision.refused
  if (why === null) return 'publish-again'
  // If an invocation started it and then died, its job finds this request and ends at once.
  const refusal = {
    by: 'lambci',
    why: shortenBytes(why, LONGEST_REASON),
    supersededBy: null,
    at: now().toISOString(),
  }
  const end = endedBeforeStart(build, await requestCancel(store, build, refusal), now())
  return end && { end }
}

/** Decides the result for a build that waits for approval. `refused`: why it ends without approval. A pure function. */
export function decideApproval(
  { build, report, request, approval }: Waiting & { approval: Replacement | 'counts' | null },
  now: Date,
): Decision | { refused: string } {
  const end = endedBeforeStart(build, request, now)
  if (end) return { end }
  const replacement = approval === 'counts' ? null : approval
  if (report.isGone || replacement?.isClosed) return { refused: `${NOT_APPROVED}: ${explainGone(build)}` }
  if (replacement) return { refused: `${NOT_APPROVED}: #${replacement.newer} is newer` }
  if (now >= approvalEndOf(build)) return { refused: `${NOT_APPROVED} within ${LONGEST_APPROVAL_DAYS} days` }
  return approval === 'counts' ? 'publish-again' : null
}

const explainGone = ({ pullRequest }: Build) =>
  pullRequest === null ? 'the branch is gone or has moved on' : 'the pull request was closed'

/** The latest moment at which a build can still run or wait for approval. */
export const lastMomentOf = (state: Pick<Records, 'build' | 'run'> & { report: Report }): string =>
  isWaiting(state)
    ? approvalEndOf(state.build).toISOString()
    : (state.report.latestEnd ?? state.build.latestEnd)
