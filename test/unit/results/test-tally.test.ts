import { expect, test } from 'vitest'
import type { ReportedResult, ReportedTest } from '../../../src/results/test-report-format.ts'
import { TestTally } from '../../../src/results/test-tally.ts'

const reported = (id: string, result: ReportedResult, isFlaky = false): ReportedTest => ({
  ...{
    id,
    suite: '',
    name: id,
    result,
    isFlaky,
    message: '',
    file: null,
    line: null,
    places: [],
    seconds: 0,
  },
})

function tallyOf(...tests: readonly string[]): TestTally {
  const tally = new TestTally()
  for (const each of tests) {
    const [id = '', result] = each.split(':')
    tally.add(reported(id, result as ReportedResult))
  }
  return tally
}

test.each<[string, string[], object, string[]]>([
  ['nothing', [], { passed: 0, failed: 0, flaky: 0 }, []],
  ['a failure', ['a:passed', 'b:failed'], { passed: 1, failed: 1, flaky: 0 }, ['b']],
  [
    'one that fails, then passes',
    ['a:failed', 'b:passed', 'a:passed'],
    { passed: 2, failed: 0, flaky: 1 },
    [],
  ],
  [
    'one that fails twice, then passes',
    ['a:failed', 'a:errored', 'a:passed'],
    { passed: 1, failed: 0, errored: 0, flaky: 1 },
    [],
  ],
  ['one that passes, then fails', ['a:passed', 'a:failed'], { passed: 1, failed: 1, flaky: 0 }, ['a']],
  [
    'one that fails again after it passed',
    ['a:failed', 'a:passed', 'a:failed'],
    { passed: 1, failed: 1, flaky: 1 },
    ['a'],
  ],
  ['one that fails, then is skipped', ['a:failed', 'a:skipped'], { failed: 1, skipped: 1, flaky: 0 }, ['a']],
  ['another one that passes', ['a:failed', 'b:passed'], { passed: 1, failed: 1, flaky: 0 }, ['a']],
])('%s', (_, tests, counts, failures) => {
  const tally = tallyOf(...tests)
  expect(tally.counts).toMatchObject(counts)
  expect(tally.failures.map(({ id }) => id)).toEqual(failures)
})

test('what a tool has as flaky itself has passed', () => {
  const tally = new TestTally()
  tally.add(reported('a', 'passed', true))
  expect(tally.counts).toEqual({ passed: 1, failed: 0, errored: 0, skipped: 0, flaky: 1 })
})

test('the first twenty that failed and later passed are named', () => {
  const names = Array.from({ length: 25 }, (_, at) => `t${at}`)
  const tally = tallyOf(
    ...names.map(name => `${name}:failed`),
    ...names.map(name => `${name}:passed`),
    'a:passed',
  )
  expect(tally.counts.flaky).toBe(25)
  expect(tally.flaky.map(({ name }) => name)).toEqual(names.slice(0, 20))
})

test('20,000 tests are the most, and each may fail under one name', () => {
  const tally = new TestTally()
  for (let count = 0; count < 20_000; count++) tally.add(reported('same', 'failed'))
  expect(tally.counts.failed).toBe(20_000)
  expect(() => tally.add(reported('same', 'passed'))).toThrow(
    'brings the tests of this job to more than 20,000. Divide the job into "shards"',
  )
})
