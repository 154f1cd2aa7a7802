import type { Conclusion } from './conclusion.ts'
import { type Exit, succeeded } from './exit.ts'
import { failedTests, type TestCounts } from './tests.ts'

/** How one of several jobs ended. */
export type EndedJob = {
  title: string
  conclusion: Conclusion
  exit: Exit | null
  reason: string | null
  allowFailure: boolean
  /** The counts of its test reports, if any. */
  tests?: TestCounts | null | undefined
  /** Whether its reason names the failure. */
  isNamed?: boolean | undefined
}

/** Whether a job is done, so that others may need it: it has passed, or its failure is allowed. */
export const isDone = (job: EndedJob) => job.conclusion === 'passed' || isAllowedFailure(job)

/** Whether a failure is allowed. Only failures of the command itself can be: an exit code, a timeout, or a failed test. */
export const isAllowedFailure = ({ conclusion, exit, allowFailure, tests }: EndedJob) =>
  allowFailure &&
  conclusion === 'failed' &&
  exit !== null &&
  exit.kind !== 'signalled' &&
  (!succeeded(exit) || hasFailedTests({ tests }))

/** Whether tests of its reports failed. */
export const hasFailedTests = ({ tests }: Pick<EndedJob, 'tests'>) => tests != null && failedTests(tests) > 0

/** Whether a job makes its build red. */
export const isRedJob = (job: EndedJob) =>
  job.conclusion === 'errored' || (job.conclusion === 'failed' && !isAllowedFailure(job))

/** How a build ends, and why, in a sentence. */
export type BuildConclusion = { conclusion: Conclusion; reason: string | null }

/**
 * Concludes a build from the ends of its jobs, whatever their order. An error says nothing about the commit, so it takes precedence over
 * any failure, and is never allowed. `jobs` are in the order of the plan, without those that were left out. `isOnlyJob`: the build has a
 * single job, and none were left out. Its reason is then the build's, without its name.
 */
export function concludeJobs(jobs: readonly EndedJob[], isOnlyJob = false): BuildConclusion {
  const [only] = jobs
  if (!only) return { conclusion: 'passed', reason: 'No job applies' }
  const { conclusion, reason } = only
  if (isOnlyJob && (conclusion === 'errored' || conclusion === 'cancelled' || isRedJob(only)))
    return { conclusion, reason }
  const ended = (conclusion: Conclusion) => jobs.filter(each => each.conclusion === conclusion)
  const errored = ended('errored')
  const failed = jobs.filter(each => each.conclusion === 'failed' && !isAllowedFailure(each))
  if (errored.length > 0) return { conclusion: 'errored', reason: describeErrors(errored, failed, jobs) }
  if (failed.length > 0) return { conclusion: 'failed', reason: describeFailures(failed, jobs) }
  // Only a red job keeps others from running.
  const skipped = ended('skipped')
  if (skipped.length > 0)
    return { conclusion: 'errored', reason: `${count(skipped, jobs)} never ran: ${list(skipped)}` }
  const cancelled = ended('cancelled')
  if (cancelled.length > 0) return { conclusion: 'cancelled', reason: describeCancelled(cancelled, jobs) }
  const allowed = jobs.filter(isAllowedFailure)
  return {
    conclusion: 'passed',
    reason: allowed.length > 0 ? `${list(allowed, ' and ')} failed, which is allowed` : null,
  }
}

function describeErrors(
  errored: readonly EndedJob[],
  failed: readonly EndedJob[],
  jobs: readonly EndedJob[],
): string {
  const errors =
    jobs.length === 1
      ? `${list(errored)} ended in an error`
      : `${count(errored, jobs)} ended in an error: ${list(errored)}`
  if (failed.length > 0) return `${errors}; ${failed.length} failed: ${list(failed)}`
  const [{ reason } = { reason: null }] = errored
  return errored.length === 1 && reason !== null ? `${errors}. ${reason}` : errors
}

function describeFailures(failed: readonly EndedJob[], jobs: readonly EndedJob[]): string {
  const [{ reason, tests, isNamed = hasFailedTests({ tests }) } = { reason: null }] = failed
  if (jobs.length > 1) {
    const why = failed.length === 1 && isNamed && reason !== null ? ` (${reason})` : ''
    return `${count(failed, jobs)} failed: ${list(failed)}${why}`
  }
  return `${list(failed)} failed${reason === null ? '' : `: ${reason}`}`
}

/** All jobs were cancelled by the same request, which gives the reason. */
function describeCancelled(cancelled: readonly EndedJob[], jobs: readonly EndedJob[]): string {
  const why = cancelled.find(({ reason }) => reason !== null)?.reason
  return (
    why ??
    `${count(cancelled, jobs)} ${cancelled.length === 1 ? 'was' : 'were'} cancelled: ${list(cancelled)}`
  )
}

const count = (some: readonly EndedJob[], { length }: readonly EndedJob[]) =>
  `${some.length} of ${length} ${length === 1 ? 'job' : 'jobs'}`

/** In characters. A sentence with a list of titles then fits into a commit status, which has 140. */
const MAX_LIST = 80
const MAX_TITLE = 60

/** As many titles as fit, but at least one. */
function list(jobs: readonly EndedJob[], beforeLast = ', '): string {
  const titles = jobs.map(({ title }) => shortTitle(title))
  const most = titles.findIndex((_, at) => at > 0 && titles.slice(0, at + 1).join(', ').length > MAX_LIST)
  const shown = most < 0 ? titles : titles.slice(0, most)
  if (shown.length < titles.length) return `${shown.join(', ')} and ${titles.length - shown.length} more`
  return [shown.slice(0, -1).join(', '), ...shown.slice(-1)].filter(Boolean).join(beforeLast)
}

const shortTitle = (title: string) =>
  title.length <= MAX_TITLE ? title : `${title.slice(0, MAX_TITLE - 1).toWellFormed()}…`
