import { expect, test } from 'vitest'
import type { JobRun } from '../../../src/records/job-run.ts'
import type { Report } from '../../../src/records/report-record.ts'
import { decide } from '../../../src/reporting/decide.ts'
import { after, endedRun, makeBuild, NONCE, PULL, reportOf, runOf } from '../../support/records.ts'

const failure = (change: Partial<Report['failures'][number]> = {}) => ({
  nonce: NONCE,
  requestId: 'request-1',
  reason: 'it was killed',
  ...change,
})
const failures = (count: number) =>
  Array.from({ length: count }, (_, n) => failure({ requestId: `request-${n}` }))
const acceptedEnd = {
  conclusion: 'errored' as const,
  reason: 'first',
  deploy: null,
  endedAt: after(1).toISOString(),
}

/** Before and after the latest end. */
const SOON = after(100)
const LATE = after(3301)
const never = 'The build never started, after 3 attempts: '
const silent = 'The job died: '
const overdue = 'it did not report its end in time'

type Row = [string, JobRun | null, Partial<Report>, Date, ReturnType<typeof decide> | object]
test.each<Row>([
  ['queued', null, {}, SOON, null],
  ['claimed', runOf({ phase: 'claimed' }), {}, SOON, null],
  ['running', runOf(), {}, SOON, null],
  ['exactly at its latest end', runOf(), {}, after(3300), null],
  [
    'ended',
    endedRun({ reason: 'r' }),
    {},
    SOON,
    { end: { conclusion: 'passed', reason: 'r', deploy: null, endedAt: after(44).toISOString() } },
  ],
  ['ended after its latest end', endedRun(), {}, LATE, { end: { conclusion: 'passed' } }],
  [
    'ended without conclusion and time',
    endedRun({ conclusion: null, endedAt: null }),
    {},
    SOON,
    { end: { conclusion: 'errored', endedAt: SOON.toISOString() } },
  ],
  ['an end accepted before', endedRun(), { end: acceptedEnd }, SOON, { end: acceptedEnd }],
  ['never started, overdue', null, {}, LATE, 'publish-again'],
  ['its only attempt failed', null, { failures: [failure()] }, SOON, 'publish-again'],
  ['an attempt of another build failed', null, { failures: [failure({ nonce: 'another' })] }, SOON, null],
  ['one of two attempts failed', null, { failures: [failure()], publications: 2 }, SOON, null],
  ['two of two failed', null, { failures: failures(2), publications: 2 }, SOON, 'publish-again'],
  [
    'three of three failed',
    null,
    { failures: failures(3), publications: 3 },
    SOON,
    { end: { conclusion: 'errored', reason: `${never}it was killed`, endedAt: SOON.toISOString() } },
  ],
  [
    'published three times, overdue',
    null,
    { publications: 3 },
    LATE,
    { end: { conclusion: 'errored', reason: `${never}no function has run its job` } },
  ],
  [
    'published again, before its new latest end',
    null,
    { publications: 2, latestEnd: after(5000).toISOString() },
    LATE,
    null,
  ],
  [
    'published again, after its new latest end',
    null,
    { publications: 2, latestEnd: after(5000).toISOString() },
    after(5001),
    'publish-again',
  ],
  [
    'running, before its new latest end',
    runOf(),
    { publications: 2, latestEnd: after(5000).toISOString() },
    LATE,
    null,
  ],
  [
    'its process died',
    runOf(),
    { failures: [failure()] },
    SOON,
    {
      end: {
        conclusion: 'errored',
        reason: `${silent}it was killed`,
        deploy: null,
        endedAt: SOON.toISOString(),
      },
    },
  ],
  [
    'its process died right after the claim',
    runOf({ phase: 'claimed' }),
    { failures: [failure()] },
    SOON,
    { end: { conclusion: 'errored', reason: `${silent}it was killed` } },
  ],
  ['a duplicate delivery failed', runOf(), { failures: [failure({ requestId: 'request-2' })] }, SOON, null],
  ['a failure with a wrong nonce', runOf(), { failures: [failure({ nonce: 'guessed' })] }, SOON, null],
  ['running, overdue', runOf(), {}, LATE, { end: { conclusion: 'errored', reason: `${silent}${overdue}` } }],
  [
    'running without a recorded runner, overdue',
    runOf({ runner: null }),
    { failures: [failure()] },
    LATE,
    { end: { conclusion: 'errored', reason: `${silent}${overdue}` } },
  ],
])('%s', (_, run, report, now, expected) => {
  const records = { build: makeBuild(), run, report: reportOf(report), request: null }
  const decision = decide(records, now)
  if (expected === null || expected === 'publish-again') expect(decision).toBe(expected)
  else expect(decision).toMatchObject(expected)
})

test('a cancel request ends an unclaimed build, and no other', () => {
  const request = { by: 'ada', why: 'by ada', supersededBy: null, at: after(3).toISOString() }
  const decideWith = (run: JobRun | null, report: Partial<Report> = {}) =>
    decide({ build: makeBuild(), run, report: reportOf(report), request }, SOON)
  expect(decideWith(null)).toEqual({
    end: { conclusion: 'cancelled', reason: 'by ada', deploy: null, endedAt: SOON.toISOString() },
  })
  expect(decideWith(runOf())).toBeNull()
  expect(decideWith(endedRun())).toMatchObject({ end: { conclusion: 'passed' } })
  expect(decideWith(null, { end: acceptedEnd })).toEqual({ end: acceptedEnd })
})

test('a newer commit ends a queued pull request at once; a queued push reads its configuration first', () => {
  const request = { by: 'lambci', why: 'Superseded by #8', supersededBy: 8, at: after(3).toISOString() }
  const decideWith = (build: ReturnType<typeof makeBuild>) =>
    decide({ build, run: null, report: reportOf(), request }, SOON)
  expect(decideWith(makeBuild(PULL))).toMatchObject({
    end: { conclusion: 'cancelled', reason: 'Superseded by #8' },
  })
  expect(decideWith(makeBuild())).toBeNull()
})
