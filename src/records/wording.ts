import { hasEnded } from '../model/conclusion.ts'
import { describeDuration } from '../model/duration.ts'
import type { View } from './view.ts'

/** What a build is of: a branch, or `pull request #7`. */
export const describeSubject = ({ pullRequest, branch }: Pick<View, 'pullRequest' | 'branch'>) =>
  pullRequest === null ? branch : `pull request #${pullRequest}`

/** Milliseconds from a build's start to its end; null before it. */
export const durationOf = ({ startedAt, endedAt }: Pick<View, 'startedAt' | 'endedAt'>) =>
  startedAt && endedAt ? Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) : null

const OTHERS = { queued: 'Queued', running: 'Running', skipped: 'Skipped' }

/** Where a build stands, in one line for statuses, notifications and pages. */
export function describeStatus(view: View): string {
  const duration = durationOf(view)
  switch (view.status) {
    case 'deploying':
      return `${view.target ? 'Deploying' : 'Passed, deploying'} to ${view.deploy?.stage ?? view.stage}`
    case 'passed':
      if (view.target) return describeTarget(view)
      return `Passed${duration === null ? '' : ` in ${describeDuration(duration)}`}${describeDeploy(view)}`
    case 'failed':
      // The reason of a timeout stands alone.
      return view.exit?.kind === 'timed-out' && view.reason ? view.reason : withReason('Failed', view.reason)
    case 'errored':
      return withReason('Error', view.reason)
    case 'cancelled':
      // The reason of a superseded build stands alone.
      return view.reason?.startsWith('Superseded') ? view.reason : withReason('Cancelled', view.reason)
    default:
      return withReason(OTHERS[view.status], view.reason)
  }
}

const withReason = (what: string, reason: string | null) => (reason ? `${what}: ${reason}` : what)

function describeDeploy({ deploy }: View): string {
  if (!deploy) return ''
  const { stage, status, reason, by } = deploy
  if (status === 'failed') return `, but the deploy to ${stage} failed`
  if (status === 'waiting') return `, the deploy to ${stage} waits`
  if (status === 'cancelled') return `, not deployed to ${stage}: ${lowered(reason ?? 'cancelled')}`
  return status === 'succeeded' ? `, deployed to ${stage}${by === null ? '' : ` by #${by}`}` : ''
}

const lowered = (text: string) => text.slice(0, 1).toLowerCase() + text.slice(1)

/** For a build that was started only to deploy. */
function describeTarget({ deploy, target, startedAt, endedAt }: View): string {
  const stage = target?.stage ?? ''
  const duration = durationOf({ startedAt, endedAt })
  if (deploy?.status === 'waiting') return `The deploy to ${stage} waits`
  if (deploy?.status === 'cancelled')
    return `Not deployed to ${stage}: ${lowered(deploy.reason ?? 'cancelled')}`
  if (deploy?.status === 'failed') return `The deploy to ${stage} failed`
  return `Deployed to ${stage}${deploy?.by ? ` by #${deploy.by}` : duration === null ? '' : ` in ${describeDuration(duration)}`}`
}

/** Whether nothing more can happen to a build. Its deploy may wait for its stage long after its tests have ended. */
export const isOver = ({ status, deploy }: Pick<View, 'status' | 'deploy'>) =>
  hasEnded(status) && deploy?.status !== 'waiting'

/** Whether the build's tests or its deploy failed. */
export const isRed = ({ status, deploy }: Pick<View, 'status' | 'deploy'>) =>
  status === 'failed' || status === 'errored' || deploy?.status === 'failed'
