import type { ApprovalReason } from '../model/approval.ts'
import { onlyTests } from '../model/build.ts'
import { hasEnded } from '../model/conclusion.ts'
import { describeDuration } from '../model/duration.ts'
import { FLAKY } from './job-wording.ts'
import { type JobRef, LEAD } from './keys.ts'
import { type JobView, onlyJobIn, type View } from './view.ts'

/** The subject of a build: a branch, or `pull request #7`. */
export const describeSubject = ({ pullRequest, branch }: Pick<View, 'pullRequest' | 'branch'>) =>
  pullRequest === null ? branch : `pull request #${pullRequest}`

/** Milliseconds from a build's start to its end; null before it. */
export const durationOf = ({ startedAt, endedAt }: Pick<View, 'startedAt' | 'endedAt'>) =>
  startedAt && endedAt ? Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) : null

/** The state of a build, in a word or two. */
export const describeConclusion = ({ status, isFlaky }: Pick<View, 'status' | 'isFlaky'>): string =>
  isFlaky ? FLAKY : status

const OTHERS = { queued: 'Queued', running: 'Running', skipped: 'Skipped' }

/** The state of a build, in one line for statuses, notifications and pages. */
export function describeStatus(view: View): string {
  const duration = durationOf(view)
  const repetition = view.repeats && hasEnded(view.status) ? describeRepetition(view) : null
  if (repetition !== null) return repetition
  switch (view.status) {
    case 'waiting':
      return describeWaiting(view)
    case 'deploying':
      return describeDeploying(view)
    case 'passed':
      if (view.target) return describeTarget(view)
      return `${describePassed(view, duration)}${describeDeploy(view)}`
    case 'failed':
      if (view.target) return describeTarget(view)
      return (hasOwnWords(view) || isAboutJobs(view)) && view.reason
        ? view.reason
        : withReason('Failed', view.reason)
    case 'errored':
      return (deployFailed(view) || isAboutJobs(view)) && view.reason
        ? view.reason
        : withReason('Error', view.reason)
    case 'cancelled':
      return isSuperseded(view) || isNotApproved(view) || isNotStarted(view)
        ? (view.reason ?? '')
        : withReason('Cancelled', view.reason)
    default:
      return withReason(OTHERS[view.status], view.reason)
  }
}

/** `unit of #12 failed 7 of 20`; null if it has not been run. */
export function describeRepetition({ repeats, rebuildOf, jobs }: View): string | null {
  const { failed, of } = countRuns(jobs)
  return repeats && of > 0 ? `${repeats.job} of #${rebuildOf} failed ${failed} of ${of}` : null
}

/** The number of failed runs of a repeated job, and of all completed ones. */
export function countRuns(jobs: readonly JobView[]): { failed: number; of: number } {
  const runs = jobs.filter(({ passedIn, status }) => passedIn === null && isRun(status))
  return { failed: runs.filter(({ status }) => status === 'failed').length, of: runs.length }
}
const isRun = (status: JobView['status']) => status === 'passed' || status === 'failed'

const WAITS_BECAUSE: Record<ApprovalReason, string> = {
  stranger: '',
  fork: '',
  'fork-builds': ' (too many builds of forks today)',
  builds: ' (too many builds today)',
  budget: " (the month's budget is used up)",
}

/** The command comes early: a status has 140 characters. */
const describeWaiting = (view: View): string =>
  `Waits for approval: ${approveCommandOf(view)}${view.approval ? WAITS_BECAUSE[view.approval] : ''}`

/** The command that lets a waiting build start. */
export const approveCommandOf = ({ repository, number }: Pick<View, 'repository' | 'number'>) =>
  `lambci approve ${repository}#${number}`

/** Whether the reason of a build is a sentence about several jobs. */
const isAboutJobs = ({ jobs }: View) => jobs.length > 0 && onlyJobIn(jobs) === null

/** Some of several jobs may have failed as allowed, or none took part. */
function describePassed({ jobs, exit, reason }: View, duration: number | null): string {
  const hasRun = jobs.some(({ status }) => status !== 'left-out') || exit !== null
  if (!hasRun && reason) return reason
  const flaky = jobs.filter(({ isFlaky }) => isFlaky)
  const passed = `Passed${flaky.length > 0 ? ' (flaky)' : ''}${duration === null ? '' : ` in ${describeDuration(duration)}`}`
  const isOnly = onlyJobIn(jobs) !== null
  const reasons = [flaky.length > 0 && !isOnly ? describeFlaky(flaky) : null, jobs.length > 0 ? reason : null]
  return [passed, ...reasons.filter(each => each !== null)].join('; ')
}

/** `unit failed first`; for several jobs, their number, because a status is short. */
const describeFlaky = ([first, ...others]: readonly JobView[]) =>
  others.length === 0 ? `${first?.title} failed first` : `${others.length + 1} jobs failed first`

function describeDeploying({ target, deploy, stage }: View): string {
  const name = deploy?.stage ?? stage
  if (deploy?.status === 'waiting') return `${target ? 'The' : 'Tests passed, the'} deploy to ${name} waits`
  return `${target ? 'Deploying' : 'Tests passed, deploying'} to ${name}`
}

/** The reasons of timeouts, failed deploys and named failures are whole sentences. */
const hasOwnWords = (view: View) => view.exit?.kind === 'timed-out' || deployFailed(view) || view.isNamed
const deployFailed = ({ deploy }: View) => deploy?.status === 'failed'

const withReason = (what: string, reason: string | null) => (reason ? `${what}: ${reason}` : what)

/** For several deploys, those that succeeded, and why the next one did not begin. */
function describeDeploy({ deploys, manualStages: [manual] }: View): string {
  const succeeded = deploys.flatMap(({ status, stage }) => (status === 'succeeded' ? [stage] : []))
  const withheld = deploys.find(({ status }) => status === 'cancelled')
  const done = succeeded.length > 0 ? `, deployed to ${succeeded.join(' and ')}` : ''
  if (withheld)
    return `${done}, not deployed to ${withheld.stage}: ${lowered(withheld.reason ?? 'cancelled')}`
  return manual !== undefined && deploys.length === 0
    ? `, not deployed to ${manual}: only people deploy there`
    : done
}

/** The commands that deploy a tested build: to the stages of a rebuild, which only tests, and to those that only people deploy to. */
export function deployCommandsOf(view: View): string[] {
  const { deploys, manualStages, repository, number, status } = view
  if (status !== 'passed') return []
  const withheld = onlyTests(view) ? deploys.map(({ stage }) => stage) : []
  return [...withheld, ...manualStages].map(stage => `lambci deploy ${repository} ${stage} --build ${number}`)
}

const lowered = (text: string) => text.slice(0, 1).toLowerCase() + text.slice(1)

/** For a build that was started only to deploy. */
function describeTarget({ deploy, target, reason, startedAt, endedAt }: View): string {
  const stage = target?.stage ?? ''
  const duration = durationOf({ startedAt, endedAt })
  // A job that had to run first failed.
  if (!deploy) return withReason(`Not deployed to ${stage}`, reason)
  if (deploy.status === 'cancelled')
    return `Not deployed to ${stage}: ${lowered(deploy.reason ?? 'cancelled')}`
  if (deploy.status === 'failed') return withReason(`The deploy to ${stage} failed`, deploy.reason)
  return `Deployed to ${stage}${duration === null ? '' : ` in ${describeDuration(duration)}`}`
}

/** Whether the build, its deploy included, failed. */
export const isRed = ({ status }: Pick<View, 'status'>) => isRedStatus(status)
const isRedStatus = (status: string) => status === 'failed' || status === 'errored'

/** The job whose log explains why a build is red. */
export const redJobOf = ({ jobs }: Pick<View, 'jobs'>): JobRef =>
  jobs.find(({ status, isAllowedFailure }) => isRedStatus(status) && !isAllowedFailure)?.ref ?? LEAD

/** Whether a newer build of the same branch or pull request ended this one. It then says nothing about its branch. */
export const isSuperseded = ({ status, reason }: Pick<View, 'status' | 'reason'>) =>
  status === 'cancelled' && /^Superseded by #\d+$/.test(reason ?? '')

/** The beginning of the reason of a build that ended without approval. */
export const NOT_APPROVED = 'Not approved'

/** Whether a build has ended because nobody approved it. It has never run. */
export const isNotApproved = ({ status, approval, reason }: Pick<View, 'status' | 'approval' | 'reason'>) =>
  status === 'cancelled' && approval !== null && (reason ?? '').startsWith(NOT_APPROVED)

/** The beginning of the reason of a build that was approved too late: its recorded settings no longer count. */
export const NOT_STARTED = 'Not started'
const isNotStarted = ({ approval, reason }: Pick<View, 'approval' | 'reason'>) =>
  approval !== null && (reason ?? '').startsWith(NOT_STARTED)
