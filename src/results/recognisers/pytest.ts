import { MOST_SHOWN } from '../log-recogniser.ts'
import {
  type Found,
  indexIn,
  inLastRun,
  isForeign,
  lastPlace,
  type Part,
  plainFailure,
  pythonFrame,
  recogniser,
  type Summary,
  shownBefore,
  shownIn,
} from './log-lines.ts'

const SUMMARY = /^(?:=+ )?((?:\d{1,8} [a-z]{1,20}(?:, )?){1,12}|no tests ran) in [\d.]{1,20}s\b/
const SECTION = /^=+ (FAILURES|ERRORS) =+$/
const ANY_SECTION = /^(?:={3,} .* ={3,}|-{3,} .* -{3,}|!{3,} .* !{3,})$/
const HEADER = /^_{3,} (\S.{0,300}?) _{3,}$/
const LISTED = /^(FAILED|ERROR) (\S+?)(?: - (.*))?$/
/** `tests/test_a.py:10: AssertionError`, `tests/test_a.py:6: in test_loads`. */
const PLACE = /^((?:\/|[\w.@-])[^\s:]{0,300}\.pyi?):(\d{1,8}):(?: |$)/
const OTHER_FAILURE =
  /^(?:FAIL Required test coverage of|ERROR: Coverage failure:|ImportError while loading conftest|ERROR: (?:file or directory not found|not found|usage|.{0,80}unrecognized arguments))/

/** pytest 5 and later, with each style of traceback. */
export const pytestRecogniser = recogniser('pytest', lines => {
  const whole = { from: 0, to: lines.length }
  const found = inLastRun(
    lines,
    summaryOf,
    (part, summary) => fromSections(lines, part, summary) ?? fromList(lines, part, summary),
  )
  return found ?? otherFailure(lines, whole)
})

function summaryOf(line: string): Summary | null {
  const [, counts] = SUMMARY.exec(line) ?? []
  if (counts === undefined) return null
  let [failed, total] = [0, 0]
  for (const [, count, kind = ''] of counts.matchAll(/(\d+) ([a-z]+)/g)) {
    if (!/^(?:failed|passed|skipped|xfailed|xpassed|errors?)$/.test(kind)) continue
    total += Number(count)
    if (/^(?:failed|errors?)$/.test(kind)) failed += Number(count)
  }
  return { failed, total }
}

function fromSections(lines: readonly string[], part: Part, summary: Summary | null): Found | null {
  const section = indexIn(lines, part, line => SECTION.test(line))
  const from = indexIn(lines, { from: section, to: part.to }, line => HEADER.test(line))
  const [, name] = HEADER.exec(lines[from] ?? '') ?? []
  if (from === part.to || name === undefined) return null
  const isEnd = (line: string) => HEADER.test(line) || ANY_SECTION.test(line)
  const to = indexIn(lines, { from: from + 1, to: part.to }, isEnd)
  const block = { from, to }
  const place = lastPlace(lines, block, frameOf)
  const isCounted = summary !== null && !/^ERROR collecting /.test(name)
  return {
    test: testOf(name),
    failed: isCounted ? summary.failed : null,
    total: isCounted ? summary.total : null,
    shown: shownOf(lines, block, place?.at ?? null),
    file: place?.file ?? null,
    line: place?.line ?? null,
    end: summary ? part.to - 1 : to - 1,
  }
}

const frameOf = (line: string) => {
  const [, file, number] = PLACE.exec(line) ?? []
  if (file !== undefined) return { file, line: Number(number) }
  // A file that cannot be parsed: `E     File "/repo/test_a.py", line 1`.
  return pythonFrame(line.replace(/^E {2,}/, ''))
}

/** `TestCart.test_adds[2-3]`, `ERROR at setup of test_reads`, `ERROR collecting tests/test_a.py`. */
function testOf(name: string): string {
  const plain = name.replace(/^ERROR (?:at (?:setup|teardown) of|collecting) /, '')
  if (/^ERROR collecting /.test(name)) return plain
  const bracket = plain.indexOf('[')
  const path = bracket > 0 ? plain.slice(0, bracket) : plain
  const parameters = bracket > 0 ? plain.slice(bracket) : ''
  return /^[\w.]+$/.test(path) ? path.replaceAll('.', ' › ') + parameters : plain
}

/** The header, the code until the line that failed, the message and the place, without the frames in between. */
function shownOf(lines: readonly string[], { from, to }: Part, place: number | null): number[] {
  const isMessage = (line: string) => /^E(?: |$)/.test(line)
  const message = indexIn(lines, { from, to }, isMessage)
  if (message === to) {
    // With `--tb=native`, the message follows the last frame. In a doctest, the place is the last line.
    const rest = place === null ? [] : shownIn(lines, { from: place, to }, { most: MOST_SHOWN - 1 })
    return rest.length > 1 ? [from, ...rest] : shownIn(lines, { from, to })
  }
  let first = message
  while (first > from + 1 && first > message - 7 && isCode(lines[first - 1] ?? '')) first -= 1
  // The lines below a frame of a package are its code.
  if (first > from + 1 && isForeignFrame(lines[first - 1] ?? '')) first = message
  let end = message
  while (end < to && isMessage(lines[end] ?? '')) end += 1
  const rest = place !== null && place >= end ? [place] : []
  const before = place !== null && place < first ? [place] : []
  return [from, ...before, ...shownBefore(lines, { from: first, to: end }, rest).slice(0, 19 - before.length)]
}

const isForeignFrame = (line: string) => {
  const frame = frameOf(line)
  return frame !== null && isForeign(frame.file)
}

const isCode = (line: string) => line.trim() !== '' && !isForeignFrame(line)

/** The summary at the end, if there is no traceback (`--tb=no`, `--tb=line`). */
function fromList(lines: readonly string[], part: Part, summary: Summary | null): Found | null {
  const isHeading = (line: string) => /^=+ short test summary info =+$/.test(line)
  const heading = indexIn(lines, part, isHeading)
  const at = indexIn(lines, { from: heading, to: part.to }, line => LISTED.test(line))
  const [, , id, message = ''] = LISTED.exec(lines[at] ?? '') ?? []
  if (at === part.to || id === undefined) return null
  const [file = id, ...names] = id.split('::')
  const section = indexIn(lines, { from: part.from, to: heading }, line => SECTION.test(line))
  const isPlace = (line: string) => PLACE.test(line) && !isForeign(line) && line.endsWith(message)
  const line = indexIn(lines, { from: section, to: heading }, isPlace)
  const place = line < heading && message !== '' ? frameOf(lines[line] ?? '') : null
  return {
    test: names.length > 0 ? names.join(' › ') : file,
    failed: names.length > 0 ? (summary?.failed ?? null) : null,
    total: names.length > 0 ? (summary?.total ?? null) : null,
    shown: [...(place ? [line] : []), at],
    file: place?.file ?? file,
    line: place?.line ?? null,
    end: summary ? part.to - 1 : at,
  }
}

function otherFailure(lines: readonly string[], part: Part): Found | null {
  const at = indexIn(lines, part, line => OTHER_FAILURE.test(line))
  if (at === part.to) return noTests(lines, part)
  const isConftest = lines[at]?.startsWith('ImportError') ?? false
  const isUsage = lines[at]?.startsWith('ERROR: usage') ?? false
  const block = { from: isUsage ? at + 1 : at, to: isConftest ? part.to : isUsage ? at + 2 : at + 1 }
  const place = isConftest ? lastPlace(lines, block, frameOf) : null
  return plainFailure(shownIn(lines, block), place, at)
}

/** pytest ends with exit code 5 if no test was run. */
function noTests(lines: readonly string[], part: Part): Found | null {
  const at = indexIn(lines, part, line => /^=+ (?:no tests ran|\d+ deselected) in /.test(line))
  return at === part.to ? null : plainFailure([at], null, at)
}
