/** The most lines of an excerpt of a log. */
export const MOST_SHOWN = 20

/** The failure in a log, in the words of its tool. */
export type FailureInLog = {
  /** `suite › test`; null if a compiler, a linter or a script failed instead of a test. */
  test: string | null
  /** How many tests failed; `total`: of how many. Null unless the tool counts them. */
  failed: number | null
  total: number | null
  /** The lines that describe it, as ordinals in ascending order, at most `MOST_SHOWN`. The log is opened at the first one. */
  shown: readonly number[]
  /** The place in the source, as the tool writes it. */
  file: string | null
  line: number | null
}

/** Recognises the output of one tool. Takes time that is linear in the text, whatever the text is. */
export type LogRecogniser = {
  name: string
  /**
   * The first failure in the output of a command, if this tool wrote it and reports one. `lines`: as a terminal shows them, without
   * colours and without the lines of the runner.
   */
  find(lines: readonly string[]): FailureInLog | null
}
