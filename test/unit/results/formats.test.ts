import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { junitFormat } from '../../../src/results/junit-format.ts'
import { tapFormat } from '../../../src/results/tap-format.ts'
import { described, formatContract, testsIn } from '../../contracts/test-report-format.ts'

const textOf = (name: string) =>
  readFileSync(new URL(`../../fixtures/reports/${name}`, import.meta.url), 'utf8')
const report = (name: string, tests: string[]) => ({ name, text: textOf(name), tests })

formatContract(junitFormat, {
  reports: [
    report('go-junit-report.xml', [
      'passed example.com/cart › TestIsEmpty',
      'failed example.com/cart › TestMultiplies',
      'failed example.com/cart › TestMultiplies/by_quantity',
      'skipped example.com/cart › TestDiscount',
      'errored example.com/cart/broken › [build failed]',
    ]),
    report('jest-junit.xml', [
      'passed cart is empty',
      'failed cart multiplies by quantity',
      'skipped cart has a discount',
    ]),
    report('jest-junit-suite-errors.xml', [
      'passed cart is empty',
      'failed cart multiplies by quantity',
      'skipped cart has a discount',
      'errored Test suite failed to run › jest/broken.test.js',
      'failed Test suite failed to run › jest/broken.test.js',
    ]),
    report('mocha-junit-reporter.xml', ['passed cart is empty', 'failed cart multiplies by quantity']),
    report('node.xml', [
      'failed node/broken.test.js',
      'passed cart › is empty',
      'failed cart › multiplies by quantity',
      'skipped cart › has a discount',
      'passed stands alone',
    ]),
    report('pytest.xml', [
      'passed py.test_cart.TestCart › test_is_empty',
      'failed py.test_cart.TestCart › test_multiplies_by_quantity',
      'skipped py.test_cart.TestCart › test_has_a_discount',
    ]),
    report('pytest-collection.xml', ['errored pytest › py.test_broken']),
    report('surefire.xml', [
      'failed com.example.CartTest › multipliesByQuantity',
      'skipped com.example.CartTest › hasADiscount',
      'flaky com.example.CartTest › isSlowAtFirst',
      'passed com.example.CartTest › isEmpty',
    ]),
    report('vitest.xml', [
      'failed broken.test.js',
      'passed cart › is empty',
      'failed cart › multiplies by quantity',
      'skipped cart › has a discount',
      'passed cart › is slow at first',
    ]),
  ],
  broken: [
    '<html><body/></html>',
    '<testsuite><testcase name="a">',
    '<testsuite><testcase name="a"/>&nbsp;</testsuite>',
    '<!DOCTYPE testsuite><testsuite/>',
    '<!DOCTYPE t [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>',
    '<!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&a;"/></testsuite>',
    '<testsuite/><testsuite/>x',
    `<testsuite>${'<a>'.repeat(200)}${'</a>'.repeat(200)}</testsuite>`,
    `<testsuite name="${'x'.repeat(2_500_000)}"/>`,
  ],
  withTests: count => `<testsuite>${'<testcase name="a"/>'.repeat(count)}</testsuite>`,
})

formatContract(tapFormat, {
  reports: [
    {
      ...report('node.tap', [
        'failed node/broken.test.js',
        'passed cart › is empty',
        'failed cart › multiplies by quantity',
        'skipped cart › has a discount',
        'passed stands alone',
      ]),
    },
    {
      name: 'TAP 12 after other output',
      text: '> cart@1.0.0 test\n\n1..4\nok 1 - empty\nnot ok 2 - sum\n#   Failed test sum\n# got 5, expected 6, at t/cart.t line 12, which adds instead of multiplying\nok 3 # skip no net\nnot ok 4 - x # TODO\n',
      tests: ['passed empty', 'failed sum', 'skipped ', 'skipped x'],
    },
  ],
  broken: [
    'ok 1 - a\n',
    '1..1\nok 1 - a\n  ---\n  message: never ends\nnot ok 1 - b\n',
    `1..1\n${' '.repeat(4 * 200)}ok 1 - deep\nok 1\n`,
  ],
  withTests: count => `1..${count}\n${'ok - a\n'.repeat(count)}`,
})

const junit = (text: string) => testsIn(junitFormat, text)

test('a suite that failed before any of its tests is an error', () => {
  const withElement =
    '<testsuites><testsuite name="a.test.js" file="a.test.js"><error message="cannot load"/></testsuite></testsuites>'
  expect(junit(withElement)).toMatchObject([
    { name: 'a.test.js', result: 'errored', message: 'cannot load', file: 'a.test.js' },
  ])
  const onlyCounted =
    '<testsuites><testsuite name="b" tests="1"><testcase name="x"/></testsuite><testsuite name="a" errors="1" tests="0"/></testsuites>'
  expect(junit(onlyCounted).map(described)).toEqual(['passed b › x', 'errored a'])
  expect(junit('<testsuites failures="2"/>').map(described)).toEqual(['errored The test run'])
})

test('statuses in attributes count', () => {
  const text =
    '<testsuite name="s"><testcase name="a" status="failed"/><testcase name="b" status="notrun"/><testcase name="c" status="run" result="suppressed"/><testcase name="d" status="error"/><testcase name="e" status="run"/></testsuite>'
  expect(junit(text).map(each => each.result)).toEqual(['failed', 'skipped', 'skipped', 'errored', 'passed'])
})

test('the first failure of a test counts, whatever else its element has', () => {
  const text =
    '<testsuite name="s"><testcase name="a"><failure message="one">at x</failure><error message="two"/><skipped/></testcase></testsuite>'
  expect(junit(text)).toMatchObject([{ result: 'failed', message: 'one\nat x' }])
})

test('control characters stay as they are written, and names are only names', () => {
  const text =
    '<testsuite name="__proto__"><testcase name="&#27;[31mred" constructor="x" __proto__="y"><failure message="&#0;"/></testcase></testsuite>'
  expect(junit(text)).toMatchObject([{ suite: '__proto__', name: '&#27;[31mred', message: '&#0;' }])
})

const tap = (text: string) => testsIn(tapFormat, text)

test('TAP: what was planned and did not run, and a bail-out, are errors', () => {
  expect(tap('1..3\nok 1\n').map(described)).toEqual(['passed ', 'errored The test run'])
  expect(tap('1..1\nok 1\nBail out! no database\n')).toMatchObject([
    { result: 'passed' },
    { result: 'errored', message: 'Bail out! no database' },
  ])
  expect(tap('1..0 # skip no tests here\n')).toEqual([])
})

test('TAP: the diagnostic of a failure is its message; a suite fails without failed tests', () => {
  const text =
    'TAP version 14\n# Subtest: suite\n    ok 1 - inner\n    1..1\nnot ok 1 - suite\n  ---\n  error: after hook\n  ...\nok 2 - a \\# b\n1..2\n'
  expect(tap(text)).toMatchObject([
    { suite: 'suite', name: 'inner', result: 'passed' },
    { name: 'suite', result: 'failed', message: 'error: after hook' },
    { name: 'a # b', result: 'passed' },
  ])
})
