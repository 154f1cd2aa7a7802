/** Lines of a command's output, as a terminal shows them, without colours. */
export type OutputLines = {
  texts: readonly string[]
  /** The number of the line in the log from 1; null if the log does not have it. `index`: in `texts`. */
  numberOf(index: number): number | null
}

/** The beginning and the end of a command's output, with secrets masked. It does not include lines of the runner. */
export type CommandOutput = {
  /** Its last bytes, at most this many, as far as they are kept. */
  tail(bytes: number): string
  /** Reads everything that is kept. Takes time. */
  lines(): OutputLines
  /** The last lines that are not blank, each shortened to `width` characters. */
  lastLines(count: number, width: number): string[]
}
