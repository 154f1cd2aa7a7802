import {
  type Found,
  firstPlace,
  indexIn,
  type Part,
  plainFailure,
  recogniser,
  scriptFrame,
  shownBefore,
} from './log-lines.ts'
import { crashIn } from './script-crash.ts'

/** The headings of the reporters `spec` and `dot`. */
const HEADING = /^(?:✖ failing tests:|Failed tests:)$/
const ENTRY = /^✖ (.+?)(?: \([\d.]{1,20}ms\))?$/
const LOCATION = /^test at (.{1,500}):(\d{1,8}):\d{1,8}$/
/** Tests that only failed because others did. */
const BECAUSE_OF_OTHERS =
  /^\s+'?(?:\d+ subtests? failed|test did not finish before its parent and was cancelled)'?$/
/** There may be a report of coverage between a summary and the failures. */
const MOST_SUMMARY = 2000
const THRESHOLD = /^ℹ (?:Error: )?[\d.]{1,10}% .{1,100} does not meet threshold/

/** `node --test` of Node 18 and later; the TAP recogniser handles its TAP. */
export const nodeTestRecogniser = recogniser('node:test', lines => {
  const headings = lines.flatMap((line, at) => (HEADING.test(line) ? [at] : []))
  const heading = headings.at(-1)
  if (heading === undefined) return threshold(lines)
  const before = { from: headings.at(-2) ?? 0, to: heading }
  const entries = entriesIn(lines, { from: heading + 1, to: lines.length })
  const isOwn = ({ from, to }: Part) =>
    !lines.slice(from, Math.min(to, from + 5)).some(line => BECAUSE_OF_OTHERS.test(line))
  const entry = entries.find(isOwn) ?? entries[0]
  return entry === undefined ? null : describe(lines, entry, before, entries.at(-1)?.to ?? entry.to)
})

function entriesIn(lines: readonly string[], { from, to }: Part): Part[] {
  const entries: Part[] = []
  for (let at = from; at < to; at++) {
    const line = lines[at] ?? ''
    if (ENTRY.test(line)) entries.push({ from: at, to: at + 1 })
    else if (/^(?:\s|$)/.test(line) || LOCATION.test(line)) {
      const last = entries.at(-1)
      if (last && line.trim() !== '' && !LOCATION.test(line)) last.to = at + 1
    } else if (entries.length > 0) break
  }
  return entries
}

function describe(lines: readonly string[], entry: Part, before: Part, end: number): Found {
  const [, name = ''] = ENTRY.exec(lines[entry.from] ?? '') ?? []
  const [, file, number] = LOCATION.exec(lines[entry.from - 1] ?? '') ?? []
  const location = file === undefined ? null : { file, line: Number(number) }
  const frame = firstPlace(lines, entry, scriptFrame)
  const counts = { ...countsIn(lines, before), end: end - 1 }
  // The message of a file that ended with an error is only that it failed.
  const isFile = /^\s+'?test failed'?$/.test(lines[entry.from + 1] ?? '')
  const crash = isFile ? crashBefore(lines, before, name) : null
  if (crash) return { ...crash, ...counts, test: name }
  const isStack = (line: string) => /^\s+at |^ {4}\w+: |^ {2}\}$/.test(line)
  const place = frame ?? location
  return {
    test: [...suitesOf(lines, before, name), name].join(' › '),
    ...counts,
    shown: shownBefore(lines, entry, frame ? [frame.at] : [], isStack),
    file: place?.file ?? null,
    line: place?.line ?? null,
  }
}

/** Several files may have crashed; each one is named after its error. */
function crashBefore(lines: readonly string[], { from, to }: Part, name: string): Found | null {
  const isResult = (line: string) => ENTRY.exec(line)?.[1] === name
  const result = indexIn(lines, { from, to }, isResult)
  let start = result
  while (start > from && !/^[✖✔▶]/.test(lines[start - 1] ?? '')) start -= 1
  return crashIn(lines, { from: start, to: result })
}

/** The suites of a test, by the indentation of the results. */
function suitesOf(lines: readonly string[], { from, to }: Part, name: string): string[] {
  const isResult = (line: string) => ENTRY.exec(line.trimStart())?.[1] === name
  const result = indexIn(lines, { from, to }, isResult)
  if (result === to) return []
  let indent = indentOf(lines[result])
  const suites: string[] = []
  for (let at = result - 1; at >= from && indent > 0; at--) {
    const line = lines[at] ?? ''
    if (!line.trimStart().startsWith('▶ ') || indentOf(line) >= indent) continue
    indent = indentOf(line)
    suites.unshift(line.trim().slice(2))
  }
  return suites
}

const indentOf = (line = '') => line.length - line.trimStart().length

/** The summary comes before the failures. Summaries of runs that passed may come before it. */
function countsIn(lines: readonly string[], { from, to }: Part) {
  const own = lines.slice(Math.max(from, to - MOST_SUMMARY), to).reverse()
  const count = (name: string) => {
    const line = own.find(each => each.startsWith(`ℹ ${name} `))
    return line === undefined ? null : Number(/\d{1,8}$/.exec(line)?.[0] ?? 0)
  }
  const [total, failed] = [count('tests'), count('fail')]
  return { total, failed: failed === null ? null : failed + (count('cancelled') ?? 0) }
}

function threshold(lines: readonly string[]): Found | null {
  const at = indexIn(lines, { from: 0, to: lines.length }, line => THRESHOLD.test(line))
  return at === lines.length ? null : plainFailure([at], null, at)
}
