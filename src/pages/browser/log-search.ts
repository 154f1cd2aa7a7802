import type { LogSource } from './log-source.ts'
import { textOfLine } from './terminal-line.ts'

/** The search stops after this many matching lines. */
const MAX_FOUND = 10_000
/** Matches lines that look like an error. */
const ERROR =
  /(?:errors?|exception)\b|\b(?:err!|not ok|fail(?:ed|ures?|s|ing)?|fatal|panic(?:ked)?|traceback|segmentation fault|command not found|no such file)\b|[✗✘✖]/i
/** Matches those of them that report the absence of errors. */
const NO_ERROR =
  /\b(?:0|no|without|zero) (?:errors?|fail(?:ures|ed)?|exceptions?)\b|\b(?:errors?|failures?|failed):? ?0\b/i

export type Progress = { found: readonly number[]; share: number; isDone: boolean }

/** Whether the plain text of a line matches. */
export type Matches = (line: string) => boolean

/** Lines that contain a text, ignoring case. */
export function containing(text: string): Matches {
  const query = text.toLowerCase()
  return line => line.toLowerCase().includes(query)
}

/** Lines that look like an error. */
export const looksLikeError: Matches = line => ERROR.test(line) && !NO_ERROR.test(line)

/** Finds the numbers of the lines that match. Reports results as they come in. */
export async function searchLog(
  source: LogSource,
  matches: Matches,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const found: number[] = []
  for await (const { first, lines, bytes } of source.pieces()) {
    if (signal.aborted) return
    for (const [index, line] of lines.entries())
      if (found.length < MAX_FOUND && matches(textOfLine(line))) found.push(first + index)
    onProgress({ found, share: bytes / Math.max(1, source.size), isDone: false })
    if (found.length >= MAX_FOUND) break
  }
  if (!signal.aborted) onProgress({ found, share: 1, isDone: true })
}

/** Finds the first line that looks like an error. Null if there is none. */
export async function findFirstError(source: LogSource): Promise<number | null> {
  for await (const { first, lines } of source.pieces()) {
    const index = lines.findIndex(line => looksLikeError(textOfLine(line)))
    if (index >= 0) return first + index
  }
  return null
}
