import { countNewlines } from './line-index.ts'
import { visibleLines } from './visible-lines.ts'

const LINE_FEED = 0x0a
/** More lines are left out at the beginning. */
const MOST_LINES = 50_000
/** Both ends of a longer line are read, in bytes of UTF-8 or less. */
const MOST_READ = 64 * 1024
/** The longest line, in UTF-16 units. */
const MOST_SHOWN = 4096

/** Lines, and the number of the first one in its log. */
export type NumberedLines = { texts: string[]; first: number }

/**
 * The lines of a part of a log, each as a terminal would finally show it, without colours. Moves of the cursor to another line are left
 * out, so that they stay lines of the log. Takes linear time.
 * @param before how many lines of the log end before the part
 * @param isCut whether the part may begin within a line, which is left out then
 */
export function shownLines(part: Buffer, before: number, isCut = false): NumberedLines {
  const start = startOf(part, isCut)
  const texts: string[] = []
  let at = start
  for (let end = part.indexOf(LINE_FEED, at); end >= 0; end = part.indexOf(LINE_FEED, at)) {
    texts.push(shownLine(part.subarray(at, end)))
    at = end + 1
  }
  // Nothing follows the last line feed.
  if (at < part.length || texts.length === 0) texts.push(shownLine(part.subarray(at)))
  return { texts, first: before + 1 + countNewlines(part, 0, start) }
}

/** The beginning of the first line that is read. */
function startOf(part: Buffer, isCut: boolean): number {
  let at = part.length
  for (let lines = 0; lines <= MOST_LINES; lines++) {
    const feed = at === 0 ? -1 : part.lastIndexOf(LINE_FEED, at - 1)
    if (feed < 0) return isCut ? part.indexOf(LINE_FEED) + 1 : 0
    at = feed
  }
  return at + 1
}

function shownLine(bytes: Buffer): string {
  const text =
    bytes.length <= MOST_READ
      ? bytes.toString()
      : `${bytes.subarray(0, MOST_READ / 2).toString()} … ${bytes.subarray(-MOST_READ / 2).toString()}`
  const shown = CONTROLS.test(text) ? visibleLines(text).join('') : text
  return shown.length <= MOST_SHOWN ? shown : shown.slice(0, MOST_SHOWN)
}

/** Control characters except tabs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/
