import type { LogSource } from './log-source.ts'
import { textOfLine } from './terminal-line.ts'

/** The search stops after so many matching lines. */
const MAX_FOUND = 10_000
/** Matches lines that look like an error. */
const ERROR =
  /(?:errors?|exception)\b|\b(?:err!|not ok|fail(?:ed|ures?|s|ing)?|fatal|panic(?:ked)?|traceback|segmentation fault|command not found|no such file)\b|[✗✘✖]/i
/** Matches those of them that report the absence of errors. */
const NO_ERROR =
  /\b(?:0|no|without|zero) (?:errors?|fail(?:ures|ed)?|exceptions?)\b|\b(?:errors?|failures?|failed):? ?0\b/i

export type Progress = { found: readonly number[]; share: number; isDone: boolean }

/** Finds the numbers of the lines that contain a text, ignoring case. Reports results as they come in. */
export async function searchLog(
  source: LogSource,
  text: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const query = text.toLowerCase()
  const found: number[] = []
  for await (const { first, lines, bytes } of source.pieces()) {
    if (signal.aborted) return
    for (const [index, line] of lines.entries())
      if (found.length < MAX_FOUND && textOfLine(line).toLowerCase().includes(query))
        found.push(first + index)
    onProgress({ found, share: bytes / Math.max(1, source.size), isDone: false })
    if (found.length >= MAX_FOUND) break
  }
  if (!signal.aborted) onProgress({ found, share: 1, isDone: true })
}

/** Finds the first line that looks like an error. Null if there is none. */
export async function findFirstError(source: LogSource): Promise<number | null> {
  for await (const { first, lines } of source.pieces()) {
    const index = lines.findIndex(line => {
      const text = textOfLine(line)
      return ERROR.test(text) && !NO_ERROR.test(text)
    })
    if (index >= 0) return first + index
  }
  return null
}
