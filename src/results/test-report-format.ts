/** How a test, or a suite as a whole, ended according to a report. */
export type ReportedResult = 'passed' | 'failed' | 'errored' | 'skipped'

/** A test of a report, in the words of its tool. */
export type ReportedTest = {
  /** The same for every attempt at this test, and for no other test. */
  id: string
  suite: string
  name: string
  result: ReportedResult
  /** Whether it passed only after it had failed. */
  isFlaky: boolean
  /** The failure's text in the report; empty if there is none. */
  message: string
  /** The file that the report names, as it writes it. */
  file: string | null
  line: number | null
  /** Texts of the report that may be the path of its test file, or stand for it, as written; the likeliest first. */
  places: readonly string[]
  /** How long it took, in seconds; 0 if the report does not say. */
  seconds: number
}

/** The time of a file in a report, in addition to earlier parts of it. */
export type ReportedTime = Pick<ReportedTest, 'places' | 'seconds'>

/** Takes the text of one report, in pieces of any size. */
export type ReportParser = {
  /** @throws ReportError */
  write(text: string): void
  /** @throws ReportError if the report is not complete */
  end(): void
}

/** A format of test reports. Beyond the tests that it passes on, its parser takes a bounded amount of memory, whatever the text is. */
export type TestReportFormat = {
  name: 'junit' | 'tap'
  /** Whether a report that begins like this has this format. */
  recognises(head: string): boolean
  /**
   * `onTest` is called for each test, and for each suite that failed without a failed test, in the order of the report; `onTime` for each
   * suite that took longer than its tests, if these are of one file.
   */
  open(onTest: (test: ReportedTest) => void, onTime?: (time: ReportedTime) => void): ReportParser
}

/** Why a report cannot be read, as the end of a sentence about it. */
export class ReportError extends Error {
  override readonly name = 'ReportError'
}
