import {
  type Found,
  firstPlace,
  indexIn,
  inLastRun,
  type Part,
  plainFailure,
  recogniser,
  type Summary,
  shownIn,
} from './log-lines.ts'

const HEADER = /^---- (.+) stdout ----$/
const SUMMARY = /^test result: (?:ok|FAILED)\. (\d{1,8}) passed; (\d{1,8}) failed; (\d{1,8}) ignored;/
const ERROR =
  /^error(?:\[E\d{1,6}\])?: (?!test failed|doctest failed|could not compile|aborting|\d+ targets? failed)/
/** Since Rust 1.73, the place comes before the message. */
const PANIC =
  /^(?:thread '.{0,300}'(?: \(\d+\))? panicked at |note: test did not panic as expected at )(?:'.*', )?(\S{1,300}):(\d{1,8}):\d{1,8}:?$/
const ARROW = /^\s*--> (.{1,300}):(\d{1,8}):\d{1,8}$/
const DOC_TEST = /^(\S{1,300}) - .*\(line (\d{1,8})\)$/

/** `cargo test`, `build` and `clippy`. */
export const cargoRecogniser = recogniser('cargo', lines => {
  const failed = inLastRun(lines, summaryOf, (part, summary) => firstFailed(lines, part, summary))
  const error = compilerError(lines)
  return failed && (!error || error.end < failed.end) ? failed : (error ?? failed)
})

function summaryOf(line: string): Summary | null {
  const [, passed, failed, ignored] = SUMMARY.exec(line) ?? []
  if (passed === undefined) return null
  return { failed: Number(failed), total: Number(passed) + Number(failed) + Number(ignored) }
}

function firstFailed(lines: readonly string[], part: Part, summary: Summary | null): Found | null {
  const at = indexIn(lines, part, line => HEADER.test(line))
  const [, test] = HEADER.exec(lines[at] ?? '') ?? []
  if (at === part.to || test === undefined) return null
  const isEnd = (line: string) => HEADER.test(line) || line === 'failures:' || SUMMARY.test(line)
  const block = { from: at, to: indexIn(lines, { from: at + 1, to: part.to }, isEnd) }
  const [, file, number] = DOC_TEST.exec(test) ?? []
  const place = file === undefined ? firstPlace(lines, block, placeOf) : { file, line: Number(number) }
  const to = indexIn(lines, block, line => line === 'stack backtrace:' || line.startsWith('note: run with'))
  return {
    test,
    failed: summary?.failed ?? null,
    total: summary?.total ?? null,
    shown: shownIn(lines, { from: at, to }),
    file: place?.file ?? null,
    line: place?.line ?? null,
    end: summary ? part.to - 1 : block.to - 1,
  }
}

const placeOf = (line: string) => {
  const [, file, number] = PANIC.exec(line) ?? []
  return file === undefined ? null : { file, line: Number(number) }
}

const arrowOf = (line: string) => {
  const [, file, number] = ARROW.exec(line) ?? []
  return file === undefined ? null : { file, line: Number(number) }
}

/** An error of the compiler has its place below it, and ends with an empty line; Cargo's own errors have none. */
function compilerError(lines: readonly string[]): Found | null {
  const whole = { from: 0, to: lines.length }
  const isCargo = (line: string) =>
    ARROW.test(line) || /^(?:error: (?:failed to|could not|no matching)|Caused by:)/.test(line)
  const at = indexIn(lines, whole, line => ERROR.test(line))
  if (
    at === whole.to ||
    indexIn(lines, { from: at, to: Math.min(at + 8, whole.to) }, isCargo) === Math.min(at + 8, whole.to)
  )
    return null
  const isBlank = (line: string) => line === ''
  const place = firstPlace(
    lines,
    { from: at, to: indexIn(lines, { from: at, to: whole.to }, isBlank) },
    arrowOf,
  )
  const to = place ? indexIn(lines, { from: at, to: whole.to }, isBlank) : whole.to
  const last = lines.findLastIndex(line => /^error: (?:could not compile|aborting)/.test(line))
  return plainFailure(shownIn(lines, { from: at, to }), place, Math.max(last, to - 1))
}
