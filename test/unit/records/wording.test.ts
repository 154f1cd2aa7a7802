import { expect, test } from 'vitest'
import type { Conclusion } from '../../../src/model/conclusion.ts'
import { describeDuration } from '../../../src/model/duration.ts'
import type { Exit } from '../../../src/model/exit.ts'
import { reasonOfExit, shortCommand } from '../../../src/model/exit.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import type { Report } from '../../../src/records/report-record.ts'
import { describeStatus, durationOf, isRed } from '../../../src/records/wording.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY } from '../../support/plans.ts'
import { after, viewWith } from '../../support/records.ts'

test.each([
  [0, '0.0 s'],
  [449, '0.4 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [42_000, '42 s'],
  [59_499, '59 s'],
  [59_500, '1 min'],
  [870_000, '14 min 30 s'],
  [3_599_600, '1 h'],
  [3_900_000, '1 h 5 min'],
  [7_200_000, '2 h'],
])('%i ms is described as %s', (milliseconds, expected) => {
  expect(describeDuration(milliseconds)).toBe(expected)
})

test.each([
  ['npm test', 'npm test'],
  ['  npm test\n', 'npm test'],
  ['npm ci\nnpm test', 'npm ci…'],
  ['x'.repeat(60), 'x'.repeat(60)],
  ['x'.repeat(61), `${'x'.repeat(60)}…`],
  ['', ''],
])('command %j is shortened to %j', (command, name) => {
  expect(shortCommand(command)).toBe(name)
})

test('a command is never cut within a character', () => {
  expect(shortCommand(`${'x'.repeat(59)}${'🎉'.repeat(20)}`).isWellFormed()).toBe(true)
})

test.each<[Exit, string | null]>([
  [{ kind: 'exited', code: 0 }, null],
  [{ kind: 'exited', code: 1 }, 'npm test ended with exit code 1'],
  [{ kind: 'signalled', signal: 'SIGKILL' }, 'npm test was killed by SIGKILL'],
  [{ kind: 'timed-out', afterMs: 870_000 }, 'Timed out after 14 min 30 s'],
])('%j: %s', (exit, reason) => {
  expect(reasonOfExit('npm test', exit)).toBe(reason)
})

const deploy = (status: 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled') => ({
  stage: 'dev',
  status,
  reason: null,
  exit: null,
  url: null,
})
const failed = (exit: Exit): Partial<JobRun> => ({
  conclusion: 'failed',
  exit,
  reason: reasonOfExit('npm test', exit),
})

const DRAFT = draftWith([draftedJob('build')], { leadRunsFirst: true, deploys: [PLANNED_DEPLOY] })
/** The report of a build whose tests have passed. */
const reported = (
  status: 'succeeded' | 'failed' | 'cancelled',
  conclusion: Conclusion,
  reason: string | null = null,
  why: string | null = null,
): Partial<Report> => ({
  end: {
    ...{ conclusion, reason, endedAt: after(44).toISOString() },
    deploy: { ...deploy(status), reason: why },
  },
})

test.each<[string, boolean, Partial<JobRun> | null, Partial<Report>?]>([
  ['Queued', false, null],
  ['Queued', false, { phase: 'claimed' }],
  ['Running', false, { phase: 'running' }],
  ['Tests passed, deploying to dev', false, { draft: DRAFT }, { deploy: deploy('running') }],
  ['Tests passed, the deploy to dev waits', false, { draft: DRAFT }, { deploy: deploy('waiting') }],
  ['Passed in 42 s', false, {}],
  ['Passed in 14 min 30 s', false, { endedAt: after(872).toISOString() }],
  ['Passed', false, { startedAt: null }],
  ['Passed in 42 s, deployed to dev', false, { draft: DRAFT }, reported('succeeded', 'passed')],
  [
    'Passed in 42 s, not deployed to dev: superseded by #8',
    false,
    { draft: DRAFT },
    reported('cancelled', 'passed', null, 'Superseded by #8'),
  ],
  [
    'Tests passed, deploy to dev failed',
    true,
    { draft: DRAFT },
    reported('failed', 'failed', 'Tests passed, deploy to dev failed'),
  ],
  [
    'Tests passed, deploy to dev failed: it is another one',
    true,
    { draft: DRAFT },
    reported('failed', 'errored', 'Tests passed, deploy to dev failed: it is another one'),
  ],
  ['Failed: npm test ended with exit code 1', true, failed({ kind: 'exited', code: 1 })],
  ['Failed: npm test was killed by SIGKILL', true, failed({ kind: 'signalled', signal: 'SIGKILL' })],
  ['Timed out after 14 min 30 s', true, failed({ kind: 'timed-out', afterMs: 870_000 })],
  ['Failed', true, { conclusion: 'failed' }],
  ['Error: .lambci.json is not valid', true, { conclusion: 'errored', reason: '.lambci.json is not valid' }],
  ['Skipped: no rule matches', false, { conclusion: 'skipped', reason: 'no rule matches' }],
  ['Cancelled', false, { conclusion: 'cancelled' }],
])('%s (red: %j)', (text, red, run, report) => {
  const view = viewWith({ run, ...(report && { report }) })
  expect([describeStatus(view), isRed(view)]).toEqual([text, red])
})

test('a duration is never negative', () => {
  const startedAt = after(10).toISOString()
  expect(durationOf({ startedAt, endedAt: after(9).toISOString() })).toBe(0)
  expect(durationOf({ startedAt, endedAt: null })).toBeNull()
})

test('a deploy by hand says that nothing was deployed if a job has failed that had to run first', () => {
  const build = { event: 'deploy' as const, target: { stage: 'production', of: 3, by: 'ada' } }
  const end = {
    conclusion: 'failed' as const,
    reason: 'lib failed',
    deploy: null,
    endedAt: after(9).toISOString(),
  }
  expect(describeStatus(viewWith({ build, report: { end } }))).toBe('Not deployed to production: lib failed')
})
