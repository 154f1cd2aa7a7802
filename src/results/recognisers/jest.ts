import { MOST_SHOWN } from '../log-recogniser.ts'
import {
  type Found,
  firstPlace,
  indexIn,
  inLastRun,
  type Part,
  plainFailure,
  recogniser,
  type Summary,
  scriptFrame,
  shownBefore,
  shownIn,
} from './log-lines.ts'

const HEADER = /^ {2}● (.+)$/
/** Headers of output of tests, and of retries. */
const OTHER = /^(?:Console|RETRY \d+|Cannot log after tests are done.*)$/
const NOT_LOADED = 'Test suite failed to run'
const SUMMARY = /^Tests: +(?:[^,]+, )*(\d+) total$/
const FRAME = /^\s*>?\s*\d* \|/
/** Failures without a failed test. */
const OTHER_FAILURE =
  /^(?:● (?:Validation Error|Unrecognized CLI Parameters?):$|No tests found, exiting with code 1|Jest: .{0,200}\bthreshold\b)/

/** Jest 24 and later. */
export const jestRecogniser = recogniser('jest', lines => {
  let failedSuites = 0
  const found = inLastRun(
    lines,
    line => {
      const suites = /^Test Suites: (?:(\d+) failed, )?/.exec(line)
      if (suites) failedSuites = Number(suites[1] ?? 0)
      const [, total] = SUMMARY.exec(line) ?? []
      if (total === undefined) return null
      const failed = Number(/(\d+) failed/.exec(line)?.[1] ?? 0)
      return { failed: failed || failedSuites, total: failed > 0 ? Number(total) : null }
    },
    (part, summary) => firstFailed(lines, part, summary),
  )
  return found ?? otherFailure(lines, { from: 0, to: lines.length })
})

/** The file of a line such as `FAIL web src/a.test.js (5.2 s)`. */
function resultOfFile(line: string): string | null {
  if (!line.startsWith('FAIL ') && !line.startsWith('PASS ')) return null
  const text = line.replace(/ \([\d.]{1,20} m?s\)$/, '').trimEnd()
  return text.slice(text.lastIndexOf(' ') + 1)
}

function firstFailed(lines: readonly string[], { from, to }: Part, summary: Summary | null): Found | null {
  let file: string | null = null
  for (let at = from; at < to; at++) {
    const line = lines[at] ?? ''
    file = resultOfFile(line) ?? file
    const [, title] = HEADER.exec(line) ?? []
    if (title === undefined || OTHER.test(title)) continue
    // Jest writes `●` before other things as well, but below `FAIL` only before failures.
    if (file === null && summary === null) continue
    const isFile = title === NOT_LOADED
    const block = { from: at, to: indexIn(lines, { from: at + 1, to }, isAfter) }
    const { shown, place } = describe(lines, block)
    return {
      test: isFile ? file : title,
      shown,
      file: place?.file ?? file,
      line: place?.line ?? null,
      failed: summary?.total ? summary.failed : null,
      total: summary?.total ?? null,
      end: summary ? to - 1 : block.to - 1,
    }
  }
  return null
}

const isAfter = (line: string) =>
  HEADER.test(line) || /^(?:FAIL|PASS|Test Suites:|Tests:|Summary of all failing tests|-{5,}\|)/.test(line)

/** The message, the code and the place. */
function describe(lines: readonly string[], block: Part) {
  const place = firstPlace(lines, block, scriptFrame) ?? inMessage(lines, block)
  const code = indexIn(lines, block, line => /^\s*>\s*\d+ \|/.test(line))
  const rest: number[] = []
  if (code < block.to) {
    let first = code
    while (first > block.from && FRAME.test(lines[first - 1] ?? '')) first -= 1
    for (let at = first; at < block.to && FRAME.test(lines[at] ?? ''); at++) rest.push(at)
  }
  if (place && place.at > (rest.at(-1) ?? block.from)) rest.push(place.at)
  // Babel's error follows a page of advice.
  const details = indexIn(lines, block, line => line === '    Details:')
  const from = details < block.to ? details + 1 : block.from
  const isStack = (line: string) => /^\s+at /.test(line)
  const shown = shownBefore(lines, { from, to: rest[0] ?? block.to }, rest, isStack)
  return { shown: from > block.from ? [block.from, ...shown.slice(0, MOST_SHOWN - 1)] : shown, place }
}

/** Babel and TypeScript: `SyntaxError: /repo/a.js: Unexpected token (2:12)`, `a.ts:3:5 - error TS2322`. */
function inMessage(lines: readonly string[], block: Part) {
  return firstPlace(lines, block, line => {
    const babel = /^\s*SyntaxError: (.+?): .*\((\d{1,8}):\d{1,8}\)$/.exec(line)
    const typescript = /^\s*(\S.*?):(\d{1,8}):\d{1,8} - error TS\d+/.exec(line)
    const [, file, number] = babel ?? typescript ?? []
    return file === undefined ? null : { file, line: Number(number) }
  })
}

function otherFailure(lines: readonly string[], part: Part): Found | null {
  const at = indexIn(lines, part, line => OTHER_FAILURE.test(line))
  if (at === part.to) return null
  const isHeading = lines[at]?.startsWith('●')
  const from = isHeading ? at + 1 : at
  return plainFailure(shownIn(lines, { from, to: part.to }, { most: isHeading ? 8 : 1 }), null, at)
}
