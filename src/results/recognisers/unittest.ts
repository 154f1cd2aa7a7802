import {
  type Found,
  indexIn,
  inLastRun,
  lastPlace,
  type Part,
  plainFailure,
  pythonFrame,
  recogniser,
  type Summary,
  shownBefore,
  shownIn,
} from './log-lines.ts'

const HEADER = /^(?:FAIL|ERROR): (\S+)(?: \(([\w.<>]{1,500})\))?(.*)$/
const RULE = /^={70}$/
const THIN_RULE = /^-{70}$/

/** Python's unittest, and tools that are built on it, such as Django's tests. */
export const unittestRecogniser = recogniser('unittest', lines => {
  let ran: number | null = null
  const summaryOf = (line: string): Summary | null => {
    const [, count] = /^Ran (\d{1,8}) tests? in /.exec(line) ?? []
    if (count !== undefined) ran = Number(count)
    if (/^OK(?: \(.{0,200}\))?$/.test(line) && ran !== null) return { failed: 0, total: ran }
    const [, counts] = /^FAILED \((.{1,200})\)$/.exec(line) ?? []
    if (counts === undefined) return null
    let failed = 0
    for (const [, number] of counts.matchAll(/\b(?:failures|errors)=(\d+)/g)) failed += Number(number)
    return { failed, total: ran !== null && failed <= ran ? ran : null }
  }
  return inLastRun(lines, summaryOf, (part, summary) => firstFailed(lines, part, summary))
})

function firstFailed(lines: readonly string[], part: Part, summary: Summary | null): Found | null {
  let from = part.from
  for (;;) {
    const rule = indexIn(lines, { from, to: part.to }, line => RULE.test(line))
    if (rule === part.to) return null
    if (HEADER.test(lines[rule + 1] ?? '')) return describe(lines, { from: rule + 1, to: part.to }, summary)
    from = rule + 1
  }
}

function describe(lines: readonly string[], part: Part, summary: Summary | null): Found {
  const [, name = '', path = '', rest = ''] = HEADER.exec(lines[part.from] ?? '') ?? []
  const thin = indexIn(lines, part, line => THIN_RULE.test(line))
  const isEnd = (line: string) => RULE.test(line) || THIN_RULE.test(line)
  const block = { from: thin + 1, to: indexIn(lines, { from: thin + 1, to: part.to }, isEnd) }
  const place = lastPlace(lines, block, pythonFrame)
  const shown = shownIn(lines, { from: place?.at ?? block.from, to: block.to }, { most: 19 })
  return {
    test: titleOf(name, path) + rest,
    failed: summary?.failed ?? null,
    total: summary?.total ?? null,
    shown: [part.from, ...shown],
    file: place?.file ?? null,
    line: place?.line ?? null,
    end: summary ? part.to - 1 : block.to - 1,
  }
}

/** Since Python 3.11 the path ends with the name of the test; a module that cannot be loaded is `_FailedTest`. */
function titleOf(name: string, path: string): string {
  if (path.startsWith('unittest.loader._FailedTest')) return name
  const suite = path.replace(/^__main__\./, '')
  const own = suite.endsWith(`.${name}`) ? suite.slice(0, -name.length - 1) : suite
  return own === '' ? name : `${own} › ${name}`
}

/** A Python script that ended with an exception. */
export const pythonRecogniser = recogniser('python', lines => {
  const from = lines.lastIndexOf('Traceback (most recent call last):')
  if (from < 0) return null
  const isError = (line: string) => /^[\w.]{1,200}(?:: |$)/.test(line)
  const error = indexIn(lines, { from: from + 1, to: lines.length }, isError)
  if (error === lines.length) return null
  const place = lastPlace(lines, { from, to: error }, pythonFrame)
  const shown = shownBefore(lines, { from: place?.at ?? error, to: error }, [error])
  return plainFailure(shown, place, error)
})
