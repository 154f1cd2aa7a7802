/** Lines of a command's output, as a terminal shows them, without colours. */
export type OutputLines = {
  texts: readonly string[]
  /** The number of the line in the log from 1; null if the log does not have it. `index`: in `texts`. */
  numberOf(index: number): number | null
}

/** The beginning and the end of a command's output, with secrets masked. Lines of the runner are no part of it. */
export type CommandOutput = {
  /** The end of it: this many bytes, as far as they are kept. */
  tail(bytes: number): string
  /** Reads all that is kept. Takes time. */
  lines(): OutputLines
  /** The last lines that have something to read, each shortened to `width` characters. */
  lastLines(count: number, width: number): string[]
}
