import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  addBuild,
  describeFlakiness,
  flakinessOf,
  HISTORY_BYTES,
  MOST_BUILDS,
  MOST_LISTED,
  type TestedBuild,
  type TestedJob,
  type TestHistory,
  testHistorySchema,
} from '../../../src/model/test-history.ts'

const idOf = (number: number) => number.toString(16).padStart(16, '0')
const [JOB, TEST] = [idOf(1), idOf(2)]
const commitOf = (letter: string) => letter.repeat(40)
const jobOf = (change: Partial<TestedJob> = {}): TestedJob => ({
  ...{ job: JOB, isPassed: false, isComplete: true, failed: [], flaky: [] },
  ...change,
})
const PASSED = jobOf({ isPassed: true })
const FAILED = jobOf({ failed: [TEST] })
const OTHER = jobOf({ failed: [idOf(3)] })
const FLAKY = jobOf({ isPassed: true, flaky: [TEST] })

/** Builds with the numbers 1, 2, …, each of a commit that is named by a letter. */
const historyOf = (...builds: [letter: string, job: TestedJob | null][]): TestHistory => ({
  builds: builds.map(([letter, job], at) => ({
    ...{ number: at + 1, commit: commitOf(letter), jobs: job ? [job] : [] },
  })),
})
const found = (...builds: Parameters<typeof historyOf>) => flakinessOf(historyOf(...builds), JOB, TEST)

test.each<[string, Parameters<typeof historyOf>, ReturnType<typeof flakinessOf>]>([
  [
    'failed and passed at one commit',
    [
      ['a', FAILED],
      ['a', PASSED],
    ],
    { failed: 1, of: 2 },
  ],
  [
    'passed and failed at one commit',
    [
      ['a', PASSED],
      ['b', OTHER],
      ['a', FAILED],
    ],
    { failed: 1, of: 3 },
  ],
  ['was flaky in one run or in two attempts', [['a', FLAKY]], { failed: 1, of: 1 }],
  [
    'passed at one commit and failed at another',
    [
      ['a', PASSED],
      ['b', FAILED],
    ],
    null,
  ],
  [
    'failed always',
    [
      ['a', FAILED],
      ['a', FAILED],
    ],
    null,
  ],
  [
    'failed, and others did in a rebuild',
    [
      ['a', FAILED],
      ['a', OTHER],
    ],
    null,
  ],
  [
    'failed, and its job did not run in a rebuild',
    [
      ['a', FAILED],
      ['a', null],
    ],
    null,
  ],
  [
    'is not known in builds with too many failures, which do not count',
    [
      ['a', FAILED],
      ['a', PASSED],
      ['b', jobOf({ isComplete: false, failed: [idOf(3)] })],
    ],
    { failed: 1, of: 2 },
  ],
])('a test that %s', (_, builds, expected) => {
  expect(found(...builds)).toEqual(expected)
})

test('the last ten builds that ran the job count, and evidence that is older is forgotten', () => {
  const evidence: [string, TestedJob][] = [
    ['a', FAILED],
    ['a', PASSED],
  ]
  const later = (count: number) => Array.from({ length: count }, (): [string, TestedJob] => ['b', PASSED])
  expect(found(...evidence, ...later(8))).toEqual({ failed: 1, of: 10 })
  expect(found(...evidence, ...later(9))).toBeNull()
  const without = Array.from({ length: 20 }, (): [string, null] => ['c', null])
  expect(found(...evidence, ...without)).toEqual({ failed: 1, of: 2 })
})

test('the same test of another job is another test', () => {
  const history = historyOf(['a', FAILED], ['a', PASSED])
  expect(flakinessOf(history, idOf(9), TEST)).toBeNull()
  expect(flakinessOf(history, JOB, idOf(9))).toBeNull()
})

test('a build is recorded once, in its place, and the oldest ones make room', () => {
  const builds = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 })
  const build = (number: number): TestedBuild => ({ number, commit: commitOf('a'), jobs: [FAILED] })
  fc.assert(
    fc.property(builds, numbers => {
      const history = numbers.reduce((so, number) => addBuild(so, build(number)), {
        builds: [],
      } as TestHistory)
      const kept = history.builds.map(({ number }) => number)
      const last = numbers.at(-1)
      expect(kept).toEqual([...new Set(kept)].toSorted((one, other) => one - other))
      expect(kept.length).toBeLessThanOrEqual(MOST_BUILDS)
      if (last !== undefined) expect(addBuild(history, build(last)).builds).toEqual(history.builds)
      expect(testHistorySchema.parse(history)).toEqual(history)
    }),
  )
})

test('a history is bounded, however many jobs and failures builds have', () => {
  const ids = Array.from({ length: MOST_LISTED }, (_, at) => idOf(at))
  const jobs = Array.from({ length: 30 }, (_, at) => jobOf({ job: idOf(at), failed: ids, flaky: ids }))
  let history: TestHistory = { builds: [] }
  for (let number = 1; number <= 5; number++)
    history = addBuild(history, { number, commit: commitOf('a'), jobs })
  expect(history.builds.map(({ number }) => number)).toEqual([4, 5])
  expect(Buffer.byteLength(JSON.stringify(history))).toBeLessThan(HISTORY_BYTES + 100)
})

test('it is said in how many of the last builds', () => {
  expect(describeFlakiness({ branch: 'master', failed: 3, of: 10 })).toBe(
    'flaky: failed 3 of the last 10 builds of master',
  )
  expect(describeFlakiness({ branch: 'x', failed: 1, of: 1 })).toBe('flaky: failed in the last build of x')
})
