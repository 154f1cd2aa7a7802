import { expect, test } from 'vitest'
import type { Exit } from '../../../src/model/exit.ts'
import { decideTests, type TestsRead } from '../../../src/results/decide-tests.ts'

const NONE = { passed: 0, failed: 0, errored: 0, skipped: 0, flaky: 0 }
const FIRST = { suite: 'cart', name: 'multiplies', message: '', file: null, line: null }
const READ: TestsRead = {
  ...{ counts: { ...NONE, passed: 31 }, first: null, reports: ['r.xml'], errors: [], old: [], irregular: [] },
}
const RED = { ...READ, counts: { ...NONE, passed: 31, failed: 1, errored: 1, skipped: 1 }, first: FIRST }
const EMPTY = { ...READ, counts: NONE }
const TESTS = { files: ['r/*.xml'], verdict: 'report' as const, allowEmpty: false }
const LENIENT = { ...TESTS, allowEmpty: true }
const BY_EXIT = { ...TESTS, verdict: 'exit' as const }
const ended = (code: number): { exit: Exit; reason: string | null } => ({
  exit: { kind: 'exited', code },
  reason: code === 0 ? null : `npm test ended with exit code ${code}`,
})

test.each<[string, number, typeof TESTS | typeof BY_EXIT, TestsRead, string, string | null]>([
  ['green, and the report too', 0, TESTS, READ, 'passed', null],
  ['red, and the report green', 1, TESTS, READ, 'failed', 'npm test ended with exit code 1'],
  ['red, and the report too', 1, TESTS, RED, 'failed', '2 of 34 tests failed: cart › multiplies'],
  ['red, and no report', 1, TESTS, { ...EMPTY, reports: [] }, 'failed', 'npm test ended with exit code 1'],
  [
    'red, and a broken report',
    1,
    TESTS,
    { ...EMPTY, errors: ['x'] },
    'failed',
    'npm test ended with exit code 1',
  ],
  [
    'green, and the report red',
    0,
    TESTS,
    RED,
    'failed',
    '2 of 34 tests failed: cart › multiplies (the report says 2 failed after exit code 0)',
  ],
  ['green, and the exit code decides', 0, BY_EXIT, RED, 'passed', null],
  [
    'green, and the report is empty',
    0,
    TESTS,
    EMPTY,
    'errored',
    'The test report r.xml has no test. Check that the command runs some, or set "allowEmpty" in "tests".',
  ],
  [
    'green, the exit code decides, and the report is empty',
    0,
    BY_EXIT,
    EMPTY,
    'errored',
    'The test report r.xml has no test. Check that the command runs some, or set "allowEmpty" in "tests".',
  ],
  [
    'green, and a report is broken',
    0,
    LENIENT,
    { ...READ, errors: ['The test report b.xml is broken.'] },
    'errored',
    'The test report b.xml is broken.',
  ],
  [
    'green, red and broken',
    0,
    TESTS,
    { ...RED, errors: ['x'] },
    'failed',
    '2 of 34 tests failed: cart › multiplies (the report says 2 failed after exit code 0)',
  ],
  [
    'green, and no report',
    0,
    TESTS,
    { ...EMPTY, reports: [] },
    'errored',
    'The command has written no test report at r/*.xml. Let it write one there, or set "allowEmpty" in "tests".',
  ],
  [
    'green, and old reports',
    0,
    TESTS,
    { ...EMPTY, reports: [], old: ['r/a.xml'] },
    'errored',
    'The command has written no test report at r/*.xml; r/a.xml is older than the command. Let it write one there, or set "allowEmpty" in "tests".',
  ],
  [
    'green, and a link',
    0,
    TESTS,
    { ...EMPTY, reports: [], irregular: ['r/a.xml'] },
    'errored',
    'The command has written no test report at r/*.xml; r/a.xml is no regular file. Let it write one there, or set "allowEmpty" in "tests".',
  ],
  ['green, and none is needed', 0, LENIENT, { ...EMPTY, reports: [] }, 'passed', null],
  ['green, and only skipped ones', 0, TESTS, { ...READ, counts: { ...NONE, skipped: 1 } }, 'passed', null],
])('%s', (_, code, tests, read, conclusion, reason) => {
  expect(decideTests(ended(code), tests, read)).toEqual({ conclusion, reason })
})
