import { FLAKY_EVENT, type FlakyRequest } from '../../admission/signed-requests.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import type { Repetition } from '../../model/repetition.ts'
import { titleOfTest } from '../../model/tests.ts'
import { UserError } from '../../model/user-error.ts'
import type { Store } from '../../records/store.ts'
import { readTestRecord } from '../../records/test-record.ts'
import type { JobView, View } from '../../records/view.ts'
import { countRuns, describeStatus } from '../../records/wording.ts'
import { type Io, jsonText, printLine, printNote } from '../io.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { waitForEnd } from './follow.ts'
import { requestBuild } from './send-request.ts'
import { findBuild } from './targets.ts'

export type FlakyOptions = StackOptions & { times: number; job?: string; json?: boolean }

/** A test, and the number of runs in which it failed. */
type FailedTest = { test: string; failed: number }

/**
 * `lambci flaky OWNER/REPO#N -n 20`: runs a job of a build again, this many times at once, and prints how often it failed, and which
 * tests failed. Neither the build nor its commit changes. Returns 0 if the job ran, however often it failed, and 1 if it did not.
 */
export async function repeatJob(target: string, options: FlakyOptions, io: Io): Promise<number> {
  using stack = await findStack(options, io)
  const { store } = stack
  const build = await findBuild(stack, target, io)
  const payload: FlakyRequest = {
    ...{ ...build, times: options.times },
    ...(options.job !== undefined && { job: options.job }),
  }
  const { url, repeats, ...own } = await requestBuild(stack, build, { event: FLAKY_EVENT, payload })
  if (!repeats) throw new UserError('This stack cannot repeat jobs: deploy this version of it first.')
  const named = `${repeats.job} of #${build.number}`
  if (!options.json)
    printLine(
      io,
      escapeControls(`Build #${own.number} runs ${named}${filesOf(repeats)} ${timesOf(repeats)}: ${url}`),
    )
  if (repeats.times < options.times)
    printNote(io, `A build may have no more jobs than that ("maxJobs"; of a fork, five).`)
  const view = await waitForEnd(store, own)
  const runs = countRuns(view.jobs)
  const tests = await failedTests(store, view)
  const others = repeats.times - runs.of
  if (options.json)
    printLine(
      io,
      jsonText({
        ...own,
        url,
        of: build.number,
        job: repeats.job,
        failed: runs.failed,
        runs: runs.of,
        others,
        tests,
      }),
    )
  else printLine(io, [describeStatus(view), ...tests.map(describeTest)].map(escapeControls).join('\n'))
  if (others > 0 && runs.of > 0) printNote(io, `${others} of ${repeats.times} did not come to their end.`)
  return runs.of > 0 ? 0 : 1
}

const MOST_FILES = 3
function filesOf({ files = [] }: Repetition): string {
  if (files.length === 0) return ''
  const left = files.length - MOST_FILES
  return `, only ${files.slice(0, MOST_FILES).join(', ')}${left > 0 ? ` and ${left} more` : ''},`
}
const timesOf = ({ times }: Repetition) => (times === 1 ? 'once' : `${times} times`)
const describeTest = ({ test, failed }: FailedTest) => `${String(failed).padStart(6)} × ${test}`

/** The failed tests that reports name, with the number of runs in which each failed, the most frequent first. */
async function failedTests(store: Store, view: View): Promise<FailedTest[]> {
  const counts = new Map<string, number>()
  for (const job of view.jobs)
    for (const test of await testsOf(store, view, job)) counts.set(test, (counts.get(test) ?? 0) + 1)
  return [...counts]
    .map(([test, failed]) => ({ test, failed }))
    .toSorted((one, other) => other.failed - one.failed || (one.test < other.test ? -1 : 1))
}

async function testsOf(
  store: Store,
  { project }: View,
  { ref, status, tests }: JobView,
): Promise<Set<string>> {
  if (!ref || status !== 'failed' || !tests) return new Set()
  const { build: number, ...job } = ref
  const record = await readTestRecord(store, { project, number }, job)
  return new Set(record?.failures.map(titleOfTest))
}
