import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Exit } from '../../../src/model/exit.ts'
import { shortReason } from '../../../src/model/short-reason.ts'
import {
  type JobState,
  jobStateSchema,
  reportSchema,
  stateBeforeStart,
} from '../../../src/records/report-record.ts'
import { CODE_POINT } from '../../support/code-points.ts'
import { stateWith } from '../../support/plans.ts'
import { AT, reportOf } from '../../support/records.ts'

const MOST_BYTES = 500
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

/** A state with the longest values. */
const LARGEST: JobState = {
  key: 276,
  attempt: 9,
  failed: [7, 8],
  publications: 99,
  latestEnd: AT,
  startedAt: AT,
  endedAt: AT,
  conclusion: 'cancelled',
  exit: { kind: 'signalled', signal: 'S'.repeat(20) },
  reason: shortReason('x'.repeat(500)),
  cost: Number.MAX_VALUE,
  record: 'claim',
}

/** The largest one of a job whose command ended by itself. */
const TESTED: JobState = {
  ...LARGEST,
  exit: { kind: 'exited', code: 255 },
  tests: [6667, 6667, 6666, 99],
  isNamed: true,
}

const exits: fc.Arbitrary<Exit> = fc.oneof(
  fc.record({ kind: fc.constant('exited'), code: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('signalled'), signal: fc.stringMatching(/^[A-Z0-9+]{1,20}$/) }),
  fc.record({
    kind: fc.constant('timed-out'),
    afterMs: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
  }),
)

test('the state of a job has at most 500 bytes, whatever its reason is made of', () => {
  const reasons = fc.oneof(
    fc.string({ unit: CODE_POINT, minLength: 50, maxLength: 500 }),
    fc.constantFrom('ä', '€', '\u{1f30d}', '"', '\\', '\u0000', '\ud800').map(each => each.repeat(300)),
  )
  fc.assert(
    fc.property(reasons, exits, (reason, exit) => {
      const ended = exit.kind === 'exited' ? { ...TESTED, exit } : { ...LARGEST, exit }
      const state = jobStateSchema.parse({ ...ended, reason: shortReason(reason) })
      expect(bytesOf(state)).toBeLessThanOrEqual(MOST_BYTES)
      expect(jobStateSchema.parse(JSON.parse(JSON.stringify(state)))).toEqual(state)
    }),
  )
  expect(bytesOf(LARGEST)).toBeGreaterThan(MOST_BYTES - 50)
})

test.each<[string, unknown]>([
  ['a reason of 200 characters that have 3 bytes each', { reason: '€'.repeat(200) }],
  ['a reason of 201 characters', { reason: 'x'.repeat(201) }],
  ['a reason that JSON makes long', { reason: '\u0000'.repeat(50) }],
  ['a time with any number of digits', { endedAt: `2026-11-20T10:00:00.${'0'.repeat(100)}Z` }],
  ['tests of a command that was killed', { tests: [1, 0, 0, 0] }],
  ['what failed, of a command that was killed', { isNamed: true }],
  ['more tests than are read', { exit: TESTED.exit, tests: [20_000, 1, 0, 0] }],
  ['more flaky tests than passed', { exit: TESTED.exit, tests: [1, 0, 0, 2] }],
  ['a signal that is none', { exit: { kind: 'signalled', signal: '\u0000'.repeat(20) } }],
  ['a cost that is no number', { cost: Number.POSITIVE_INFINITY }],
  ['an ordinal that no plan has', { key: 277 }],
  ['an attempt that no key has', { attempt: 10 }],
])('%s is no state of a job', (_, change) => {
  const parsed = jobStateSchema.safeParse({ ...LARGEST, ...(change as Partial<JobState>) })
  expect(parsed.success).toBe(false)
})

test('a report with the largest states of 256 jobs, 10 deploys and what verifies them has less than 140 KB', () => {
  const jobs = Array.from({ length: 276 }, (_, key) => ({ ...LARGEST, key }))
  const report = reportOf({ jobs })
  expect(bytesOf(report)).toBeLessThan(140 * 1024)
  expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report)
  expect(reportSchema.safeParse(reportOf({ jobs: [...jobs, stateWith(0)] })).success).toBe(false)
})

test('a job that has not been started says nothing', () => {
  expect(jobStateSchema.parse(stateBeforeStart(3))).toEqual(stateBeforeStart(3))
  expect(Object.values(stateBeforeStart(3)).filter(value => value !== null)).toEqual([3, 1, 0])
})
