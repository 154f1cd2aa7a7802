import { expect, test } from 'vitest'
import type { JobFailure } from '../../../src/model/failure.ts'
import { unpackCounts } from '../../../src/model/tests.ts'
import { slackMessageOf } from '../../../src/notifiers/slack/message.ts'
import { snsMessageOf } from '../../../src/notifiers/sns/message.ts'
import { renderJobList, renderShown } from '../../../src/pages/job-list.ts'
import { firstLog } from '../../../src/pages/shown-log.ts'
import { renderSummary } from '../../../src/pages/summary.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import type { BuildEnd, JobState } from '../../../src/records/report-record.ts'
import { hasJobList, viewOf } from '../../../src/records/view.ts'
import { describeStatus } from '../../../src/records/wording.ts'
import { scheduleJobs } from '../../../src/reporting/schedule.ts'
import { publicLinks } from '../../support/page-links.ts'
import { after, endedRun, recordsWithJobs, viewWith, viewWithJobs } from '../../support/records.ts'

const DIED = 'The job died: it did not report its end in time'
const FAILED = 'npm test ended with exit code 1'
const TIMED_OUT = 'Timed out after 60 s: npm test'

const FAILED_STATE = { conclusion: 'failed', exit: { kind: 'exited', code: 1 }, reason: FAILED } as const

type Row = [string, Pick<JobState, 'conclusion' | 'exit' | 'reason' | 'tests' | 'isNamed'>]
const FAILURE: JobFailure = {
  ...{ source: 'log', test: 'cart › adds', excerpt: ['5 !== 6'], file: 'cart.js', line: 3, logLine: 12 },
}
const rows: Row[] = [
  ['passed', { conclusion: 'passed', exit: { kind: 'exited', code: 0 }, reason: null }],
  ['failed', FAILED_STATE],
  [
    'has a test that failed',
    { ...FAILED_STATE, reason: '1 of 3 tests failed: cart › adds', tests: [1, 1, 1, 0], isNamed: true },
  ],
  ['has named what failed', { ...FAILED_STATE, reason: 'cart › adds failed', isNamed: true }],
  ['timed out', { conclusion: 'failed', exit: { kind: 'timed-out', afterMs: 60_000 }, reason: TIMED_OUT }],
  ['killed', { conclusion: 'failed', exit: { kind: 'signalled', signal: 'SIGKILL' }, reason: 'Killed' }],
  ['died', { conclusion: 'errored', exit: null, reason: DIED }],
  ['was cancelled', { conclusion: 'cancelled', exit: null, reason: 'by ada' }],
  ['was superseded', { conclusion: 'cancelled', exit: null, reason: 'Superseded by #8' }],
]

/** The same end, of a build whose lead has run its job, and of one where that was done by another invocation. */
function viewsOf(state: Row[1]) {
  const { tests: counts, isNamed, ...rest } = state
  const tests = counts && unpackCounts(counts)
  const run = isNamed ? { failure: FAILURE } : {}
  const change: Partial<JobRun> = {
    ...{ ...rest, ...run, ...(tests && { tests }) },
    timings: { fetch: 100, command: 4000 },
  }
  const endedAt = after(44).toISOString()
  const planned = recordsWithJobs([{ key: 1, name: 'build', state }])
  const { conclusion } = scheduleJobs(planned.plan, planned.report.jobs, null)
  if (!conclusion) throw new Error('It has not ended')
  const end: BuildEnd = { ...conclusion, deploy: null, endedAt }
  const { conclusion: whole, reason } = state
  const ended = { conclusion: whole ?? 'errored', reason, deploy: null, endedAt }
  const report = { ...planned.report, end, cost: 0.001 }
  return {
    own: viewOf({
      ...{ ...planned, report, onlyRun: endedRun(change) },
      failed: { title: null, key: null, run },
    }),
    plain: viewWith({ run: change, report: { end: ended, cost: 0.001 } }),
  }
}

test.each(rows)('a build whose only job %s reads the same, whoever has run it', (_, state) => {
  const { own, plain } = viewsOf(state)
  expect(describeStatus(own)).toBe(describeStatus(plain))
  const { jobs: _jobs, ...fields } = own
  expect({ ...fields, jobs: [] }).toEqual(plain)
  const url = 'https://ci.example.com/x'
  expect(snsMessageOf(own, url, ['a line'])).toEqual(snsMessageOf(plain, url, ['a line']))
  expect(slackMessageOf(own, url, ['a line'])).toEqual(slackMessageOf(plain, url, ['a line']))
  expect(String(renderSummary(own, publicLinks(own)))).toBe(String(renderSummary(plain, publicLinks(plain))))
  const [job = null] = own.jobs
  const listed = { view: own, shown: job, withKey: (path: string) => path }
  expect(String(renderJobList(listed))).toBe('<nav id="jobs" aria-label="Jobs"></nav>')
  expect(String(renderShown(own, firstLog(own), path => path))).toBe('<div id="shown"></div>')
})

test('a build has a list of its jobs if there is more to say of them than of the build', () => {
  const leftOut = [{ name: 'docs', reason: 'No file has changed.' }]
  expect(hasJobList(viewWith())).toBe(false)
  expect(hasJobList(viewWithJobs([{}]))).toBe(false)
  expect(hasJobList(viewWithJobs([{}, { name: 'deploy', isDeploy: true }]))).toBe(true)
  expect(hasJobList(viewWithJobs([{ allowFailure: true, state: FAILED_STATE }]))).toBe(true)
  expect(hasJobList(viewWithJobs([{ state: FAILED_STATE }], { plan: { leftOut } }))).toBe(true)
  expect(hasJobList(viewWithJobs([], { plan: { leftOut } }))).toBe(false)
  expect(hasJobList(viewWithJobs([{}, { name: 'lint' }]))).toBe(true)
})

test('beside a job that is left out, the only other one is named', () => {
  const { plan, report } = recordsWithJobs([{ name: 'unit', state: FAILED_STATE }], {
    plan: { leftOut: [{ name: 'docs', reason: 'No file has changed.' }] },
  })
  const { conclusion } = scheduleJobs(plan, report.jobs, null)
  expect(conclusion).toEqual({ conclusion: 'failed', reason: `unit failed: ${FAILED}` })
})
