import type { Exit } from './exit.ts'
import { hasEnded, succeeded } from './result.ts'
import type { View } from './view.ts'

const SHOWN_COMMAND = 60

/** `0.4 s`, `42 s`, `14 min 30 s`, `1 h 5 min`. */
export function describeDuration(milliseconds: number): string {
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds} s`
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  if (minutes < 60) return rest ? `${minutes} min ${rest} s` : `${minutes} min`
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 60)} h`
}

/** A command's first line, short enough for a status. */
export function nameOfCommand(command: string): string {
  const line = command.trim().split('\n')[0] ?? ''
  return line === command.trim() && line.length <= SHOWN_COMMAND
    ? line
    : `${line.slice(0, SHOWN_COMMAND).replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** Why a command did not succeed, in one line; null when it did. */
export function reasonOfExit(command: string, exit: Exit): string | null {
  if (succeeded(exit)) return null
  if (exit.kind === 'timed-out') return `Timed out after ${describeDuration(exit.afterMs)}`
  if (exit.kind === 'signalled') return `${nameOfCommand(command)} was killed by ${exit.signal}`
  return `${nameOfCommand(command)} ended with exit code ${exit.code}`
}

/** Milliseconds from the build's start to its end, or null while it has none. */
export const durationOf = ({ startedAt, endedAt }: Pick<View, 'startedAt' | 'endedAt'>) =>
  startedAt && endedAt ? Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) : null

const OTHERS = { queued: 'Queued', running: 'Running', skipped: 'Skipped' }

/** How a build stands, in one line for statuses, notices and pages. */
export function describeOutcome(view: View): string {
  const duration = durationOf(view)
  switch (view.status) {
    case 'deploying':
      return `${view.target ? 'Deploying' : 'Passed, deploying'} to ${view.deploy?.stage ?? view.stage}`
    case 'passed':
      if (view.target) return describeTarget(view)
      return `Passed${duration === null ? '' : ` in ${describeDuration(duration)}`}${describeDeploy(view)}`
    case 'failed':
      // A timeout's reason is a sentence of its own.
      return view.exit?.kind === 'timed-out' && view.reason ? view.reason : withReason('Failed', view.reason)
    case 'errored':
      return withReason('Error', view.reason)
    case 'cancelled':
      // Its reason is a sentence of its own, when a newer commit has come.
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

/** Of a build that is a deploy and nothing else. */
function describeTarget({ deploy, target, startedAt, endedAt }: View): string {
  const stage = target?.stage ?? ''
  const duration = durationOf({ startedAt, endedAt })
  if (deploy?.status === 'waiting') return `The deploy to ${stage} waits`
  if (deploy?.status === 'cancelled')
    return `Not deployed to ${stage}: ${lowered(deploy.reason ?? 'cancelled')}`
  if (deploy?.status === 'failed') return `The deploy to ${stage} failed`
  return `Deployed to ${stage}${deploy?.by ? ` by #${deploy.by}` : duration === null ? '' : ` in ${describeDuration(duration)}`}`
}

/** Whether nothing more happens to a build: its deploy may still wait for its stage when its tests have long ended. */
export const isOver = ({ status, deploy }: Pick<View, 'status' | 'deploy'>) =>
  hasEnded(status) && deploy?.status !== 'waiting'

/** Whether people should see red: the tests' result or the deploy's. */
export const isRed = ({ status, deploy }: Pick<View, 'status' | 'deploy'>) =>
  status === 'failed' || status === 'errored' || deploy?.status === 'failed'
