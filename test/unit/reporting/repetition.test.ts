import { beforeEach, expect, test, vi } from 'vitest'
import { artifactKey, artifactListKey } from '../../../src/model/artifact.ts'
import type { Build } from '../../../src/model/build.ts'
import { titleOf } from '../../../src/model/job.ts'
import { hasSummary } from '../../../src/records/branch-summary.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import { buildKeys, outPrefix } from '../../../src/records/keys.ts'
import { readPlan } from '../../../src/records/plan-record.ts'
import { readRecords } from '../../../src/records/read-records.ts'
import type { JobState } from '../../../src/records/report-record.ts'
import { viewOf } from '../../../src/records/view.ts'
import { describeStatus } from '../../../src/records/wording.ts'
import { draftedJob, draftWith, planOf, stateWith } from '../../support/plans.ts'
import { AT, endedRun, reportOf, viewWith, viewWithJobs } from '../../support/records.ts'
import { ReportWorld } from '../../support/report-world.ts'

const PROJECT = 'gh/ada/web'
const OLD = { project: PROJECT, number: 6 }
const digest = 'd'.repeat(16)
const job = (name: string, change = {}) => draftedJob(name, { digest, ...change })
const UNIT = { needs: ['build', 'lint'], withoutArtifacts: ['lint'], shards: 2, retry: 2, allowFailure: true }
const DRAFT = draftWith([job('build'), job('lint'), job('unit', UNIT), job('e2e', { needs: ['unit'] })], {
  failFast: true,
})
const ARTIFACT = {
  ...{ name: 'dist', bytes: 1, sha256: 'a'.repeat(64), unpackedBytes: 1, files: 1, paths: ['dist'] },
}
const PLAN = { build: true, reason: 'r', cmd: 'make', stage: null, merge: null, commonDigest: digest }
const leadOf = (draft: typeof DRAFT | null, change: Partial<JobRun> = {}) =>
  endedRun({ plan: PLAN, draft, ...change })

// Report logs every refusal.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

type Change = {
  old?: Partial<Build>
  own?: Partial<Build>
  states?: Record<number, Partial<JobState>>
  areLost?: boolean
}

/** Build #6, of which the second shard of `unit` failed, the job 4; and #7, which repeats that. */
async function worldWith(lead: JobRun, { old, own, states = {}, areLost }: Change = {}) {
  const world = new ReportWorld('a')
  await world.build(6, 'a', leadOf(DRAFT), old)
  const plan = planOf(DRAFT)
  await world.put(buildKeys(OLD).plan, plan)
  const passed = { publications: 1, conclusion: 'passed', startedAt: AT, endedAt: AT, cost: 1 } as const
  const failed = { ...passed, conclusion: 'failed', exit: { kind: 'exited', code: 1 } } as const
  const jobs = plan.jobs.map(({ key }) =>
    stateWith(key, { ...(key === 4 ? failed : passed), ...states[key] }),
  )
  const end = { conclusion: 'failed', reason: null, deploy: null, endedAt: AT } as const
  await world.put(buildKeys(OLD).report, reportOf({ end, jobs, isClosed: true }))
  const { attempt = 1 } = states[1] ?? {}
  const prefix = outPrefix(OLD, { key: 1, attempt })
  await world.put(artifactListKey(prefix), [ARTIFACT])
  await world.put(
    `${buildKeys(OLD).prefix}jobs/1/${attempt}/end.json`,
    endedRun({ artifacts: [ARTIFACT], nonce: 'the-nonce-of-build-6' }),
  )
  if (!areLost) await world.put(artifactKey(prefix, ARTIFACT), 'archive')
  await world.build(7, 'a', lead, { rebuildOf: 6, repeats: { job: 'unit (2/2)', times: 3 }, ...own })
  await world.report(7)
  return world
}

test('the job is started as often as requested, with the artifacts that it got, and nothing else is', async () => {
  const world = await worldWith(leadOf(DRAFT), { states: { 1: { attempt: 2, failed: [1] } } })
  const need = { build: 6, key: 1, attempt: 2, title: 'build' }
  const identity = { name: 'unit', cell: {}, shard: { index: 2, count: 2 } }
  expect(world.jobs.map(({ job: started }) => [started.identity, started.needs])).toEqual(
    [1, 2, 3].map(() => [identity, [need]]),
  )
  const plan = await readPlan(world.store, { project: PROJECT, number: 7 })
  expect(plan).toMatchObject({ failFast: false, cancelSuperseded: false, leftOut: [], deploys: [] })
  expect(plan?.jobs.map(titleOf)).toEqual(['build', ...[1, 2, 3].map(run => `unit (2/2, run ${run}/3)`)])
  for (const run of plan?.jobs.slice(1) ?? [])
    expect([run.retry, run.allowFailure]).toEqual([undefined, false])
  // Nobody is told.
  expect(world.statuses).toEqual([])
})

test.each<[string, Change, JobRun, string]>([
  [
    'another commit',
    { old: { commit: 'b'.repeat(40) } },
    leadOf(DRAFT),
    'there is no such build of this commit',
  ],
  [
    'another trust',
    { own: { trust: 'branch' } },
    leadOf(DRAFT),
    'Build #6 of ada/web ran with trust "protected", and would now have "branch"',
  ],
  [
    'a job with another command',
    {},
    leadOf({ ...DRAFT, jobs: DRAFT.jobs.map(each => ({ ...each, digest: 'other' })) }),
    'it has another command, environment or setting now',
  ],
  [
    'other variables',
    {},
    leadOf(DRAFT, { plan: { ...PLAN, commonDigest: 'other' } }),
    'it has another command, environment or setting now',
  ],
  [
    'another merge',
    {},
    leadOf(DRAFT, { plan: { ...PLAN, mergeBase: 'c'.repeat(40) } }),
    'the base branch has moved on, so that another merge would be tested',
  ],
  ['no such job', {}, leadOf(draftWith([job('build')])), 'its commit does not have this job'],
  [
    'an artifact of a job that has not passed',
    { states: { 1: { conclusion: 'failed' } } },
    leadOf(DRAFT),
    'it gets artifacts of build, which has not passed in #6',
  ],
  [
    'lost artifacts',
    { areLost: true },
    leadOf(DRAFT),
    'The artifacts of build from build #6 are no longer there: artifacts are kept for 30 days.',
  ],
])('with %s, nothing is started', async (_, change, lead, why) => {
  const world = await worldWith(lead, change)
  expect(world.jobs).toEqual([])
  expect(await world.endOf(7)).toMatchObject({
    conclusion: 'errored',
    reason: `unit (2/2) of #6 cannot be repeated: ${why}`,
  })
  expect(world.statuses).toEqual([])
})

test.each([
  ['make', 2],
  ['make all', 0],
])('the only job of a build without a plan is run again if its command is still %s', async (cmd, runs) => {
  const world = new ReportWorld('a')
  await world.build(6, 'a', leadOf(null, { conclusion: 'failed' }))
  await world.put(
    buildKeys(OLD).report,
    reportOf({ end: { conclusion: 'failed', reason: null, deploy: null, endedAt: AT }, isClosed: true }),
  )
  const lead = leadOf(draftWith([job('unit')]), { plan: { ...PLAN, cmd } })
  await world.build(7, 'a', lead, { rebuildOf: 6, repeats: { job: 'unit', times: 2 } })
  await world.report(7)
  expect(world.jobs).toHaveLength(runs)
})

test('the end of such a build is no status, no state of its branch and no result of its commit', async () => {
  const world = await worldWith(leadOf(DRAFT))
  for (const { job: started } of world.jobs) {
    const failed = started.key === 3
    const run = endedRun({
      ...{ startedAt: AT, endedAt: AT },
      ...(failed && { conclusion: 'failed', exit: { kind: 'exited', code: 1 } }),
    })
    await world.put(`${PROJECT}/builds/7/jobs/${started.key}/1/end.json`, run)
  }
  await world.report(7)
  const records = await readRecords(world.store, { project: PROJECT, number: 7 })
  const view = records && viewOf(records)
  expect(view && describeStatus(view)).toBe('unit (2/2) of #6 failed 1 of 3')
  expect(records?.report).toMatchObject({ isClosed: true, delivered: {} })
  expect(world.statuses).toEqual([])
  const keys = (await world.store.list(`${PROJECT}/`, { limit: 1000 })).map(({ key }) => key)
  expect(keys.filter(key => /\/(branches|commits|tests|triggers|stages)\//.test(key))).toEqual([])
})

test('a build that repeats a job is no state of its branch', () => {
  expect(hasSummary(viewWith())).toBe(true)
  expect(hasSummary(viewWith({ build: { repeats: { job: 'unit', times: 2 }, rebuildOf: 6 } }))).toBe(false)
})

test('runs that did not come to their end are not counted', () => {
  const state = { conclusion: 'errored' } as const
  const build = { repeats: { job: 'unit', times: 3 }, rebuildOf: 6 }
  const end = { conclusion: 'errored', reason: '1 of 3', deploy: null, endedAt: AT } as const
  const jobs = [{ state }, {}, {}]
  expect(describeStatus(viewWithJobs(jobs, { build, report: { end } }))).toBe('unit of #6 failed 0 of 2')
  const none = viewWithJobs([{ state }], { build, report: { end } })
  expect(describeStatus(none)).toBe('Error: 1 of 3')
})
