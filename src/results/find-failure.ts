import { EXCERPT_LINES } from '../model/failure.ts'
import type { FailureInLog, LogRecogniser } from './log-recogniser.ts'

/**
 * The failure in the output of a command, according to the first recogniser that finds one. A pure function except for the time: no
 * further one is tried once it `isTooLate`.
 */
export function findFailure(
  lines: readonly string[],
  recognisers: readonly LogRecogniser[],
  isTooLate = () => false,
): FailureInLog | null {
  for (const { find } of recognisers) {
    if (isTooLate()) return null
    const found = find(lines)
    if (found && found.shown.length > 0) return { ...found, shown: found.shown.slice(0, EXCERPT_LINES) }
  }
  return null
}

const SHORTEST_NAME = 4
/** The name of a test is at most this many lines before its message. */
const NAME_BEFORE = 10

/** The line about a test: its name right before the first line with its message, else that line, or else the last line with its name. */
export function lineAbout(
  lines: readonly string[],
  { name, message }: { name: string; message: string },
): number | null {
  const isName = name.length >= SHORTEST_NAME
  const [text = ''] = message.split('\n').flatMap(line => line.trim() || [])
  const at = text.length >= SHORTEST_NAME ? lines.findIndex(line => line.includes(text)) : -1
  if (at < 0) {
    const last = isName ? lines.findLastIndex(line => line.includes(name)) : -1
    return last < 0 ? null : last
  }
  const from = Math.max(0, at - NAME_BEFORE)
  const named = isName ? lines.slice(from, at).findLastIndex(line => line.includes(name)) : -1
  return named < 0 ? at : from + named
}

/** The last lines that are not blank, as ordinals. */
export function lastShown(lines: readonly string[], count: number): number[] {
  const shown: number[] = []
  for (let at = lines.length - 1; at >= 0 && shown.length < count; at--)
    if (lines[at]?.trim()) shown.unshift(at)
  return shown
}

/** Why a command failed, in a sentence: the test that failed, or else the first line of the error. `place`: a file of the commit. */
export function describeFound(
  { test, failed, total }: Pick<FailureInLog, 'test' | 'failed' | 'total'>,
  place: { file: string | null; line: number | null },
  first: string,
): string {
  if (test === null) return describeError(first.trim(), place)
  if (failed === null || failed < 1) return `${test} failed`
  if (total === null || total < failed) return `${failed} ${failed === 1 ? 'test' : 'tests'} failed: ${test}`
  return `${failed} of ${total} ${total === 1 ? 'test' : 'tests'} failed: ${test}`
}

/** The forms in which tools write the place of an error: `src/a.ts(3,7): error TS2322: …`, `/repo/src/a.c:3:7: error: …`. */
const PLACED =
  /^(\S{1,300}?)[:(]\d{1,8}(?:[:,]\d{1,8})?\)?\s{0,4}[:-]?\s{1,4}(?:(?:fatal )?error(?: [A-Z]{1,4}\d{1,6})?:\s{1,4})?/i

function describeError(line: string, { file, line: number }: { file: string | null; line: number | null }) {
  if (file === null) return line
  const place = number === null ? file : `${file}:${number}`
  const [prefix = '', written = ''] = PLACED.exec(line) ?? []
  const rest = written.endsWith(file) || file.endsWith(written) ? line.slice(prefix.length) : line
  return rest === '' ? place : `${place}: ${rest}`
}
