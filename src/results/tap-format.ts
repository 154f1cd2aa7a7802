import {
  ReportError,
  type ReportedTest,
  type ReportParser,
  type TestReportFormat,
} from './test-report-format.ts'

/** In UTF-16 units. The rest of a longer line is not read. */
const MOST_LINE = 64 * 1024
/** Subtests are indented by four spaces. https://testanything.org/tap-version-14-specification.html */
const INDENT = 4
const MOST_DEPTH = 100

const POINT = /^(not )?ok\b[ \t]*(\d{1,9})?[ \t]*(?:- ?)?(.*)$/
const PLAN = /^1\.\.(\d{1,9})\b/
const DIRECTIVE = /(?:^|[^\\])#[ \t]*(skip|todo)\b.*$/i

/** Fields that Node writes into each diagnostic, and that do not explain the failure. */
const NOISE = /^(duration_ms|type|failureType): /
const LOCATION = /^location: '(.{1,1000}):(\d{1,8}):\d{1,8}'$/

/** The Test Anything Protocol, versions 12 to 14. */
export const tapFormat: TestReportFormat = {
  name: 'tap',
  recognises: head => /^(TAP version 1[234]|1\.\.\d+|(not )?ok\b)/m.test(head),
  open: onTest => new TapParser(onTest),
}

/** TAP names no file of a test that passed. */
const WITHOUT_FILE = { places: [], seconds: 0 }

/** The counts of a level of subtests so far. */
type Level = { name: string; points: number; failed: number }

class TapParser implements ReportParser {
  readonly #onTest: (test: ReportedTest) => void
  readonly #levels: Level[] = [{ name: '', points: 0, failed: 0 }]
  #rest = ''
  /** A failure, until the lines after it are read. */
  #failure: { test: ReportedTest; lines: string[] } | null = null
  /** The indentation of the diagnostic that is being read. */
  #yaml: number | null = null
  #mayHaveYaml = false
  #planned: number | null = null

  constructor(onTest: (test: ReportedTest) => void) {
    this.#onTest = onTest
  }

  write(text: string): void {
    const lines = text.split('\n')
    lines[0] = (this.#rest + lines[0]).slice(0, MOST_LINE)
    this.#rest = (lines.pop() ?? '').slice(0, MOST_LINE)
    for (const line of lines) this.#read(line.slice(0, MOST_LINE).replace(/\r$/, ''))
  }

  end(): void {
    if (this.#rest !== '') this.#read(this.#rest)
    if (this.#yaml !== null) throw new ReportError('ends within a diagnostic, so it is not complete')
    this.#passFailure()
    const { points } = this.#level(0)
    if (points === 0 && this.#planned === null) return
    if (this.#planned === null) throw new ReportError('has no plan (1..N), so it is not complete')
    if (this.#planned > points)
      this.#suiteFailed('The test run', `${this.#planned} tests were planned, and ${points} ran.`)
  }

  #read(line: string): void {
    const spaces = /^ */.exec(line)?.[0].length ?? 0
    const text = line.slice(spaces)
    if (this.#yaml !== null) this.#readYaml(text, spaces, line)
    else if (text.trimEnd() === '---' && this.#mayHaveYaml) this.#yaml = spaces
    else this.#readLine(text, spaces)
  }

  #readLine(text: string, spaces: number): void {
    const depth = Math.floor(spaces / INDENT)
    const isAligned = spaces % INDENT === 0
    const subtest = /^# Subtest: (.*)$/.exec(text)
    const point = isAligned ? POINT.exec(text) : null
    if (subtest || point || (isAligned && PLAN.test(text))) this.#passFailure()
    this.#mayHaveYaml = point !== null
    if (depth > MOST_DEPTH) throw new ReportError(`has subtests that are nested more than ${MOST_DEPTH} deep`)
    if (subtest) this.#level(depth).name = subtest[1] ?? ''
    else if (point) this.#readPoint(point, depth)
    else if (depth === 0 && PLAN.test(text)) this.#planned ??= Number(PLAN.exec(text)?.[1])
    else if (text.startsWith('Bail out!')) this.#suiteFailed('The test run', text)
    else if (this.#failure && text.startsWith('#')) this.#failure.lines.push(text.replace(/^# ?/, ''))
  }

  #readYaml(text: string, spaces: number, line: string): void {
    const [, file, number] = LOCATION.exec(text) ?? []
    if (text.trimEnd() === '...' && spaces === this.#yaml) this.#yaml = null
    else if (file && this.#failure && this.#failure.test.file === null)
      Object.assign(this.#failure.test, { file, line: Number(number) || null })
    else if (!NOISE.test(text)) this.#failure?.lines.push(line)
  }

  #level(depth: number): Level {
    while (this.#levels.length <= depth) this.#levels.push({ name: '', points: 0, failed: 0 })
    return this.#levels[depth] as Level
  }

  #readPoint([, not, , rest = '']: RegExpExecArray, depth: number): void {
    const directive = DIRECTIVE.exec(rest)?.[1]?.toLowerCase()
    const name = rest
      .replace(DIRECTIVE, '')
      .trim()
      .replace(/\\([#\\])/g, '$1')
    // An expected failure is not a failure.
    const result = directive ? 'skipped' : not ? 'failed' : 'passed'
    const own = this.#level(depth)
    own.points += 1
    own.name = ''
    if (result === 'failed') own.failed += 1
    const below = this.#levels.splice(depth + 1)[0]
    // This is the point of a suite, whose tests were counted.
    if (below && below.points > 0 && (result !== 'failed' || below.failed > 0)) return
    const suites = this.#levels.slice(0, depth).map(level => level.name)
    const suite = suites.filter(Boolean).join(' › ')
    const test: ReportedTest = {
      // Names identify little: a point need not have one, and assertions in many tests share one.
      id: JSON.stringify([suites, name, this.#levels.slice(0, depth + 1).map(({ points }) => points)]),
      ...{ suite, name, result, isFlaky: false, message: '', file: null, line: null, ...WITHOUT_FILE },
    }
    if (result === 'failed') this.#failure = { test, lines: [] }
    else this.#onTest(test)
  }

  #passFailure(): void {
    if (!this.#failure) return
    const { test, lines } = this.#failure
    this.#failure = null
    const indent = Math.min(...lines.map(line => /^ */.exec(line)?.[0].length ?? 0))
    this.#onTest({
      ...test,
      message: lines
        .map(line => line.slice(indent))
        .join('\n')
        .trim(),
    })
  }

  #suiteFailed(name: string, message: string): void {
    this.#passFailure()
    this.#onTest({
      ...{ id: JSON.stringify([name, message]), suite: '', name, message },
      ...{ result: 'errored', isFlaky: false, file: null, line: null, ...WITHOUT_FILE },
    })
  }
}
