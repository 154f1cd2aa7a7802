import sax from 'sax'
import { joinMessage, nameOf, placesOf, resultOfStatus, secondsOf } from './junit-names.ts'
import {
  ReportError,
  type ReportedTest,
  type ReportedTime,
  type ReportParser,
  type TestReportFormat,
} from './test-report-format.ts'

/** The most nested elements. */
const MOST_DEPTH = 100
/** The length of an attribute, in UTF-16 units. */
const MOST_ATTRIBUTE = 1024 * 1024
const PIECE = 64 * 1024
Object.assign(sax, { MAX_BUFFER_LENGTH: MOST_ATTRIBUTE })
/** XML's own five entities, not HTML's. */
const OPTIONS: sax.SAXOptions & { strictEntities: boolean } = { position: true, strictEntities: true }

/** JUnit's XML, which has no standard: every tool writes its own dialect. */
export const junitFormat: TestReportFormat = {
  name: 'junit',
  recognises: head => /^\ufeff?\s*</.test(head),
  open: (onTest, onTime) => new JunitParser(onTest, onTime),
}

type Attributes = Readonly<Record<string, string>>
type Suite = {
  name: string
  file: string | null
  declared: number
  failed: number
  /** The seconds of the suite; `taken`: those of its tests. */
  seconds: number
  taken: number
  /** The places of its tests, if they all have the same file. */
  places: readonly string[] | 'several' | null
  /** Its number among the suites of its name in the same place, from 1. `names`: how many of each name are in it. */
  ordinal: number
  names: Map<string, number>
}
type OpenTest = { test: ReportedTest; statuses: readonly string[]; hasFlakes: boolean }

const FAILURES: ReadonlyMap<string, 'failed' | 'errored'> = new Map([
  ['failure', 'failed'],
  ['error', 'errored'],
])
/** The elements in which another element marks a failure. */
const FAILING = new Set(['testcase', 'testsuite', 'testsuites'])
/** Failed attempts that Surefire repeated. */
const FLAKES = new Set(['flakyFailure', 'flakyError'])

class JunitParser implements ReportParser {
  readonly #parser = sax.parser(true, OPTIONS)
  readonly #onTest: (test: ReportedTest) => void
  readonly #onTime: (time: ReportedTime) => void
  /** The elements that are open. */
  readonly #path: string[] = []
  readonly #suites: Suite[] = []
  readonly #names = new Map<string, number>()
  #open: OpenTest | null = null
  /** The text of the failure that is being read. */
  #text: string[] | null = null
  #failure: { message: string; result: 'failed' | 'errored' } | null = null
  #isEmpty = true

  constructor(onTest: (test: ReportedTest) => void, onTime: (time: ReportedTime) => void = () => {}) {
    this.#onTest = onTest
    this.#onTime = onTime
    const parser = this.#parser
    parser.onerror = error => this.#fail(error)
    // Without a document type, there are only XML's own five entities.
    parser.ondoctype = () => {
      throw new ReportError('has a DOCTYPE, which no test report needs')
    }
    parser.onopentag = ({ name, attributes }) => this.#begin(name, attributes as Attributes)
    parser.onclosetag = name => this.#finish(name)
    const onText = (text: string) => this.#text?.push(text)
    parser.ontext = onText
    parser.oncdata = onText
  }

  write(text: string): void {
    if (text.trim() !== '') this.#isEmpty = false
    if (this.#isEmpty) return
    // The parser checks the size of its buffers between two pieces.
    for (let at = 0; at < text.length; at += PIECE) this.#parser.write(text.slice(at, at + PIECE))
  }

  end(): void {
    if (!this.#isEmpty) this.#parser.close()
  }

  #fail(error: Error): void {
    if (error instanceof ReportError) throw error
    // Surefire refers to control characters, which XML does not have. The references are kept as written.
    const { entity = '' } = this.#parser as { entity?: string }
    if (error.message.startsWith('Invalid character entity') && /^#x?[0-9a-f]{1,8}$/i.test(entity)) {
      this.#parser.error = null as unknown as Error
      return
    }
    const [reason = ''] = error.message.split('\n')
    throw new ReportError(`is not XML that can be read: line ${this.#parser.line + 1}: ${reason}`)
  }

  #begin(tag: string, attributes: Attributes): void {
    const of = (key: string) => (Object.hasOwn(attributes, key) ? attributes[key] : undefined)
    if (this.#path.length === 0 && tag !== 'testsuites' && tag !== 'testsuite')
      throw new ReportError(`is not a test report: its root is <${tag.slice(0, 40)}>`)
    if (this.#path.length >= MOST_DEPTH)
      throw new ReportError(`has elements that are nested more than ${MOST_DEPTH} deep`)
    this.#path.push(tag)
    if (tag === 'testsuite' || tag === 'testsuites') {
      const declared = (Number(of('failures')) || 0) + (Number(of('errors')) || 0)
      const name = tag === 'testsuite' ? (of('name') ?? '') : ''
      const names = this.#suites.at(-1)?.names ?? this.#names
      const ordinal = (names.get(name) ?? 0) + 1
      names.set(name, ordinal)
      this.#suites.push({
        ...{ name, file: of('file') ?? of('filepath') ?? null, declared, failed: 0 },
        ...{
          seconds: tag === 'testsuite' ? secondsOf(of('time')) : 0,
          taken: 0,
          places: null,
          ordinal,
          names: new Map(),
        },
      })
    } else if (tag === 'testcase' && !this.#open) this.#openTest(of)
    else if (this.#open && tag === 'skipped' && this.#open.test.result === 'passed')
      this.#open.test.result = 'skipped'
    else if (this.#open && FLAKES.has(tag)) this.#open.hasFlakes = true
    else this.#beginFailure(FAILURES.get(tag), of)
  }

  #openTest(of: (key: string) => string | undefined): void {
    const chain = this.#suites.map(({ name }) => name).filter(Boolean)
    const [written, className] = [of('name') ?? '', of('classname') ?? '']
    const file = of('file') ?? of('filepath') ?? this.#suites.findLast(suite => suite.file)?.file ?? null
    const line = Number(of('line') ?? of('lineno'))
    this.#open = {
      statuses: [of('status') ?? '', of('result') ?? ''],
      hasFlakes: false,
      test: {
        id: this.#idOf([chain, className, written], file),
        ...nameOf({ chain, className, written, file }),
        ...{ result: 'passed', isFlaky: false, message: '' },
        ...{ file, line: Number.isSafeInteger(line) && line > 0 ? line : null },
        ...{ places: placesOf({ chain, className, file }), seconds: secondsOf(of('time')) },
      },
    }
  }

  /** The identity of a test. Without a file, tests in several suites of one name differ, because each file has its own suite. */
  #idOf(names: readonly unknown[], file: string | null): string {
    const ordinals = this.#suites.map(({ ordinal }) => ordinal)
    const isFirst = ordinals.every(ordinal => ordinal === 1)
    return JSON.stringify([...names, file ?? (isFirst ? null : ordinals)])
  }

  /** Begins the failure of a test or a suite. Only the first one of a test counts. */
  #beginFailure(result: 'failed' | 'errored' | undefined, of: (key: string) => string | undefined): void {
    const parent = this.#path.at(-2)
    if (!result || this.#failure || !FAILING.has(parent ?? '')) return
    this.#failure = { result, message: of('message') ?? of('type') ?? '' }
    this.#text = []
  }

  #finish(tag: string): void {
    this.#path.pop()
    if (this.#failure && this.#text && FAILURES.has(tag))
      this.#finishFailure(this.#failure, this.#text.join(''))
    else if (tag === 'testcase') this.#finishTest()
    else if (tag === 'testsuite' || tag === 'testsuites') this.#finishSuite()
  }

  #finishFailure({ result, message }: { result: 'failed' | 'errored'; message: string }, text: string): void {
    this.#failure = null
    this.#text = null
    const whole = joinMessage(message, text)
    if (!this.#open) this.#suiteFailed(whole)
    else if (this.#open.test.result !== 'failed' && this.#open.test.result !== 'errored')
      Object.assign(this.#open.test, { result, message: whole })
  }

  #finishTest(): void {
    if (!this.#open) return
    const { test, statuses, hasFlakes } = this.#open
    this.#open = null
    if (test.result === 'passed') test.result = resultOfStatus(statuses)
    if (test.result === 'failed' || test.result === 'errored') this.#countFailure()
    this.#countTime(test.seconds, test.places)
    this.#onTest({ ...test, isFlaky: hasFlakes && test.result === 'passed' })
  }

  /** Counts time for the open suite. */
  #countTime(seconds: number, places: Suite['places']): void {
    const suite = this.#suites.at(-1)
    if (!suite) return
    suite.taken += seconds
    if (suite.places === null) suite.places = places
    else if (places !== null && suite.places[0] !== places[0]) suite.places = 'several'
  }

  /** Reports the time that a suite took beyond its tests: to load its file, and before and after them. */
  #finishTime(suite: Suite): void {
    const { seconds, taken, places } = suite
    this.#countTime(Math.max(seconds, taken), places)
    if (seconds > taken && places !== null && places !== 'several')
      this.#onTime({ places, seconds: seconds - taken })
  }

  #countFailure(): void {
    for (const suite of this.#suites) suite.failed += 1
  }

  /** Ends a suite. Jest and other tools only count a file that could not be loaded. */
  #finishSuite(): void {
    const suite = this.#suites.at(-1)
    if (suite && suite.declared > 0 && suite.failed === 0)
      this.#suiteFailed('The report counts a failure here, but has no test that failed.')
    this.#suites.pop()
    if (suite) this.#finishTime(suite)
  }

  #suiteFailed(message: string): void {
    const chain = this.#suites.map(({ name }) => name).filter(Boolean)
    const file = this.#suites.findLast(suite => suite.file)?.file ?? null
    this.#countFailure()
    this.#onTest({
      id: this.#idOf([chain], file),
      ...{ suite: chain.slice(0, -1).join(' › '), name: chain.at(-1) ?? 'The test run' },
      ...{ result: 'errored', isFlaky: false, message, file, line: null },
      ...{ places: placesOf({ chain, className: '', file }), seconds: 0 },
    })
  }
}
