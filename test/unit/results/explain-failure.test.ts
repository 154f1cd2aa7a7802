import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OutputRecorder } from '../../../src/log/output-recorder.ts'
import { createSecretRedactor } from '../../../src/log/secret-redactor.ts'
import type { Exit } from '../../../src/model/exit.ts'
import { excerptOf, excerptOfEnd, jobFailureSchema } from '../../../src/model/failure.ts'
import type { TestFailure } from '../../../src/model/tests.ts'
import { explainFailure } from '../../../src/results/explain-failure.ts'
import { describeFound, findFailure, lineAbout } from '../../../src/results/find-failure.ts'
import { findInCommit } from '../../../src/results/find-in-commit.ts'
import type { FailureInLog, LogRecogniser } from '../../../src/results/log-recogniser.ts'

const OUTPUTS = join(import.meta.dirname, '../../fixtures/outputs')
const SECRET = 'tok_SUPERSECRET_0123456789'
const FAILED: Exit = { kind: 'exited', code: 1 }

let workspace: string
beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'lambci-commit-'))
  for (const path of [
    ...[
      'assertion/cart.test.js',
      'assertion/cart_test.go',
      'each/cart_test.go',
      'root_test.go',
      'web/src/a.ts',
    ],
    ...['api/src/a.ts', 'node_modules/x/only.js', '.cache/hidden.js', `names/${SECRET}.js`],
  ]) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true })
    writeFileSync(join(workspace, path), '')
  }
  symlinkSync('/etc', join(workspace, 'etc'))
})
afterAll(() => rmSync(workspace, { recursive: true }))

/** The record of a command that has written this, below two lines of the runner. */
function explain(
  written: string,
  {
    exit = FAILED,
    advice = null as string | null,
    first = null as TestFailure | null,
    redactsStream = true,
  } = {},
) {
  const redactor = createSecretRedactor([SECRET])
  const output = new OutputRecorder()
  const text = redactsStream ? redactor.redactText(written) : written
  output.add(Buffer.from(text), 2, 2 + text.split('\n').length - 1)
  const context = { workspace, redact: (each: string) => redactor.redactText(each) }
  const { failure, reason } = explainFailure({ exit, advice, output, first }, context)
  return { failure: failure && jobFailureSchema.parse(failure), reason }
}
const fixture = (name: string) => readFileSync(join(OUTPUTS, name), 'utf8')

test('the output of a tool names the test, its message, its place and its line of the log', () => {
  const { failure, reason } = explain(`> npm test\n${fixture('jest-assertion.txt')}`)
  expect(reason).toBe('1 of 3 tests failed: cart › multiplies by quantity')
  expect(failure).toMatchObject({
    ...{
      source: 'log',
      test: 'cart › multiplies by quantity',
      file: 'assertion/cart.test.js',
      line: 9,
      logLine: 10,
    },
  })
  expect(failure?.excerpt.join('\n')).toContain('    Expected: 6\n    Received: 5')
})

test('a test of Go is found below the name of its package', () => {
  const { failure, reason } = explain(fixture('go-assertion.txt'))
  expect(failure).toMatchObject({ file: 'assertion/cart_test.go', line: 11, logLine: 5 })
  expect(reason).toMatch(/TestMultiplies\/by_quantity failed$/)
})

test('of an output that nothing is known about, the end is kept, without blank lines and progress bars', () => {
  const written = `${Array.from({ length: 30 }, (_, at) => `line ${at}`).join('\n')}\n10 %\r100 %\n\n\n\nwhy\n\n`
  const { failure, reason } = explain(written)
  expect(reason).toBeNull()
  expect(failure).toMatchObject({ source: 'end', test: null, file: null, line: null })
  expect(failure?.excerpt).toHaveLength(20)
  expect(failure?.excerpt.slice(-4)).toEqual(['line 29', '100 %', '', 'why'])
  expect(explain('').failure).toBeNull()
  expect(explain('\n \n').failure).toBeNull()
})

test.each<[string, Exit]>([
  ['takes too long', { kind: 'timed-out', afterMs: 1000 }],
  ['is killed', { kind: 'signalled', signal: 'SIGKILL' }],
])('of a command that %s, the end of the output says where it was', (_, exit) => {
  const { failure, reason } = explain(`${fixture('jest-assertion.txt')}\nstill running`, { exit })
  expect([failure?.source, failure?.excerpt.at(-1), reason]).toEqual(['end', 'still running', null])
})

test('the failure of a test report counts, and the log is opened where its test or its message stands', () => {
  const first: TestFailure = {
    suite: 'cart',
    name: 'adds',
    message: '5 !== 6\n  at x',
    file: 'a.js',
    line: 3,
  }
  const written = 'ok adds other\n✗ adds\n\n  5 !== 6\nadds\n'
  const found = explain(written, { first })
  expect(found).toEqual({
    reason: null,
    failure: {
      ...{ source: 'report', test: 'cart › adds', excerpt: ['5 !== 6', '  at x'] },
      ...{ file: 'a.js', line: 3, logLine: 4 },
    },
  })
  const logLineOf = (change: Partial<TestFailure>) =>
    explain(written, { first: { ...first, ...change } }).failure?.logLine
  expect(logLineOf({ message: '' })).toBe(7)
  expect(logLineOf({ name: 'b' })).toBe(6)
  expect(logLineOf({ name: 'none', message: 'not there' })).toBeNull()
})

const found = (change: Partial<FailureInLog> = {}): FailureInLog => ({
  ...{ test: 'a', failed: null, total: null, shown: [0], file: null, line: null },
  ...change,
})
const recogniser = (name: string, result: FailureInLog | null): LogRecogniser => ({
  name,
  find: () => result,
})

test('the first tool that recognises its output counts, as long as there is time', () => {
  const tools = [
    recogniser('none', null),
    recogniser('one', found()),
    recogniser('two', found({ test: 'b' })),
  ]
  expect(findFailure(['x'], tools)?.test).toBe('a')
  expect(findFailure(['x'], tools, () => true)).toBeNull()
  expect(findFailure(['x'], [])).toBeNull()
  const long = found({ shown: Array.from({ length: 30 }, (_, at) => at) })
  expect(findFailure(['x'], [recogniser('long', long)])?.shown).toHaveLength(20)
  expect(findFailure(['x'], [recogniser('nothing', found({ shown: [] })), ...tools])?.test).toBe('a')
})

const AT = { file: 'src/a.ts', line: 3 }
const NOWHERE = { file: null, line: null }
test.each<[string, Partial<FailureInLog>, { file: string | null; line: number | null }, string]>([
  ['2 of 34 tests failed: a', { failed: 2, total: 34 }, AT, ''],
  ['1 of 1 test failed: a', { failed: 1, total: 1 }, AT, ''],
  ['2 tests failed: a', { failed: 2 }, AT, ''],
  ['1 test failed: a', { failed: 1, total: 0 }, AT, ''],
  ['a failed', { failed: 0, total: 3 }, AT, ''],
  ['a failed', {}, NOWHERE, 'x'],
  [
    "src/a.ts:3: Type 'string' is not",
    { test: null },
    AT,
    "src/a.ts(3,7): error TS2322: Type 'string' is not",
  ],
  [
    "src/a.ts:3: Type 'string' is not",
    { test: null },
    AT,
    "src/a.ts:3:7 - error TS2322: Type 'string' is not",
  ],
  ['src/a.ts:3: undefined: totals', { test: null }, AT, '/repo/src/a.ts:3:5: undefined: totals'],
  ['src/a.ts:3: missing separator', { test: null }, AT, 'a.ts:3: missing separator'],
  ['src/a.ts:3: SyntaxError: no', { test: null }, AT, '  SyntaxError: no'],
  ['src/a.ts: no', { test: null }, { file: 'src/a.ts', line: null }, 'no'],
  ['bash: foo: command not found', { test: null }, NOWHERE, 'bash: foo: command not found'],
])('%s', (text, change, place, line) => {
  expect(describeFound(found(change), place, line)).toBe(text)
})

test.each<[string, string | null]>([
  ['assertion/cart.test.js', 'assertion/cart.test.js'],
  ['./assertion/cart.test.js', 'assertion/cart.test.js'],
  ['file:///assertion/cart.test.js', 'assertion/cart.test.js'],
  ['example.com/shop/each/cart_test.go', 'each/cart_test.go'],
  ['example.com/shop/root_test.go', 'root_test.go'],
  // Two of them.
  ['cart_test.go', null],
  ['src/a.ts', null],
  ['/app/web/src/a.ts', 'web/src/a.ts'],
  // In a container, only the name is the same.
  ['/usr/lib/root_test.go', null],
  ['../root_test.go', null],
  ['../../assertion/cart.test.js', null],
  ['/etc/passwd', null],
  ['etc/passwd', null],
  ['node_modules/x/only.js', null],
  ['only.js', null],
  ['hidden.js', null],
  ['assertion', null],
  ['', null],
  ['/', null],
  ['a\0b', null],
  ['x/'.repeat(5000), null],
])('the file %j of a tool is %j in the commit', (written, path) => {
  expect(findInCommit(written, workspace)).toBe(path)
})

test('the line about a test is never far from its message', () => {
  const far = ['multiplies', ...Array(20).fill('.'), 'expected 5 to be 6']
  expect(lineAbout(far, { name: 'multiplies', message: 'expected 5 to be 6' })).toBe(21)
  expect(lineAbout(far, { name: 'multiplies', message: '' })).toBe(0)
  expect(lineAbout(far, { name: 'x', message: 'y' })).toBeNull()
})

const bytesOf = (lines: readonly string[]) => Buffer.byteLength(JSON.stringify(lines))

test.each(['x', 'ä', '€', '\u{1f30d}', '"', '\\', '\ud800', '\u2028', '\t'])(
  'an excerpt of lines of %j has a bounded size, and is what is recorded',
  character => {
    const lines = Array.from({ length: 40 }, (_, at) => `${at} ${character.repeat(2000)}.`)
    for (const excerpt of [excerptOf(lines), excerptOfEnd(lines)]) {
      expect(bytesOf(excerpt)).toBeLessThanOrEqual(4000)
      expect(excerpt.length).toBeGreaterThan(1)
      expect(excerpt.every(line => line.isWellFormed() && line.length <= 300)).toBe(true)
    }
    expect(excerptOf(lines)[0]).toMatch(/^0 /)
    expect(excerptOfEnd(lines).at(-1)).toMatch(/^39 /)
  },
)

test('names, lines and places with secrets and escape sequences are masked and harmless', () => {
  const hostile = fixture('jest-assertion.txt')
    .replaceAll('multiplies by quantity', `multiplies \u001b[31m<img src=x> ${SECRET}`)
    .replaceAll('Expected: 6', `Expected: ${'y'.repeat(290)}${SECRET}\u0000`)
    .replaceAll('assertion/cart.test.js:9', `names/${SECRET}.js:9`)
  const { failure, reason } = explain(hostile)
  expect(failure?.test).toBe('cart › multiplies <img src=x> ***')
  expect(JSON.stringify([failure, reason])).not.toMatch(/SUPERSECRET|\\u001b|\\u0000/)
  // Also if the stream did not see it: the lines of an excerpt did not stand next to one another.
  const late = explain(hostile, { redactsStream: false })
  expect(JSON.stringify(late)).not.toContain('SUPERSECRET')
  expect(late.failure?.file).toBe('names/***.js')
})

test('a secret that is divided between two lines of an excerpt is masked', () => {
  const secret = SECRET.slice(0, 12)
  const written = fixture('jest-assertion.txt').replace(
    '    Expected: 6\n',
    `    Expected: ${secret}\n    ${SECRET.slice(12)}\n`,
  )
  const { failure } = explain(written, { redactsStream: false })
  expect(JSON.stringify(failure)).not.toContain(SECRET.slice(12))
})

test('advice is kept with what failed, masked', () => {
  const { failure } = explain('no credentials\n', { advice: `Set ${SECRET} in the account.` })
  expect(failure?.advice).toMatch(/^Set (?!s3cr3t).* in the account\.$/)
  expect(failure?.advice).not.toContain(SECRET)
  expect(explain('no credentials\n').failure?.advice).toBeUndefined()
})
