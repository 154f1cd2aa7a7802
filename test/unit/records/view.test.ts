import { expect, test } from 'vitest'
import { type JobRun, parseJobRun } from '../../../src/records/job-run.ts'
import { jsonOf } from '../../../src/records/json-view.ts'
import type { Report } from '../../../src/records/report-record.ts'
import { viewOf } from '../../../src/records/view.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY } from '../../support/plans.ts'
import {
  after,
  endedRun,
  makeBuild,
  PULL,
  reportOf,
  runOf,
  viewWith,
  viewWithJobs,
} from '../../support/records.ts'

const endedAt = after(900).toISOString()
const end = (change: Partial<NonNullable<Report['end']>> = {}) =>
  reportOf({ end: { conclusion: 'errored', reason: 'It died', deploy: null, endedAt, ...change } })
const deploy = { stage: 'dev', status: 'running', reason: null, exit: null, url: null } as const

test.each<[string, JobRun | null, Report | null, object]>([
  ['no run', null, null, { status: 'queued', startedAt: null, endedAt: null, log: null, timings: {} }],
  ['a claim', runOf({ phase: 'claimed' }), null, { status: 'queued' }],
  ['a command', runOf(), null, { status: 'running', startedAt: after(2).toISOString(), endedAt: null }],
  [
    'a deploy',
    endedRun({ draft: draftWith([draftedJob('build')], { deploys: [PLANNED_DEPLOY] }) }),
    reportOf({ deploy }),
    { status: 'deploying', deploy, endedAt: null, exit: null },
  ],
  [
    'an end',
    endedRun(),
    null,
    { status: 'passed', exit: { kind: 'exited', code: 0 }, endedAt: after(44).toISOString() },
  ],
  ['a red end', endedRun({ conclusion: 'failed', reason: 'why' }), null, { status: 'failed', reason: 'why' }],
  ['an end without a conclusion', endedRun({ conclusion: null }), null, { status: 'errored' }],
  ['a report without an end', runOf(), reportOf({ isRerunRequested: true }), { status: 'running' }],
  [
    'the end in the report over a running command',
    runOf(),
    end(),
    { status: 'errored', reason: 'It died', endedAt },
  ],
  [
    'the end in the report over a later end record of the build',
    endedRun(),
    end(),
    { status: 'errored', reason: 'It died' },
  ],
  [
    'the end in the report, without a reason, over one with a reason',
    endedRun({ reason: 'old' }),
    end({ reason: null }),
    { reason: null },
  ],
  ['the end in the report without any run', null, end(), { status: 'errored', startedAt: null, endedAt }],
  [
    'the deploy at the end over the one before',
    endedRun(),
    { ...end({ conclusion: 'passed', deploy: { ...deploy, status: 'failed' } }), deploy },
    { status: 'passed', deploy: { stage: 'dev', status: 'failed' } },
  ],
])('%s', (_, run, report, expected) => {
  expect(viewOf({ build: makeBuild(), run, report })).toMatchObject(expected)
})

test('the tested merge is shown of pull requests alone, and only what is a commit', () => {
  const merge = 'c'.repeat(40)
  const run = runOf({ plan: { build: true, reason: 'x', cmd: 'true', stage: null, merge } })
  const shown = (change: Parameters<typeof makeBuild>[0], written: object = run) =>
    viewOf({ build: makeBuild(change), run: parseJobRun(Buffer.from(JSON.stringify(written))), report: null })
  expect(shown(PULL).merge).toBe(merge)
  expect(shown({}).merge).toBeNull()
  expect(shown(PULL, runOf()).merge).toBeNull()
  expect(shown(PULL, { ...run, plan: { ...run.plan, merge: '<b>' } })).toMatchObject({
    status: 'errored',
    merge: null,
  })
})

test('a view has the identity of the build, and none of its internal fields', () => {
  const view = viewWith()
  expect(view).toMatchObject({
    project: 'gh/ada/web',
    number: 7,
    trust: 'protected',
    message: makeBuild().message,
  })
  expect(Object.keys(view).sort()).toEqual(
    `approval author baseCommit branch checkoutBranch cloneRepository commit committers cost defaultBranch deploy deploys endedAt exit failure
    isFlaky isFork isNamed isPrivate jobs log manualStages merge message number project pullRequest queuedAt reason rebuildOf repeats repository retryOf runner stage startedAt status target tests timings
    trigger trust`.split(/\s+/),
  )
})

test('of a job that was taken over, a view has the log of the build that ran it, and no cost', () => {
  const passedIn = { build: 3, key: 0, attempt: 2, startedAt: null, endedAt: null }
  const state = { publications: 0, cost: null }
  const view = viewWithJobs([{ key: 1, name: 'lint', passedIn, state }, { key: 2 }], {
    build: { retryOf: 5 },
  })
  expect(view.jobs.map(job => [job.passedIn, job.ref])).toEqual([
    [3, { build: 3, key: 0, attempt: 2 }],
    [null, { build: 7, key: 2, attempt: 1 }],
  ])
  const json = jsonOf(view)
  expect(json).toMatchObject({
    retryOf: 5,
    jobs: [
      { key: 1, passedIn: 3, attempt: 2, cost: null, log: '/gh/ada/web/builds/7/jobs/1/log' },
      { passedIn: null },
    ],
  })
  expect(json.jobs[0]).not.toHaveProperty('ref')
})

test('a build is not passed because its lead is: from its draft on, all of its jobs count', () => {
  const draft = {
    ...{ leftOut: [], failFast: true, maxParallel: null, cancelSuperseded: true, leadRunsFirst: true },
    ...{ deploys: [], jobs: [] },
  }
  for (const run of [runOf({ draft }), endedRun({ draft })])
    for (const report of [null, reportOf()])
      expect(viewOf({ build: makeBuild(), run, report })).toMatchObject({
        status: 'running',
        endedAt: null,
        exit: null,
      })
})
