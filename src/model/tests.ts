import { fileSecondsSchema, MOST_FILES } from './split.ts'
import { z } from './zod.ts'

/** The most tests that the reports of one job may have. */
export const MOST_TESTS = 20_000
/** How many of the first failures are kept. */
export const MOST_FAILURES = 20
/** The length of a name, a suite and a path, in UTF-16 units. */
export const MOST_NAME = 300
/** The size of a message, in bytes as JSON. */
export const MESSAGE_BYTES = 4096

const count = z.int().nonnegative().max(MOST_TESTS)

/** The numbers of tests of a job, by result. A flaky test failed and later passed; it counts as passed, too. */
const countsShape = {
  passed: count,
  failed: count,
  /** Tests, and suites that ended before any of their tests. */
  errored: count,
  skipped: count,
  flaky: count,
}
export type TestCounts = z.infer<z.ZodObject<typeof countsShape>>

/** Whether these can be the counts of one job. */
const arePossible = (counts: TestCounts) => totalOf(counts) <= MOST_TESTS && counts.flaky <= counts.passed

/** Packed counts do not count further ones. */
const MOST_FLAKY = 99
/** The same counts in few bytes: passed, failed or errored, skipped, flaky. */
export const packedCountsSchema = z
  .tuple([count, count, count, count.max(MOST_FLAKY)])
  .refine(packed => arePossible(unpackCounts(packed)))
type PackedCounts = [passed: number, failed: number, skipped: number, flaky: number]

export const packCounts = (counts: TestCounts): PackedCounts => [
  ...([counts.passed, failedTests(counts), counts.skipped] as const),
  Math.min(counts.flaky, MOST_FLAKY),
]
/** Errors are among the failures. */
export const unpackCounts = ([passed, failed, skipped, flaky]: PackedCounts): TestCounts => ({
  ...{ passed, failed, errored: 0, skipped, flaky },
})

/** A test that failed, or a suite that failed before any of its tests. Texts come from the report, masked and shortened. */
export const testFailureSchema = z.object({
  suite: z.string().max(MOST_NAME),
  name: z.string().max(MOST_NAME),
  message: z.string().max(MESSAGE_BYTES),
  /** A file of the commit, relative to its root, and the line in it. */
  file: z.string().max(MOST_NAME).nullable(),
  line: z.int().positive().max(10_000_000).nullable(),
})
const testNameSchema = testFailureSchema.pick({ suite: true, name: true })
export type TestName = z.infer<typeof testNameSchema>
export type TestFailure = z.infer<typeof testFailureSchema>

/** The counts of tests in the record of a job. */
export const testCountsSchema = z.object(countsShape).refine(arePossible)

/** The most report files that are listed. Further ones are only counted. */
export const MOST_REPORTS = 100

/** In bytes. */
export const TESTS_RECORD_LIMIT = 1024 * 1024

/** `tests.json`: the results of the reports of one attempt. Written once, by the job. */
export const testRecordSchema = z.object({
  ...countsShape,
  failures: z.array(testFailureSchema).max(MOST_FAILURES),
  /** The first tests that failed and later passed. Absent if there are none, and in records of versions that did not name them. */
  flakyTests: z.array(testNameSchema).max(MOST_FAILURES).optional(),
  reports: z
    .array(z.object({ path: z.string().max(MOST_NAME), format: z.enum(['junit', 'tap']), tests: count }))
    .max(MOST_REPORTS),
  /** For a shard that divides files: the seconds of those that the reports name. */
  files: z.array(fileSecondsSchema).max(MOST_FILES).optional(),
})
export type TestRecord = z.infer<typeof testRecordSchema>

/** The key of the record, below the prefix of its job's attempt. */
export const testRecordKey = (prefix: string) => `${prefix}tests.json`

/** Tests that did not pass. */
export const failedTests = ({ failed, errored }: TestCounts) => failed + errored

export const totalOf = ({ passed, failed, errored, skipped }: TestCounts) =>
  passed + failed + errored + skipped

/** `cart › multiplies by quantity`. */
export const titleOfTest = ({ suite, name }: TestName) => [suite, name].filter(Boolean).join(' › ')

/** `2 of 34 tests failed: cart › multiplies by quantity`. */
export const describeFailedTests = (counts: TestCounts, first: TestFailure | null): string =>
  `${failedTests(counts)} of ${testsOf(totalOf(counts))} failed${first ? `: ${titleOfTest(first)}` : ''}`

/** `31 passed (1 flaky), 2 failed, 1 skipped`. */
export function describeCounts(counts: TestCounts): string {
  const { passed, skipped, flaky } = counts
  const failed = failedTests(counts)
  return [
    `${passed} passed${flaky > 0 ? ` (${flaky} flaky)` : ''}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ].join(', ')
}

const testsOf = (number: number) => `${number} ${number === 1 ? 'test' : 'tests'}`
