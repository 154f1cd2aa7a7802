import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MOST_SHOWN } from '../../../src/results/log-recogniser.ts'
import { RECOGNISERS } from '../../../src/results/recognisers/all.ts'

const outputOf = (name: string) =>
  readFileSync(new URL(`../../fixtures/outputs/${name}.txt`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')

const findIn = (lines: readonly string[]) => {
  for (const { find } of RECOGNISERS) {
    const found = find(lines)
    if (found) return { ...found, text: found.shown.map(at => lines[at]?.trim()) }
  }
  return null
}

const jest = outputOf('jest-assertion')
const JEST = {
  test: 'cart › multiplies by quantity',
  failed: 1,
  total: 3,
  file: 'assertion/cart.test.js',
  line: 9,
}
const eslint = outputOf('eslint-errors')
const ESLINT = { test: null, file: '/repo/src/cart.js', line: 1 }

const green = ['PASS b.test.js', '', 'Test Suites: 1 passed, 1 total', 'Tests:       4 passed, 4 total']

test.each([
  ['the last one of two that failed', [...jest, ...eslint], ESLINT],
  ['the last one, in the other order', [...eslint, ...jest], JEST],
  ['the one that failed, before one that passed', [...jest, ...green], JEST],
  ['Jest, in a rule of make', [...jest, 'make: *** [Makefile:2: test] Error 1'], JEST],
  ['Jest, in a script of npm', [...jest, 'npm ERR! Test failed.  See above for more details.'], JEST],
  ['Jest, below noise of a shell', ['cat: .env: No such file or directory', ...jest], JEST],
  [
    'a command that is not found, after tests that failed and did not stop the shell',
    [...jest, 'bash: line 2: codecov: command not found'],
    { test: null, file: null },
  ],
  ['the last run of a tool', [...outputOf('jest-many'), ...jest], JEST],
])('the failure is that of %s', (_, lines, expected) => {
  expect(findIn(lines)).toMatchObject(expected)
})

test('a test that passed at another attempt is no failure', () => {
  const retried = ['FAIL a.test.js', '  ● cart › adds', '', '    no answer', '', ...green]
  expect(findIn(retried)).toBe(null)
  expect(findIn(['not ok 1 - adds', '# tests 1', '# fail 0'])).toBe(null)
  expect(findIn(['not ok 1 - adds # TODO later', 'ok 2 - subtracts'])).toBe(null)
})

test.each([
  ['Windows', (line: string) => `${line}\r`],
  ['a clock', (line: string) => `2026-11-27T05:40:54.123Z ${line}`],
  ['docker compose', (line: string) => `web-1  | ${line}`],
  ['Turborepo', (line: string) => `web:test: ${line}`],
  ['Lerna', (line: string) => `@scope/web: ${line}`],
  ['pnpm', (line: string) => `packages/web test: ${line}`],
  ['concurrently', (line: string) => `[web] ${line}`],
])('lines as %s writes them', (_, prefixed) => {
  const lines = ['starting', ...jest.map(prefixed), 'stopped']
  const found = findIn(lines)
  expect(found).toMatchObject(JEST)
  expect(lines[found?.shown[0] ?? 0]).toContain('● cart › multiplies by quantity')
  expect(lines[found?.shown.at(-1) ?? 0]).toContain('at Object.toBe')
})

test('the lines of two programs stand between one another', () => {
  const other = ['PASS b.test.js', '  ✓ adds', '', '', '', '', '', '', 'Tests:       4 passed, 4 total']
  const lines = jest.flatMap((line, at) => [`web:test: ${line}`, `api:test: ${other[at] ?? ''}`])
  expect(findIn(lines)).toMatchObject(JEST)
})

const cut: readonly (readonly [string, { test: string | null }])[] = [
  ['jest-many', { test: 'adds' }],
  ['vitest-many', { test: 'cart › when stored › loads' }],
  ['mocha-many', { test: 'cart › multiplies 2 times' }],
  ['pytest-many', { test: 'test_reads' }],
  ['unittest-many', { test: 'u_many.CartTest › test_loads' }],
  ['node-tap', { test: 'cart › multiplies by quantity' }],
  ['rspec-many', { test: 'Cart multiplies 3 times' }],
  ['phpunit-many', { test: 'ManyTest › testLoads' }],
  ['cargo-plain', { test: 'tests::multiplies_by_quantity' }],
]

test.each(cut)('the end of %s is missing', (name, expected) => {
  const lines = outputOf(name)
  const { shown = [] } = findIn(lines) ?? {}
  expect(findIn(lines.slice(0, (shown.at(-1) ?? 0) + 2))).toMatchObject(expected)
})

test.each(cut)('the beginning of %s is missing', (name, expected) => {
  const lines = outputOf(name)
  const { shown = [] } = findIn(lines) ?? {}
  // What a tool lists below a heading has no failure without it.
  const from = ['mocha-many', 'rspec-many', 'phpunit-many', 'pytest-many', 'unittest-many'].includes(name)
    ? 4
    : 0
  expect(findIn(lines.slice(Math.max(0, (shown[0] ?? 0) - from)))?.test ?? '').toContain(
    expected.test?.split(' › ').at(-1),
  )
})

test('a long difference leaves room for the code and the place', () => {
  const at = jest.findIndex(line => line.includes('Received: 5'))
  const long = Array.from({ length: 1000 }, (_, index) => `    + line ${index}`)
  const found = findIn([...jest.slice(0, at), ...long, ...jest.slice(at)])
  expect(found).toMatchObject(JEST)
  expect(found?.text).toHaveLength(MOST_SHOWN)
  expect(found?.text).toContain('>  9 |     expect(total(2, 3)).toBe(6)')
  expect(found?.text.at(-1)).toBe('at Object.toBe (assertion/cart.test.js:9:25)')
})

/** Beginnings of failures that never end, and lines on which patterns could go back and forth. */
const HOSTILE = [
  '  ● a',
  'FAIL a b c d e f g h i j k l m n o p q r s t u v w x y z',
  ' FAIL  a > b > c',
  '  1) a',
  '  1 failing',
  '_____ a _____',
  '--- FAIL: TestA (0.00s)',
  '=== RUN   TestA',
  'not ok 1 - a',
  '# Subtest: a',
  'FAIL: a (b.c)',
  '='.repeat(70),
  '---- a stdout ----',
  'An error occurred while loading ./a_spec.rb.',
  'There was 1 failure:',
  'PHP Fatal error:  a in in in in in in in in in in in in /a',
  '[ERROR] a  Time elapsed: 1 s  <<< FAILURE!',
  'a > b > c FAILED',
  'a.ts(1,1): error TS1: ',
  '  1:1  error  a  b',
  'npm ERR! a',
  'a: 1: a: a: a: a: a: a: a: a: a: a',
  'a:b: a:b: a:b: ',
  '/a:1',
  'Tests: 1 failed, 1 total',
  '✖ failing tests:',
]

test.each([
  [
    '100,000 lines of every kind',
    Array.from({ length: 100_000 }, (_, at) => HOSTILE[at % HOSTILE.length] ?? ''),
  ],
  ['blocks of the same line', HOSTILE.flatMap(line => Array.from({ length: 5000 }, () => line))],
  ['lines of 10 MB', HOSTILE.slice(0, 6).map(line => line.repeat(Math.ceil(10_000_000 / line.length)))],
  ['long lines', HOSTILE.flatMap(line => Array.from({ length: 100 }, () => `${line} ${line}`.repeat(100)))],
])('%s take time that is linear in the text', (_, lines) => {
  const started = process.cpuUsage()
  for (const { find } of RECOGNISERS) {
    const found = find(lines)
    expect(found?.shown.length ?? 0).toBeLessThanOrEqual(MOST_SHOWN)
  }
  // A pattern that goes back and forth takes minutes.
  expect(process.cpuUsage(started).user / 1000).toBeLessThan(5000)
})
