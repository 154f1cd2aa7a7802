import {
  type Found,
  firstPlace,
  indexIn,
  inLastRun,
  type Part,
  recogniser,
  type Summary,
  shownBefore,
  shownIn,
} from './log-lines.ts'

const SUMMARY =
  /^(\d{1,8}) examples?, (\d{1,8}) failures?(?:, (\d{1,8}) pending)?(?:, (\d{1,8}) errors? occurred outside of examples)?$/
const ITEM = /^ {2,4}(\d{1,8})\) (.+)$/
const LOADING =
  /^An error occurred (?:while loading (\S{1,300}?)\.?(?: - Did you mean\?.*)?|in an? .{1,100} hook\.)$/
const FRAME = /^\s*# (\.?\/?[^\s:]{1,300}):(\d{1,8})(?::in |$)/
const SYNTAX = /^\s+(?:-->\s)?(\/\S{1,300}\.rb):(\d{1,8}): syntax error/

/** RSpec 3, with any of its own formatters. */
export const rspecRecogniser = recogniser('RSpec', lines =>
  inLastRun(lines, summaryOf, (part, summary) => notLoaded(lines, part) ?? firstFailed(lines, part, summary)),
)

function summaryOf(line: string): Summary | null {
  const [, total, failed, , errors] = SUMMARY.exec(line) ?? []
  if (total === undefined) return null
  return Number(failed) > 0
    ? { failed: Number(failed), total: Number(total) }
    : { failed: Number(errors ?? 0), total: null }
}

const frameOf = (line: string) => {
  const [, file, number] = FRAME.exec(line) ?? SYNTAX.exec(line) ?? []
  return file === undefined ? null : { file, line: Number(number) }
}

function firstFailed(lines: readonly string[], part: Part, summary: Summary | null): Found | null {
  const heading = indexIn(lines, part, line => line === 'Failures:')
  const from = indexIn(lines, { from: heading, to: part.to }, line => ITEM.exec(line)?.[1] === '1')
  const [, , test] = ITEM.exec(lines[from] ?? '') ?? []
  if (from === part.to || test === undefined) return null
  const isEnd = (line: string) =>
    ITEM.test(line) || /^(?:Finished in |Failed examples:|Randomized )/.test(line)
  const to = indexIn(lines, { from: from + 1, to: part.to }, isEnd)
  const place = firstPlace(lines, { from, to }, frameOf)
  return {
    test: test.trim(),
    failed: summary?.failed ?? null,
    total: summary?.total ?? null,
    ...described(lines, { from, to }, place),
    end: summary ? part.to - 1 : to - 1,
  }
}

const isFrame = (line: string) => /^\s*#(?: |$)/.test(line)

function described(lines: readonly string[], block: Part, place: ReturnType<typeof firstPlace>) {
  const isLast = place !== null && isFrame(lines[place.at] ?? '')
  const shown = isLast
    ? shownBefore(lines, { from: block.from, to: place.at }, [place.at], isFrame)
    : shownIn(lines, block, { isNoise: isFrame })
  return { shown, file: place?.file ?? null, line: place?.line ?? null }
}

/** A file that cannot be loaded keeps all examples from running. */
function notLoaded(lines: readonly string[], part: Part): Found | null {
  const from = indexIn(lines, part, line => LOADING.test(line))
  if (from === part.to) return null
  const isEnd = (line: string) => /^(?:No examples found\.|Finished in |An error occurred )/.test(line)
  const block = { from, to: indexIn(lines, { from: from + 1, to: part.to }, isEnd) }
  const [, file] = LOADING.exec(lines[from] ?? '') ?? []
  const place = firstPlace(lines, block, frameOf)
  return {
    test: file ?? null,
    ...{ failed: null, total: null },
    ...described(lines, block, place),
    end: part.to - 1,
  }
}
