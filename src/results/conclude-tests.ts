import { succeeded } from '../model/exit.ts'
import { shortenBytes } from '../model/short-reason.ts'
import {
  describeCounts,
  MOST_FAILURES,
  MOST_REPORTS,
  type TestCounts,
  type TestFailure,
  type TestRecord,
  testRecordKey,
  titleOfTest,
  totalOf,
} from '../model/tests.ts'
import { UserError } from '../model/user-error.ts'
import type { PlannedJob } from '../planning/planned-job.ts'
import { reportPathsOf } from '../planning/report-paths.ts'
import { type BuildRef, type JobRef, outPrefix } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { decideTests, type JobResult } from './decide-tests.ts'
import { failureRecord } from './failure-record.ts'
import { type FoundReports, findReports } from './find-reports.ts'
import { firstFailure } from './first-failure.ts'
import { type ReadReports, readReports } from './read-reports.ts'

/** Everything that reading the reports of a job needs. */
type TestsContext = {
  store: Store
  workspace: string
  signal: AbortSignal
  /** Masks secrets. */
  redact: (text: string) => string
  logLine: (line: string) => Promise<void>
}

/** What the reports come to, and the first failure that they have; null without any report. */
export type ReadTests = { counts: TestCounts | null; first: TestFailure | null }

/** Failures that the log names; the record has more. */
const MOST_LOGGED = 5

/**
 * How a job ends whose command ended by itself, with the tests that its reports have. The log gets a line about them, and the
 * bucket `tests.json`.
 * @param since when the command began, by `momentOnDisk`
 */
export async function concludeTests(
  context: TestsContext,
  ref: BuildRef & { job: JobRef },
  tests: NonNullable<PlannedJob['tests']>,
  { since, ...ended }: Parameters<typeof decideTests>[0] & { since: bigint },
): Promise<JobResult & ReadTests> {
  const { workspace, redact, logLine, store } = context
  const found = search(workspace, tests.files, since)
  const { tally, reports, errors } = await readReports(workspace, found.written, context.signal)
  const { counts } = tally
  const failures = tally.failures
    .slice(0, MOST_FAILURES)
    .map(failure => failureRecord(failure, workspace, redact))
  const first = firstFailure(failures)
  const paths = reports.map(({ path }) => redact(path))
  const allErrors = [...found.errors, ...errors].map(redact)
  const result = decideTests(ended, tests, { ...found, counts, first, reports: paths, errors: allErrors })
  const lines = [
    ...(totalOf(counts) > 0 ? [`Tests: ${describeCounts(counts)} (${describeReports(paths)})`] : []),
    ...failures
      .slice(0, MOST_LOGGED)
      .map(failure => `Failed: ${titleOfTest(failure)}${describePlace(failure)}`),
    ...allErrors,
    ...(succeeded(ended.exit) && result.reason !== null && !allErrors.includes(result.reason)
      ? [result.reason]
      : []),
  ]
  for (const line of lines) await logLine(line)
  if (reports.length === 0) return { ...result, counts: null, first: null }
  const record: TestRecord = { ...counts, failures, reports: listed(reports, redact) }
  const body = Buffer.from(JSON.stringify(record))
  await store.putOnce(testRecordKey(outPrefix(ref, ref.job)), body, 'application/json')
  return { ...result, counts, first }
}

/** A search that would take too long is an error of the reports. */
function search(
  workspace: string,
  files: readonly string[],
  since: bigint,
): FoundReports & { errors: string[] } {
  try {
    return { ...findReports(workspace, reportPathsOf(files), since), errors: [] }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { written: [], old: [], irregular: [], errors: [error.message] }
  }
}

const describeReports = (paths: readonly string[]) =>
  paths.length === 1 ? (paths[0] ?? '') : `${paths.length} reports`

const describePlace = ({ file, line }: TestFailure) =>
  file === null ? '' : ` (${file}${line === null ? '' : `:${line}`})`

const listed = (reports: ReadReports['reports'], redact: (text: string) => string): TestRecord['reports'] =>
  reports
    .slice(0, MOST_REPORTS)
    .map(({ path, ...rest }) => ({ path: shortenBytes(redact(path), 300), ...rest }))
