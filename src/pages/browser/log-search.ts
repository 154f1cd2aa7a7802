import type { LogSource } from './log-source.ts'
import { textOfLine } from './terminal-line.ts'

/** More are not counted: nobody steps through them. */
const MOST_FOUND = 10_000
/** What a line says that most likely is the trouble, and what only looks like it. */
const TROUBLE =
  /(?:errors?|exception)\b|\b(?:err!|not ok|fail(?:ed|ures?|s|ing)?|fatal|panic(?:ked)?|traceback|segmentation fault|command not found|no such file)\b|[✗✘✖]/i
const NO_TROUBLE =
  /\b(?:0|no|without|zero) (?:errors?|fail(?:ures|ed)?|exceptions?)\b|\b(?:errors?|failures?|failed):? ?0\b/i

export type Progress = { found: readonly number[]; share: number; isDone: boolean }

/** The numbers of the lines that hold this text, in upper or lower case; tells how far it has come as it goes. */
export async function searchLog(
  source: LogSource,
  text: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const wanted = text.toLowerCase()
  const found: number[] = []
  for await (const { first, lines, bytes } of source.pieces()) {
    if (signal.aborted) return
    for (const [index, line] of lines.entries())
      if (found.length < MOST_FOUND && textOfLine(line).toLowerCase().includes(wanted))
        found.push(first + index)
    onProgress({ found, share: bytes / Math.max(1, source.size), isDone: false })
    if (found.length >= MOST_FOUND) break
  }
  if (!signal.aborted) onProgress({ found, share: 1, isDone: true })
}

/** The first line that looks like an error; null when none does. */
export async function findFirstError(source: LogSource): Promise<number | null> {
  for await (const { first, lines } of source.pieces()) {
    const index = lines.findIndex(line => {
      const text = textOfLine(line)
      return TROUBLE.test(text) && !NO_TROUBLE.test(text)
    })
    if (index >= 0) return first + index
  }
  return null
}
