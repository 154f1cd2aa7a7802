import { expect, test } from 'vitest'
import { decideRetry } from '../../../src/admission/retry.ts'
import type { Trust } from '../../../src/model/build.ts'
import type { PassedIn } from '../../../src/records/plan-record.ts'
import type { Records } from '../../../src/records/view.ts'
import { PLANNED_DEPLOY } from '../../support/plans.ts'
import { AT, JOB_STATES, recordsWithJobs } from '../../support/records.ts'

type Job = Parameters<typeof recordsWithJobs>[0][number]
const needs = (...names: string[]) => ({ needs: names.map(job => ({ job, hasArtifacts: true })) })
const shard = (index: number, count: number) => ({ shard: { index, count } })
const { failed } = JOB_STATES
const state = (conclusion: 'errored' | 'cancelled' | 'skipped') => ({ state: { conclusion } })
const passedIn = (build: number, key = 0): PassedIn => ({
  build,
  key,
  attempt: 1,
  startedAt: AT,
  endedAt: AT,
})

const RETRY = { trust: 'protected', deployRoles: [] } as const
const END = { conclusion: 'failed', reason: null, deploy: null, endedAt: AT } as const
const recordsOf = (jobs: readonly Job[]) => recordsWithJobs(jobs, { report: { end: END } })
/** Which jobs of build #7 are not run again, and where they have passed. */
function takenOver(jobs: readonly Job[], trust: Trust = 'protected') {
  const decided = decideRetry(recordsOf(jobs), { ...RETRY, trust })
  return 'refused' in decided ? decided.refused : decided.takenOver.map(each => each?.build ?? null)
}

test.each<[string, Job[], (number | null)[]]>([
  ['of several jobs, those that passed', [{ name: 'a' }, { name: 'b', state: failed }], [7, null]],
  [
    'of shards, only those that passed',
    [shard(1, 3), { ...shard(2, 3), state: failed }, shard(3, 3)],
    [7, null, 7],
  ],
  [
    'not one behind a red one, which did not run',
    [{ name: 'a', state: failed }, { name: 'b', ...needs('a'), ...state('skipped') }, { name: 'c' }],
    [null, null, 7],
  ],
  [
    'neither one that failed as it may nor those that have used what it left',
    [
      { name: 'a', allowFailure: true, state: failed },
      { name: 'b', ...needs('a') },
      { name: 'c', ...needs('b') },
      { name: 'd' },
    ],
    [null, null, null, 7],
  ],
  [
    'not one that needs all shards of a job, if one of them runs again',
    [
      { name: 'a', allowFailure: true, ...shard(1, 2), state: failed },
      { name: 'a', allowFailure: true, ...shard(2, 2) },
      { name: 'b', ...needs('a') },
    ],
    [null, 7, null],
  ],
  [
    'none that was cancelled or died',
    [{ name: 'a', ...state('cancelled') }, { name: 'b', ...state('errored') }, { name: 'c' }],
    [null, null, 7],
  ],
  [
    'the build that ran it, not the one that had taken it over',
    [
      { name: 'a', passedIn: passedIn(3) },
      { name: 'b', passedIn: passedIn(5, 2) },
      { name: 'c' },
      { name: 'd', state: failed },
    ],
    [3, 5, 7, null],
  ],
  [
    'nothing, if nothing has passed',
    [
      { name: 'a', state: failed },
      { name: 'b', ...state('skipped') },
    ],
    [null, null],
  ],
])('a retry takes over %s', (_, jobs, expected) => {
  expect(takenOver(jobs)).toEqual(expected)
})

test('what is taken over is an attempt: the one that counted', () => {
  const records = recordsOf([
    { name: 'a', state: { attempt: 2 } },
    { name: 'b', state: failed },
  ])
  const decided = decideRetry(records, RETRY)
  if ('refused' in decided) throw new Error(decided.refused)
  const [{ startedAt, endedAt } = { startedAt: null, endedAt: null }] = records.report.jobs
  expect(decided.takenOver[0]).toEqual({ build: 7, key: 0, attempt: 2, startedAt, endedAt })
})

const FAILED: Job = { name: 'z', state: failed }
const BUILDS = [2, 3, 5].map((build, at): Job => ({ name: `j${at}`, passedIn: passedIn(build) }))

test.each<[string, Job[], Trust, RegExp]>([
  [
    'in which nothing failed',
    [{ name: 'a' }, { name: 'b' }],
    'protected',
    /^Nothing has failed in build #7 of ada\/web\. To run all/,
  ],
  [
    'of a trust that was higher',
    [{ name: 'a' }, FAILED],
    'branch',
    /ran with trust "protected", and would now have "branch"/,
  ],
  [
    'of a trust that was another',
    [{ name: 'a' }, FAILED],
    'fork',
    /and would now have "fork": nothing that passed there/,
  ],
  [
    'whose jobs ran in four builds',
    [...BUILDS, { name: 'a' }, FAILED],
    'protected',
    /ran in 4 builds \(#2, #3, #5, #7\), and a retry in this repository can refer to 3 at most\. Rebuild it whole: lambci rebuild ada\/web#7$/,
  ],
])('a build %s is refused', (_, jobs, trust, expected) => {
  expect(takenOver(jobs, trust)).toMatch(expected)
})

const WITHHELD = { publications: 0, conclusion: 'skipped' } as const
test.each<[string, Job, string]>([
  [
    'failed',
    { state: failed },
    'Nothing has failed in build #7 of ada/web but the deploy. To deploy it: lambci deploy ada/web production --build 7',
  ],
  [
    'was refused before it started',
    { state: { publications: 0, conclusion: 'errored' } },
    'Nothing has failed in build #7 of ada/web but the deploy. To deploy it: lambci deploy ada/web production --build 7',
  ],
  [
    'was withheld',
    { state: WITHHELD },
    'Nothing has failed in build #7 of ada/web, and it was not deployed. To deploy it: lambci deploy ada/web production --build 7',
  ],
  [
    'succeeded',
    {},
    'Nothing has failed in build #7 of ada/web. To run all of it again: lambci rebuild ada/web#7',
  ],
])(
  'a build whose tests passed is not retried if its deploy %s: a retry only tests',
  (_, change, expected) => {
    const jobs = [{ name: 'a' }, { name: 'b' }, { name: 'deploy', isDeploy: true, ...change }]
    const records = recordsWithJobs(jobs, { report: { end: END }, plan: { deploys: [PLANNED_DEPLOY] } })
    expect(decideRetry(records, RETRY)).toEqual({ refused: expected })
    const red = recordsWithJobs([{ ...FAILED, name: 'c' }, ...jobs], {
      report: { end: END },
      plan: { deploys: [PLANNED_DEPLOY] },
    })
    expect(decideRetry(red, RETRY)).toMatchObject({ plan: red.plan })
  },
)

test('three other builds are not too many, and one that is not referred to does not count', () => {
  expect(takenOver([...BUILDS, FAILED])).toEqual([2, 3, 5, null])
  const again: Job = { name: 'y', ...needs('z'), passedIn: passedIn(6) }
  expect(takenOver([...BUILDS, { ...FAILED, allowFailure: true }, again])).toEqual([2, 3, 5, null, null])
})

test.each<[string, Partial<Records>, RegExp]>([
  [
    'that has no end',
    { report: null },
    /did not end as it should\. Rebuild it whole: lambci rebuild ada\/web#7$/,
  ],
  ['without a plan', { plan: null }, /^Build #7 of ada\/web has no plan of several jobs\. Rebuild it whole/],
])('a build %s is refused', (_, change, expected) => {
  const decided = decideRetry({ ...recordsOf([{ name: 'a' }, FAILED]), ...change }, RETRY)
  expect(decided).toEqual({ refused: expect.stringMatching(expected) })
})
