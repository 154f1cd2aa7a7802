import {
  type Found,
  firstPlace,
  indexIn,
  inLastRun,
  type Part,
  type PlaceInLog,
  recogniser,
  type Summary,
  scriptFrame,
  shownIn,
} from './log-lines.ts'

const FAILED = /^(\s*)not ok\b(?: (\d{1,8}))?(?: -)?(?: (.*))?$/
const EXPECTED = /# (?:TODO|SKIP)\b/i
const RESULT = /^\s*(?:not )?ok\b(?: \d|$)|^\s*\d+\.\.\d+|^\s*# Subtest: /
/** The most lines of a tape test before its first failure. */
const MOST_ASSERTIONS = 2000
const NOISE =
  /^\s*(?:---|\.\.\.|duration_ms: .*|type: .*|failureType: .*|code: .*|location: .*|operator: .*|stack: .*)$/

/** The Test Anything Protocol, of Node, tape, tap, Mocha's reporter, Bats and others. */
export const tapRecogniser = recogniser('TAP', lines => {
  let total: number | null = null
  const summaryOf = (line: string): Summary | null => {
    const [, name, count] = /^# (tests|fail) {1,3}(\d{1,8})$/.exec(line) ?? []
    if (name === 'tests') total = Number(count)
    return name === 'fail' ? { failed: Number(count), total } : null
  }
  return inLastRun(lines, summaryOf, (part, summary) => firstFailed(lines, part, summary))
})

function firstFailed(lines: readonly string[], part: Part, summary: Summary | null): Found | null {
  const isFailed = (line: string) => FAILED.test(line) && !EXPECTED.test(line)
  const at = indexIn(lines, part, isFailed)
  const [, indent = '', number, name = ''] = FAILED.exec(lines[at] ?? '') ?? []
  if (at === part.to || (number === undefined && name === '')) return null
  const block = { from: at + 1, to: indexIn(lines, { from: at + 1, to: part.to }, line => RESULT.test(line)) }
  const place =
    firstPlace(lines, block, frameOf) ?? firstPlace(lines, block, namedPlace) ?? fromFields(lines, block)
  const first = place && place.at > block.from ? place.at : null
  const isNoise = (line: string) => NOISE.test(line) || frameOf(line) !== null
  const shown = shownIn(lines, block, { most: 18, isNoise }).filter(each => each !== first)
  return {
    test: [...suitesOf(lines, { from: part.from, to: at }, indent.length, name), name].join(' › ') || null,
    ...(summary ?? countsIn(lines, part)),
    shown: [at, ...shown, ...(first === null ? [] : [first])].toSorted((a, b) => a - b),
    file: place?.file ?? null,
    line: place?.line ?? null,
    end: summary ? part.to - 1 : block.to - 1,
  }
}

/** Without a summary, the results are counted if the plan says how many there are. */
function countsIn(lines: readonly string[], { from, to }: Part) {
  const own = lines.slice(from, to)
  const plans = own.flatMap(line => /^1\.\.(\d{1,8})$/.exec(line)?.[1] ?? [])
  const results = own.filter(line => /^(?:not )?ok\b/.test(line))
  if (plans.length !== 1 || results.length !== Number(plans[0])) return { failed: null, total: null }
  const failed = results.filter(line => FAILED.test(line) && !EXPECTED.test(line)).length
  return { failed, total: results.length }
}

/** Node and tap name a subtest, with its indentation, before they run it. */
function suitesOf(lines: readonly string[], { from, to }: Part, indent: number, name: string): string[] {
  const suites: string[] = []
  let outer = indent
  for (let at = to - 1; at >= from && outer > 0; at--) {
    const [, spaces, suite] = /^(\s*)# Subtest: (.*)$/.exec(lines[at] ?? '') ?? []
    if (spaces === undefined || suite === undefined || spaces.length >= outer) continue
    // The test's own line has its indentation or, with tap, that of its suite.
    if (!(suites.length === 0 && suite === name)) suites.unshift(suite)
    outer = spaces.length
  }
  return suites.length === 0 && indent === 0 ? headingBefore(lines, { from, to }) : suites
}

/** Tape writes the name of a test as a comment before the results of its assertions. */
function headingBefore(lines: readonly string[], { from, to }: Part): string[] {
  for (let at = to - 1; at >= from && at > to - MOST_ASSERTIONS; at--) {
    const [, heading, name] = /^# (Subtest: )?(\S.*)$/.exec(lines[at] ?? '') ?? []
    if (heading !== undefined) return []
    if (name !== undefined) return [name]
  }
  return []
}

/** Frames in YAML have no `at`, tape writes `at: f (/repo/a.js:3:7)`. */
const frameOf = (line: string) => {
  const text = line.trim().replace(/^(?:at:?|-) /, '')
  const frame = /\)$|^(?:\/|file:|\w)\S*:\d+:\d+$/.test(text) ? scriptFrame(`at ${text}`) : null
  return frame && /[/.]/.test(frame.file) ? frame : null
}

/** `location: '/repo/a.js:6:3'`, and in Bats `(in test file a.bats, line 3)`. */
const namedPlace = (line: string) => {
  const location = /^\s*location: '(.{1,500}):(\d{1,8}):\d{1,8}'$/.exec(line)
  const bats = /\(?in test file ([^,]{1,500}), line (\d{1,8})\)?/.exec(line)
  const [, file, number] = location ?? bats ?? []
  return file === undefined ? null : { file, line: Number(number) }
}

/** `fileName: a.js`, `lineNumber: 3`. */
function fromFields(lines: readonly string[], block: Part): PlaceInLog | null {
  let found: PlaceInLog | null = null
  for (const [index, line] of lines.slice(block.from, Math.min(block.to, block.from + 100)).entries()) {
    const [, file] = /^\s*(?:fileName|file): ['"]?([^'"]{1,500})/.exec(line) ?? []
    if (file !== undefined) found ??= { file, line: null, at: block.from + index }
    const [, number] = /^\s*(?:lineNumber|line): (\d{1,8})$/.exec(line) ?? []
    if (found && found.line === null && number !== undefined) found = { ...found, line: Number(number) }
  }
  return found
}
