import { expect, test } from 'vitest'
import type { JobRun } from '../../../src/records/job-run.ts'
import type { AcceptedJob } from '../../../src/records/plan-record.ts'
import type { JobState } from '../../../src/records/report-record.ts'
import { nextAttempt } from '../../../src/reporting/next-attempt.ts'
import { draftedJob, draftWith, planOf, stateWith } from '../../support/plans.ts'
import { endedRun, runOf } from '../../support/records.ts'

const [JOB] = planOf(draftWith([draftedJob('unit', { retry: 1 })])).jobs as [AcceptedJob]
const SHARD = { ...JOB, shard: { index: 1, count: 2 } }
const failedRun = (change: Partial<JobRun> = {}) =>
  endedRun({ conclusion: 'failed', exit: { kind: 'exited', code: 1 }, ...change })
const TESTS = { passed: 1, failed: 1, errored: 0, skipped: 0, flaky: 0, first: null }

const next = (
  run: JobRun | null,
  {
    job = JOB,
    state = {},
    isCancelled = false,
  }: Partial<{ job: AcceptedJob; isCancelled: boolean }> & {
    state?: Partial<JobState>
  } = {},
) => nextAttempt({ job, run, isCancelled, state: stateWith(1, { publications: 1, ...state }) })

test('a job whose command failed is run again, as often as its file says', () => {
  expect(next(failedRun())).toEqual({ attempt: 2, failed: [1] })
  expect(next(failedRun(), { state: { attempt: 2, failed: [1] } })).toBeNull()
  const twice = { ...JOB, retry: 2 }
  const second = { attempt: 2, failed: [1] }
  expect(next(failedRun(), { job: twice, state: second })).toEqual({ attempt: 3, failed: [1, 2] })
  expect(next(failedRun(), { job: twice, state: { attempt: 3, failed: [1, 2] } })).toBeNull()
})

test('so is one whose reports have a test that failed, after exit code 0', () => {
  const exit = { kind: 'exited', code: 0 } as const
  expect(next(failedRun({ exit, tests: TESTS }))).toEqual({ attempt: 2, failed: [1] })
  expect(next(failedRun({ exit }))).toBeNull()
})

test.each<[string, JobRun | null, Parameters<typeof next>[1]?]>([
  ['has passed', endedRun()],
  ['has no "retry"', failedRun(), { job: { ...JOB, retry: undefined } }],
  ['took too long', failedRun({ exit: { kind: 'timed-out', afterMs: 1000 } })],
  ['was killed', failedRun({ exit: { kind: 'signalled', signal: 'SIGKILL' } })],
  ['was cancelled', failedRun({ conclusion: 'cancelled' })],
  ['ended in an error', failedRun({ conclusion: 'errored' })],
  ['claims to have been skipped', failedRun({ conclusion: 'skipped' })],
  ['has died', runOf()],
  ['was never claimed', null],
  ['deploys', failedRun(), { job: { ...JOB, isDeploy: true } }],
  ['is of a build that is to end', failedRun(), { isCancelled: true }],
])('a job is not run again if it %s', (_, run, options) => {
  expect(next(run, options)).toBeNull()
})

test('one of several equal parts that died gets one more attempt, whatever failed before', () => {
  expect(next(runOf(), { job: SHARD })).toEqual({ attempt: 2 })
  expect(next(runOf(), { job: SHARD, state: { attempt: 2 } })).toBeNull()
  expect(next(runOf(), { job: SHARD, state: { attempt: 2, failed: [1] } })).toEqual({ attempt: 3 })
  // Its death is no failure of its command.
  expect(next(failedRun(), { job: SHARD, state: { attempt: 2 } })).toEqual({ attempt: 3, failed: [2] })
})
