import {
  type Found,
  firstPlace,
  indexIn,
  inLastRun,
  isForeign,
  type Part,
  plainFailure,
  recogniser,
  type Summary,
  shownBefore,
  shownIn,
} from './log-lines.ts'

const SUMMARY = /^Tests: (\d{1,8}), Assertions: \d{1,8}(.{0,300})\.$/
const SECTION = /^There (?:was|were) \d{1,8} (.{1,40}):$/
const ITEM = /^(\d{1,8})\) (\S+?)::(.+)$/
const PLACE = /^\s*│?\s*(\/\S{1,300}):(\d{1,8})$/
const FATAL = /^(?:PHP )?(?:Fatal|Parse) error: .{0,700} in (\/\S{1,300}?)(?: on line |:)(\d{1,8})$/
const OF_TESTDOX = /^ ✘ (.+)$/

/** PHPUnit 8 and later, with `--testdox` too. */
export const phpunitRecogniser = recogniser('PHPUnit', lines => {
  const summaryOf = (line: string): Summary | null => {
    if (/^OK \(\d+ tests?, /.test(line)) return { failed: 0, total: null }
    const [, total, rest = ''] = SUMMARY.exec(line) ?? []
    if (total === undefined) return null
    let failed = 0
    for (const [, count] of rest.matchAll(/, (?:Errors|Failures): (\d+)/g)) failed += Number(count)
    return { failed, total: Number(total) }
  }
  const found = inLastRun(
    lines,
    summaryOf,
    (part, summary) => firstFailed(lines, part, summary, /error|failure/) ?? ofTestdox(lines, part, summary),
  )
  const whole = { from: 0, to: lines.length }
  return found ?? fatal(lines, whole) ?? (isPhpunit(lines) ? firstFailed(lines, whole, null, /./) : null)
})

const isPhpunit = (lines: readonly string[]) => lines.some(line => line.startsWith('PHPUnit '))

const placeOf = (line: string) => {
  const [, file, number] = PLACE.exec(line) ?? []
  return file === undefined ? null : { file, line: Number(number) }
}

/** The first failed test in the sections of this `kind`. A setting lets merely risky tests fail a run. */
function firstFailed(
  lines: readonly string[],
  part: Part,
  summary: Summary | null,
  kind: RegExp,
): Found | null {
  const isSection = (line: string) => kind.test(SECTION.exec(line)?.[1] ?? '')
  const section = indexIn(lines, part, isSection)
  const from = indexIn(lines, { from: section, to: part.to }, line => ITEM.test(line))
  const [, , suite, name] = ITEM.exec(lines[from] ?? '') ?? []
  if (from === part.to || suite === undefined || name === undefined) return null
  const isEnd = (line: string) => ITEM.test(line) || line === '--' || /^[A-Z]{4,}!?\b/.test(line)
  const block = { from, to: indexIn(lines, { from: from + 1, to: part.to }, isEnd) }
  return { ...describe(lines, block, part, summary), test: `${suite} › ${name}` }
}

function describe(lines: readonly string[], block: Part, part: Part, summary: Summary | null) {
  const place = firstPlace(lines, block, placeOf)
  const isPlace = (line: string) => PLACE.test(line)
  return {
    failed: summary?.failed ?? null,
    total: summary?.total ?? null,
    shown: place
      ? shownBefore(lines, { from: block.from, to: place.at }, [place.at], isPlace)
      : shownIn(lines, block, { isNoise: isPlace }),
    file: place?.file ?? null,
    line: place?.line ?? null,
    end: summary ? part.to - 1 : block.to - 1,
  }
}

function ofTestdox(lines: readonly string[], part: Part, summary: Summary | null): Found | null {
  const from = indexIn(lines, part, line => OF_TESTDOX.test(line))
  const [, name] = OF_TESTDOX.exec(lines[from] ?? '') ?? []
  if (from === part.to || name === undefined) return null
  const block = { from, to: indexIn(lines, { from: from + 1, to: part.to }, line => !/^ {3}/.test(line)) }
  let at = from
  while (at > part.from && !/^\w/.test(lines[at] ?? '')) at -= 1
  const suite = /^[\w\\ ]+/.exec(lines[at] ?? '')?.[0].trim()
  const isEmpty = (line: string) => line.trim() === '│'
  const found = describe(lines, block, part, summary)
  return {
    ...found,
    shown: found.shown.filter(each => !isEmpty(lines[each] ?? '')),
    test: suite ? `${suite} › ${name}` : name,
  }
}

/** A file that cannot be loaded ends PHPUnit; with PHPUnit 10 and later, it is a separate error. */
function fatal(lines: readonly string[], part: Part): Found | null {
  const isFatal = (line: string) => FATAL.test(line) && !isForeign(FATAL.exec(line)?.[1] ?? '')
  const at = indexIn(lines, part, isFatal)
  const [, file, number] = FATAL.exec(lines[at] ?? '') ?? []
  if (file !== undefined) return plainFailure([at], { file, line: Number(number) }, at)
  const own = indexIn(lines, part, line => line === 'An error occurred inside PHPUnit.')
  if (own === part.to) return null
  const block = { from: own + 1, to: Math.min(own + 8, part.to) }
  const place = firstPlace(lines, block, line => placeOf(line.replace(/^Location: +/, '')))
  return plainFailure(shownIn(lines, block, { most: 2 }), place, block.to - 1)
}
