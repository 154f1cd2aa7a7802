import {
  type Found,
  firstPlace,
  indexIn,
  type Part,
  plainFailure,
  recogniser,
  scriptFrame,
  shownBefore,
  shownIn,
} from './log-lines.ts'

const RUN = /^ (?:RUN|DEV) {2}v\d/
/** Two spaces, where Jest writes one. */
const HEADER = /^ ?FAIL {2,}(\S.*)$/
const RULE = /^⎯{3,}/
const RETRIES = / \([^()]{0,60}\bretr(?:y|ies)\)$/
/** `⎯⎯ Unhandled Rejection ⎯⎯`, which fails a run whose tests have all passed. */
const OTHER_TITLE = /^⎯{3,} (?!Failed |Unhandled Errors)(\S.{0,60}?) ⎯{3,}/
const OTHER_FAILURE = /^(?:ERROR: Coverage for .{1,200} threshold|No test files found, exiting with code 1)/

/** Vitest 0.34 and later, with any of its own reporters for terminals. */
export const vitestRecogniser = recogniser('vitest', lines => {
  const starts = lines.flatMap((line, at) => (RUN.test(line) ? [at] : []))
  const bounds = [...new Set([0, ...starts, lines.length])]
  for (let index = bounds.length - 2; index >= 0; index--) {
    const part = { from: bounds[index] ?? 0, to: bounds[index + 1] ?? lines.length }
    const found = firstFailed(lines, part) ?? otherFailure(lines, part)
    if (found) return found
  }
  return null
})

function firstFailed(lines: readonly string[], part: Part): Found | null {
  const at = indexIn(lines, part, line => HEADER.test(line))
  const [, header] = HEADER.exec(lines[at] ?? '') ?? []
  if (at === part.to || header === undefined) return null
  // Tests that failed alike have one message.
  const message = indexIn(lines, { from: at + 1, to: part.to }, line => !HEADER.test(line))
  const to = indexIn(lines, { from: message, to: part.to }, line => HEADER.test(line) || RULE.test(line))
  const { failed, total, end } = summaryIn(lines, { from: to, to: part.to })
  const described = describe(lines, { from: at, to })
  const { file, test } = testIn(header)
  const isOfFile = described.file === null || described.file === `/${file}`
  return {
    test: test ?? file,
    failed,
    total,
    ...described,
    file: isOfFile ? file : described.file,
    end: end ?? to - 1,
  }
}

/** `a.test.js > cart > adds`, `|web| a.test.js > adds`, or for a whole file `a.test.js [ a.test.js ]`. */
function testIn(header: string): { file: string; test: string | null } {
  const [first = '', ...names] = header.replace(RETRIES, '').split(' > ')
  const words = first.split(' [ ')[0]?.trim() ?? ''
  const file = words.slice(words.lastIndexOf(' ') + 1)
  return { file, test: names.length > 0 ? names.join(' › ').trim() : null }
}

function summaryIn(lines: readonly string[], part: Part) {
  const at = indexIn(lines, part, line => /^\s+Tests {2}/.test(line))
  const line = lines[at] ?? ''
  const [, failed] = /\b(\d{1,8}) failed/.exec(line) ?? []
  const [, total] = /\((\d{1,8})\)$/.exec(line.trimEnd()) ?? []
  const isCounted = at < part.to && failed !== undefined && total !== undefined
  return {
    failed: isCounted ? Number(failed) : null,
    total: isCounted ? Number(total) : null,
    end: at < part.to ? at : null,
  }
}

function describe(lines: readonly string[], block: Part) {
  const place = firstPlace(lines, block, scriptFrame) ?? inMessage(lines, block)
  const isFrame = (line: string) => /^\s*❯ /.test(line)
  const start = place && isFrame(lines[place.at] ?? '') ? place.at : indexIn(lines, block, isFrame)
  const rest: number[] = []
  if (start < block.to) rest.push(start)
  for (let at = start + 1; at < block.to && /^\s*\d*\s*\|/.test(lines[at] ?? ''); at++) rest.push(at)
  return {
    shown: shownBefore(lines, { from: block.from, to: start }, rest, isFrame),
    file: place?.file ?? null,
    line: place?.line ?? null,
  }
}

/** A file that cannot be parsed: `At file: /a.test.js:2:31`, `File: /a.test.js:2:31`. */
const inMessage = (lines: readonly string[], block: Part) =>
  firstPlace(lines, block, line => {
    const [, file, number] = /^\s*(?:At file|File): (.{1,500}?):(\d{1,8})(?::\d{1,8})?$/.exec(line) ?? []
    return file === undefined ? null : { file, line: Number(number) }
  })

function otherFailure(lines: readonly string[], part: Part): Found | null {
  const isTitle = (line: string) => OTHER_TITLE.test(line)
  const at = indexIn(lines, part, line => isTitle(line) || OTHER_FAILURE.test(line))
  if (at === part.to) return null
  if (!isTitle(lines[at] ?? ''))
    return plainFailure(shownIn(lines, { from: at, to: part.to }, { most: 1 }), null, at)
  const block = { from: at + 1, to: indexIn(lines, { from: at + 1, to: part.to }, line => RULE.test(line)) }
  const { shown, file, line } = describe(lines, block)
  return plainFailure(shown, file === null ? null : { file, line }, block.to - 1)
}
