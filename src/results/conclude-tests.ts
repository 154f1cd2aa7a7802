import { succeeded } from '../model/exit.ts'
import { shortenBytes } from '../model/short-reason.ts'
import { packFiles } from '../model/split.ts'
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
import type { FileShare, PlannedJob } from '../planning/planned-job.ts'
import { reportPathsOf } from '../planning/report-paths.ts'
import { type BuildRef, type JobRef, outPrefix } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { explainMissingFiles } from './decide-files.ts'
import { decideTests, type JobResult } from './decide-tests.ts'
import { failureRecord, nameRecord } from './failure-record.ts'
import { type FoundReports, findReports } from './find-reports.ts'
import { firstFailure } from './first-failure.ts'
import { type ReadReports, readReports } from './read-reports.ts'
import { listSeconds, ReportedFiles } from './reported-files.ts'
import type { ReportedTime } from './test-report-format.ts'

/** Everything that reading the reports of a job needs. */
type TestsContext = {
  store: Store
  workspace: string
  signal: AbortSignal
  /** Masks secrets. */
  redact: (text: string) => string
  logLine: (line: string) => Promise<void>
}

/** The counts of the reports, and their first failure; null without any report. */
export type ReadTests = {
  /** For a shard that divides files: which of them the reports name (`packFiles`). */
  ran?: string
  counts: TestCounts | null
  first: TestFailure | null
}

/** Failures that the log names; the record has more. */
const MOST_LOGGED = 5

/**
 * Concludes a job whose command ended by itself, with the tests in its reports. Writes lines about them to the log, and stores
 * `tests.json`.
 * @param since when the command began, by `momentOnDisk`
 */
export async function concludeTests(
  context: TestsContext,
  ref: BuildRef & { job: JobRef },
  { tests, files }: { tests: NonNullable<PlannedJob['tests']>; files?: FileShare | undefined },
  { since, ...ended }: Parameters<typeof decideTests>[0] & { since: bigint },
): Promise<JobResult & ReadTests> {
  const { workspace, redact, logLine, store } = context
  const found = search(workspace, tests.files, since)
  const reported = files && new ReportedFiles(workspace, files.all)
  const onTime = (time: ReportedTime, path: string) => reported?.add(time, path)
  const { tally, reports, errors } = await readReports(workspace, found.written, context.signal, onTime)
  const { counts } = tally
  const failures = tally.failures
    .slice(0, MOST_FAILURES)
    .map(failure => failureRecord(failure, workspace, redact))
  const first = firstFailure(failures)
  const paths = reports.map(({ path }) => redact(path))
  const allErrors = [...found.errors, ...errors].map(redact)
  const shown = reports.map(report => ({ ...report, path: redact(report.path) }))
  const missing = files && reported && explainMissingFiles({ files, found: reported.seconds, reports: shown })
  const result = decideTests(ended, tests, {
    ...{ ...found, counts, first, reports: paths, errors: allErrors },
    missing: missing ? redact(missing) : null,
  })
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
  const flakyTests = tally.flaky.map(test => nameRecord(test, redact))
  const record: TestRecord = {
    ...{ ...counts, failures, reports: listed(reports, redact) },
    ...(flakyTests.length > 0 && { flakyTests }),
    ...(files && reported && { files: listSeconds(files.all, reported.seconds, redact) }),
  }
  const body = Buffer.from(JSON.stringify(record))
  await store.putOnce(testRecordKey(outPrefix(ref, ref.job)), body, 'application/json')
  const ran = files && reported ? { ran: packFiles(reported.seconds.keys(), files.all.length) } : {}
  return { ...result, counts, first, ...ran }
}

/** Searches for reports. A search that would take too long is an error of the reports. */
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
