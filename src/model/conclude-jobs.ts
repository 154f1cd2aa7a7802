import type { Conclusion } from './conclusion.ts'
import type { Exit } from './exit.ts'

/** How one of several jobs ended. */
export type JobOutcome = {
  title: string
  conclusion: Conclusion
  exit: Exit | null
  reason: string | null
  allowFailure: boolean
}

/** Whether a job is done, so that others may need it: it has passed, or failed as it may. */
export const isDone = (outcome: JobOutcome) => outcome.conclusion === 'passed' || isAllowedFailure(outcome)

/** Whether a failure is allowed. Only what a command itself can do is: an exit code, or too much time. */
export const isAllowedFailure = ({ conclusion, exit, allowFailure }: JobOutcome) =>
  allowFailure && conclusion === 'failed' && (exit?.kind === 'exited' || exit?.kind === 'timed-out')

/** Whether a job makes its build red. */
export const isRedJob = (outcome: JobOutcome) =>
  outcome.conclusion === 'errored' || (outcome.conclusion === 'failed' && !isAllowedFailure(outcome))

/**
 * How a build ends whose jobs ended like this. Red if any job is red: a job that died or never started is an error, which is
 * never allowed. A job that is skipped behind another one says nothing itself. `outcomes` has no jobs that were left out.
 */
export function concludeJobs(outcomes: readonly JobOutcome[]): {
  conclusion: Conclusion
  reason: string | null
} {
  if (outcomes.length === 0) return { conclusion: 'passed', reason: 'No job applies' }
  const failed = outcomes.filter(each => each.conclusion === 'failed' && !isAllowedFailure(each))
  const errored = outcomes.filter(({ conclusion }) => conclusion === 'errored')
  const ofAll = ({ length }: readonly JobOutcome[]) =>
    `${length} of ${outcomes.length} ${outcomes.length === 1 ? 'job' : 'jobs'}`
  const errors = `${ofAll(errored)} ended in an error: ${describeErrors(errored)}`
  if (failed.length > 0) {
    const failures = `${ofAll(failed)} failed: ${listTitles(failed)}`
    return { conclusion: 'failed', reason: errored.length > 0 ? `${failures}; ${errors}` : failures }
  }
  if (errored.length > 0) return { conclusion: 'errored', reason: errors }
  const cancelled = outcomes.find(({ conclusion }) => conclusion === 'cancelled')
  if (cancelled) return { conclusion: 'cancelled', reason: cancelled.reason }
  const skipped = outcomes.filter(({ conclusion }) => conclusion === 'skipped')
  // Something must have kept them from running; without a red job, nothing can have.
  if (skipped.length > 0)
    return { conclusion: 'errored', reason: `${ofAll(skipped)} never ran: ${listTitles(skipped)}` }
  const allowed = outcomes.filter(isAllowedFailure)
  return {
    conclusion: 'passed',
    reason: allowed.length > 0 ? `${listTitles(allowed)} failed, which is allowed` : null,
  }
}

const MOST_TITLES = 10

function listTitles(outcomes: readonly JobOutcome[]): string {
  const titles = outcomes.slice(0, MOST_TITLES).map(({ title }) => title)
  const left = outcomes.length - titles.length
  return left > 0 ? `${titles.join(', ')} and ${left} more` : titles.join(', ')
}

const describeErrors = (errored: readonly JobOutcome[]) => {
  const [first] = errored
  return errored.length === 1 && first?.reason ? `${first.title} (${first.reason})` : listTitles(errored)
}
