import type { Account } from '../account/settings.ts'
import { latestEndAfter } from '../admission/deadlines.ts'
import { acquireStage } from '../deploy/acquire-stage.ts'
import type { StageContext } from '../deploy/pass-on.ts'
import { type Build, onlyTests } from '../model/build.ts'
import type { Conclusion } from '../model/conclusion.ts'
import { shortReason } from '../model/short-reason.ts'
import type { CancelRequest } from '../records/cancel-request.ts'
import type { PlannedDeploy } from '../records/plan-record.ts'
import type { Deploy, JobState } from '../records/report-record.ts'

/** A deploy that may be next: all other jobs are done. */
type Known = {
  build: Build
  account: Account
  planned: PlannedDeploy
  /** The state of its job. */
  state: JobState
  /** Whether its message was lost, so that it must be published again. */
  isLost: boolean
  request: CancelRequest | null
  /** The findings of the last look. */
  last: Deploy | null
}

/** The findings of a look at a deploy. */
export type DeployLook = {
  state: JobState
  deploy: Deploy
  /** The fence of its stage, if it is to be published now; null otherwise. */
  fence: number | null
  /** Whether GitHub must be asked again. */
  isSilent: boolean
  /** Another build that holds the stage. */
  holder: number | null
}

/** The stage stays locked for a while after the latest end of a deploy: report may be late. */
export const LOCK_EXTRA_MS = 5 * 60_000

/** Looks at the deploy of a build: requests its turn if it has not started yet. */
export async function lookAtDeploy(known: Known, context: StageContext): Promise<DeployLook> {
  const { build, account, planned, state, isLost, request, last } = known
  const { now } = context
  const { stage, url } = planned
  const deploy: Deploy = { stage, url, exit: state.exit, reason: state.reason, status: 'running' }
  const found = { state, deploy, fence: null, isSilent: false, holder: null }
  if (state.conclusion !== null) return { ...found, deploy: endedDeploy(deploy, state.conclusion, last) }
  if (state.publications > 0 && !isLost) return found
  const end = (conclusion: Conclusion, status: Deploy['status'], reason: string): DeployLook => ({
    ...found,
    state: { ...state, conclusion, reason: shortReason(reason), endedAt: now().toISOString() },
    deploy: { ...deploy, status, reason },
  })
  if (onlyTests(build)) return end('skipped', 'cancelled', 'A rebuild only tests')
  if (planned.error !== null) return end('failed', 'failed', planned.error)
  if (account.isManual(stage) && build.target === null)
    return end('skipped', 'cancelled', 'Only people deploy there')
  const wrong = account.explainWrongStage(build.branch, stage)
  if (wrong !== null)
    return end('errored', 'failed', `${wrong.slice(0, 1).toUpperCase()}${wrong.slice(1)}`.slice(0, 500))
  // When the stage is free, git decides whether a newer commit comes first.
  if (request && request.supersededBy === null) return end('cancelled', 'cancelled', describeCancel(request))
  const until = new Date(latestEndAfter(now()).getTime() + LOCK_EXTRA_MS)
  const acquisition = await acquireStage(
    { project: build.project, stage },
    build,
    { until, isPinned: account.pinnedBranches(stage) !== null },
    context,
  )
  if (acquisition.status === 'acquired') return { ...found, fence: acquisition.fence }
  if (acquisition.status === 'waiting') {
    const { reason, isSilent, holder } = acquisition
    return { ...found, isSilent, holder, deploy: { ...deploy, status: 'waiting', reason } }
  }
  const { as, reason } = acquisition
  return as === 'cancelled' ? end('skipped', 'cancelled', reason) : end(as, 'failed', reason)
}

const describeCancel = ({ why }: CancelRequest) =>
  `Cancelled${why.startsWith('by ') ? '' : ':'} ${why}`.slice(0, 500)

/** A deploy that was withheld before it started keeps its own reason. */
function endedDeploy(deploy: Deploy, conclusion: Conclusion, last: Deploy | null): Deploy {
  if (last && last.status !== 'running' && last.status !== 'waiting') return last
  if (conclusion === 'passed') return { ...deploy, status: 'succeeded' }
  if (conclusion !== 'cancelled') return { ...deploy, status: 'failed' }
  const { reason } = deploy
  return {
    ...deploy,
    status: 'cancelled',
    reason: reason?.startsWith('by ') ? `Cancelled ${reason}` : reason,
  }
}
