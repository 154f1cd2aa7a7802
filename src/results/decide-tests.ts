import type { Exit } from '../model/exit.ts'
import { succeeded } from '../model/exit.ts'
import {
  describeFailedTests,
  failedTests,
  type TestCounts,
  type TestFailure,
  totalOf,
} from '../model/tests.ts'
import type { PlannedJob } from '../planning/planned-job.ts'

/** The results of a command's reports. */
export type TestsRead = {
  counts: TestCounts
  first: TestFailure | null
  /** How many reports were read. */
  reports: readonly string[]
  /** Why reports could not be read, each as a sentence. */
  errors: readonly string[]
  /** Files that match, but existed before the command. */
  old: readonly string[]
  /** Matches that are not regular files. */
  irregular: readonly string[]
  /** For a shard that divides files: why they did not all run, in a sentence. Null if they did. */
  missing?: string | null
}

/** How a job ends, and why, in a sentence. */
export type JobResult = { conclusion: 'passed' | 'failed' | 'errored'; reason: string | null }

/** Concludes a job by the end of its command and its reports. A pure function. `tests`: the configuration of its reports. */
export function decideTests(
  { exit, reason }: { exit: Exit; reason: string | null },
  { files, verdict, allowEmpty }: NonNullable<PlannedJob['tests']>,
  { counts, first, reports, errors, old, irregular, missing }: TestsRead,
): JobResult {
  const failed = failedTests(counts)
  const failures = describeFailedTests(counts, first)
  if (!succeeded(exit)) return { conclusion: 'failed', reason: failed > 0 ? failures : reason }
  if (failed > 0 && verdict === 'report')
    return {
      conclusion: 'failed',
      reason: `${failures} (the report says ${failed} failed after exit code 0)`,
    }
  const [error] = errors
  if (error !== undefined) return { conclusion: 'errored', reason: error }
  if ((totalOf(counts) > 0 || allowEmpty) && missing) return { conclusion: 'errored', reason: missing }
  if (totalOf(counts) > 0 || allowEmpty) return { conclusion: 'passed', reason: null }
  const advice = 'or set "allowEmpty" in "tests"'
  const [report] = reports
  if (report !== undefined)
    return {
      conclusion: 'errored',
      reason: `The test report ${report} has no test. Check that the command runs some, ${advice}.`,
    }
  const [olds, odd] = [old[0], irregular[0]]
  const found =
    odd !== undefined
      ? `; ${odd} is no regular file`
      : olds !== undefined
        ? `; ${olds} is older than the command`
        : ''
  return {
    conclusion: 'errored',
    reason: `The command has written no test report at ${files.join(', ')}${found}. Let it write one there, ${advice}.`,
  }
}
