import { expect, test } from 'vitest'
import type { Report } from '../../src/build/report-record.ts'
import type { Run } from '../../src/build/run-record.ts'
import { judge } from '../../src/report/ending.ts'
import { after, endedRun, jobOf, NONCE, PULL, reportOf, runOf } from '../records.ts'

const failure = (change: Partial<Report['failures'][number]> = {}) => ({
  nonce: NONCE,
  requestId: 'request-1',
  reason: 'it was killed',
  ...change,
})
const failures = (count: number) =>
  Array.from({ length: count }, (_, n) => failure({ requestId: `request-${n}` }))
const deploy = { stage: 'dev', status: 'running', reason: null, exit: null, url: null, by: null } as const
const deploying = runOf({ phase: 'deploying', result: 'passed', deploy })
const accepted = {
  result: 'errored' as const,
  reason: 'first',
  deploy: null,
  endedAt: after(1).toISOString(),
}

/** In time, and after the latest end. */
const SOON = after(100)
const LATE = after(3301)
const never = 'The build never started, after 3 attempts: '
const silent = 'The build ended without a word: '
const overdue = 'nothing was heard of it until its latest end'

type Row = [string, Run | null, Partial<Report>, Date, ReturnType<typeof judge> | object]
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
    { ending: { result: 'passed', reason: 'r', deploy: null, endedAt: after(44).toISOString() } },
  ],
  ['ended after its latest end', endedRun(), {}, LATE, { ending: { result: 'passed' } }],
  [
    'ended without result and moment',
    endedRun({ result: null, endedAt: null }),
    {},
    SOON,
    { ending: { result: 'errored', endedAt: SOON.toISOString() } },
  ],
  ['an ending accepted before', endedRun(), { ending: accepted }, SOON, { ending: accepted }],
  ['never started, overdue', null, {}, LATE, 'again'],
  ['its one attempt failed', null, { failures: [failure()] }, SOON, 'again'],
  [
    'its one attempt failed, but this is news of another job',
    null,
    { failures: [failure({ nonce: 'another' })] },
    SOON,
    null,
  ],
  ['one of two attempts failed', null, { failures: [failure()], admissions: 2 }, SOON, null],
  ['two of two failed', null, { failures: failures(2), admissions: 2 }, SOON, 'again'],
  [
    'three of three failed',
    null,
    { failures: failures(3), admissions: 3 },
    SOON,
    { ending: { result: 'errored', reason: `${never}it was killed`, endedAt: SOON.toISOString() } },
  ],
  [
    'handed out thrice, overdue',
    null,
    { admissions: 3 },
    LATE,
    { ending: { result: 'errored', reason: `${never}nothing was heard of it` } },
  ],
  [
    'handed out anew, before its new latest end',
    null,
    { admissions: 2, latestEnd: after(5000).toISOString() },
    LATE,
    null,
  ],
  [
    'handed out anew, after it',
    null,
    { admissions: 2, latestEnd: after(5000).toISOString() },
    after(5001),
    'again',
  ],
  [
    'running in time of its new latest end',
    runOf(),
    { admissions: 2, latestEnd: after(5000).toISOString() },
    LATE,
    null,
  ],
  [
    'its process died',
    runOf(),
    { failures: [failure()] },
    SOON,
    {
      ending: {
        result: 'errored',
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
    { ending: { result: 'errored', reason: `${silent}it was killed` } },
  ],
  ['a second delivery of it died', runOf(), { failures: [failure({ requestId: 'request-2' })] }, SOON, null],
  ['a failure without our nonce', runOf(), { failures: [failure({ nonce: 'guessed' })] }, SOON, null],
  [
    'silent until its latest end',
    runOf(),
    {},
    LATE,
    { ending: { result: 'errored', reason: `${silent}${overdue}` } },
  ],
  [
    'a run that names no runner, overdue',
    runOf({ runner: null }),
    { failures: [failure()] },
    LATE,
    { ending: { result: 'errored', reason: `${silent}${overdue}` } },
  ],
  [
    'died while deploying',
    deploying,
    { failures: [failure()] },
    SOON,
    {
      ending: {
        result: 'passed',
        reason: null,
        deploy: { stage: 'dev', status: 'failed', reason: `${silent}it was killed` },
      },
    },
  ],
  [
    'deploying for ever',
    deploying,
    {},
    LATE,
    { ending: { result: 'passed', deploy: { status: 'failed', reason: `${silent}${overdue}` } } },
  ],
  [
    'deploying without a result',
    runOf({ phase: 'deploying', deploy }),
    {},
    LATE,
    { ending: { result: 'errored', deploy: { status: 'failed' } } },
  ],
  [
    'deploying without a deploy',
    runOf({ phase: 'deploying', result: 'passed' }),
    {},
    LATE,
    { ending: { result: 'errored', deploy: null } },
  ],
])('%s', (_, run, report, now, expected) => {
  const records = { job: jobOf(), run, report: reportOf(report), wish: null }
  const verdict = judge(records, reportOf(report), now)
  if (expected === null || expected === 'again') expect(verdict).toBe(expected)
  else expect(verdict).toMatchObject(expected)
})

test('a wish to cancel ends what nobody has claimed, and nothing else', () => {
  const wish = { by: 'ada', why: 'by ada', supersededBy: null, at: after(3).toISOString() }
  const judged = (run: Run | null, report: Partial<Report> = {}) =>
    judge({ job: jobOf(), run, report: reportOf(report), wish }, reportOf(report), SOON)
  expect(judged(null)).toEqual({
    ending: { result: 'cancelled', reason: 'by ada', deploy: null, endedAt: SOON.toISOString() },
  })
  expect(judged(runOf())).toBeNull()
  expect(judged(endedRun())).toMatchObject({ ending: { result: 'passed' } })
  expect(judged(null, { ending: accepted })).toEqual({ ending: accepted })
})

test('a newer commit ends a queued pull request; a queued push reads its configuration first', () => {
  const wish = { by: 'lambci', why: 'Superseded by #8', supersededBy: 8, at: after(3).toISOString() }
  const judged = (job: ReturnType<typeof jobOf>) =>
    judge({ job, run: null, report: reportOf(), wish }, reportOf(), SOON)
  expect(judged(jobOf(PULL))).toMatchObject({ ending: { result: 'cancelled', reason: 'Superseded by #8' } })
  expect(judged(jobOf())).toBeNull()
})
