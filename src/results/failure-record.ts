import { lstatSync } from 'node:fs'
import { isAbsolute, join, normalize, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { shortenBytes } from '../model/short-reason.ts'
import { MESSAGE_BYTES, MOST_NAME, type TestFailure, type TestName } from '../model/tests.ts'
import { type Place, placeIn } from './stack-place.ts'
import type { ReportedTest } from './test-report-format.ts'

/** In UTF-16 units. A larger part of a message would add nothing. */
const MOST_SEARCHED = 256 * 1024

/** A failure, as recorded. It is masked before it is shortened, so that no part of a secret is left. */
export function failureRecord(
  test: ReportedTest,
  workspace: string,
  redact: (text: string) => string,
): TestFailure {
  const { file, line } = placeOf(test, workspace)
  return {
    ...nameRecord(test, redact),
    message: shortenBytes(redact(readable(test.message)), MESSAGE_BYTES),
    file: file === null ? null : shortName(redact(plain(file))),
    line,
  }
}

/** The names of a test, as recorded. */
export const nameRecord = (
  { suite, name }: Pick<ReportedTest, 'suite' | 'name'>,
  redact: (text: string) => string,
): TestName => ({ suite: shortName(redact(plain(suite))), name: shortName(redact(plain(name))) })

/** The first frame in a file of the commit, or else the place that the report names. */
function placeOf(
  { message, file, line }: ReportedTest,
  workspace: string,
): Place | { file: null; line: null } {
  const toPath = (written: string) => pathInCommit(written, workspace)
  const frame = placeIn(message.slice(0, MOST_SEARCHED), toPath)
  if (frame) return frame
  const named = file === null ? null : toPath(file)
  return named === null ? { file: null, line: null } : { file: named, line }
}

/** The path within the commit of a file as a tool writes it; null for packages and for files outside of the commit, also behind a link. */
export function pathInCommit(written: string, workspace: string): string | null {
  const name = written.replace(/^file:\/\//, '')
  const path = normalize(isAbsolute(name) ? relative(workspace, name) : name)
  const parts = path.split('/')
  if (path.length > MOST_NAME || isAbsolute(path) || path.includes('\0')) return null
  if (parts.some(part => part === '..' || part === 'node_modules' || part === '.git')) return null
  const stats = parts.map((_, at) =>
    lstatSync(join(workspace, ...parts.slice(0, at + 1)), { throwIfNoEntry: false }),
  )
  const isInside = stats.slice(0, -1).every(parent => parent?.isDirectory())
  return isInside && stats.at(-1)?.isFile() ? path : null
}

/** The text on one line, without control characters. */
export const plain = (text: string) =>
  stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()

const readable = (text: string) =>
  stripVTControlCharacters(text)
    .replace(/\r\n?/g, '\n')
    // Line breaks and tabs stay.
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .trim()

/** Shortens a name. Halves of characters are left out. */
export const shortName = (text: string) =>
  text.length <= MOST_NAME
    ? text.toWellFormed()
    : `${text
        .slice(0, MOST_NAME - 1)
        .replace(/[\ud800-\udbff]$/, '')
        .toWellFormed()}…`
