import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readLockHolder } from '../../../src/deploy/lock.ts'
import { readQueue } from '../../../src/deploy/queue.ts'
import { readCurrent } from '../../../src/records/deployments.ts'
import { jobKeys } from '../../../src/records/keys.ts'
import type { PlannedDeploy } from '../../../src/records/plan-record.ts'
import { readRecords, readReport } from '../../../src/records/read-records.ts'
import { viewOf } from '../../../src/records/view.ts'
import { describeStatus } from '../../../src/records/wording.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY } from '../../support/plans.ts'
import { endedRun, runOf } from '../../support/records.ts'
import { ReportWorld } from '../../support/report-world.ts'

// Report logs each fault that a test causes.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const PROJECT = 'gh/ada/web'
const RUNNER = { ...runOf().runner!, requestId: 'request-1' }
const SILENCE = Object.assign(new Error('GitHub is silent'), { status: 503 })
const to = (stage: string, change: Partial<PlannedDeploy> = {}): PlannedDeploy => ({
  ...PLANNED_DEPLOY,
  ...{ stage, digest: `digest-of-${stage}` },
  ...change,
})
const look = (world: ReportWorld, number: number) => world.report(number).catch(() => {})

/** The tests of a build have passed, and it has these stages. */
async function tested(world: ReportWorld, deploys: PlannedDeploy[], [number, letter] = [2, 'b']) {
  const plan = { build: true, reason: 'r', cmd: 'make', stage: deploys[0]?.stage ?? null, merge: null }
  const draft = draftWith([draftedJob('build')], { leadRunsFirst: true, deploys })
  await world.build(number as number, letter as string, endedRun({ plan, draft }))
  await look(world, number as number)
}

/** A job after the tests is claimed, and then ends like this. */
async function ends(
  world: ReportWorld,
  key: number,
  conclusion: 'passed' | 'failed' | 'errored' = 'passed',
  number = 2,
) {
  const put = (name: 'claim' | 'end', run: object) =>
    world.put(jobKeys({ project: PROJECT, number }, { key, attempt: 1 }).record(name), {
      ...run,
      nonce: `the-nonce-of-build-${number}`,
    })
  await put('claim', runOf({ phase: 'claimed', plan: null, runner: RUNNER }))
  const exit = { kind: 'exited', code: conclusion === 'passed' ? 0 : 3 } as const
  await put('end', endedRun({ conclusion, exit, reason: conclusion === 'passed' ? null : 'it did not work' }))
  await look(world, number)
}

const started = ({ jobs }: ReportWorld, number = 2) =>
  jobs
    .filter(({ build }) => build.number === number)
    .map(({ job }) => [job.key, job.identity?.name, job.deploy?.stage, job.deploy?.after?.join() ?? ''])
const holderOf = async ({ store, now }: ReportWorld, stage: string) =>
  (await readLockHolder(store, { project: PROJECT, stage }, now()))?.build ?? null
const currentOf = async ({ store }: ReportWorld, stage: string) => {
  const current = await readCurrent(store, { project: PROJECT, stage })
  return current && [current.deployed?.build ?? null, current.latest.build, current.latest.status]
}
async function viewIn({ store }: ReportWorld, number = 2) {
  const records = await readRecords(store, { project: PROJECT, number })
  if (!records) throw new Error('There is no such build')
  return viewOf(records)
}
const statusIn = async (world: ReportWorld, number = 2) => {
  const view = await viewIn(world, number)
  return [view.status, describeStatus(view).replace(/ in [\d.]+ (s|ms)/, '')]
}

test('the stages of a list are deployed one after the other, and each is free before the next one begins', async () => {
  const world = new ReportWorld('ab')
  await tested(world, [to('staging'), to('production')])
  expect(started(world)).toEqual([[1, 'deploy', 'staging', '']])
  expect([await holderOf(world, 'staging'), await holderOf(world, 'production')]).toEqual([2, null])
  expect(await statusIn(world)).toEqual(['deploying', 'Tests passed, deploying to staging'])

  await ends(world, 1)
  expect(started(world).slice(1)).toEqual([[2, 'deploy', 'production', 'staging']])
  expect([await holderOf(world, 'staging'), await holderOf(world, 'production')]).toEqual([null, 2])
  expect(await currentOf(world, 'staging')).toEqual([2, 2, 'succeeded'])
  expect(await readReport(world.store, { project: PROJECT, number: 2 })).toMatchObject({
    end: null,
    leftStages: ['staging'],
  })

  await ends(world, 2)
  expect(await currentOf(world, 'production')).toEqual([2, 2, 'succeeded'])
  expect(await statusIn(world)).toEqual(['passed', 'Passed, deployed to staging and production'])
  expect([await holderOf(world, 'staging'), await holderOf(world, 'production')]).toEqual([null, null])
  expect(world.schedules.size).toBe(0)
})

test('after a deploy that failed, the next stage gets nothing, and the build is red', async () => {
  const world = new ReportWorld('ab')
  await tested(world, [to('staging'), to('production')])
  await ends(world, 1, 'failed')
  expect(started(world)).toHaveLength(1)
  expect(await statusIn(world)).toEqual(['failed', 'Tests passed, deploy to staging failed: it did not work'])
  expect((await viewIn(world)).deploys).toMatchObject([
    { stage: 'staging', status: 'failed' },
    { stage: 'production', status: 'cancelled', reason: 'staging comes first, and was not deployed' },
  ])
  expect(await currentOf(world, 'production')).toBeNull()
  expect(await holderOf(world, 'staging')).toBeNull()
})

test('after a deploy that is withheld, the next stage gets nothing either, and the build stays green', async () => {
  // Another commit was deployed since, of which this one is an ancestor.
  const world = new ReportWorld('abc')
  await tested(world, [to('staging')], [3, 'c'])
  await ends(world, 1, 'passed', 3)
  await tested(world, [to('staging'), to('production')])
  expect(started(world)).toEqual([])
  expect(await statusIn(world)).toEqual(['passed', 'Passed, not deployed to staging: superseded by #3'])
  expect(await currentOf(world, 'production')).toBeNull()
})

test('only people deploy to a manual stage and those after it, and the build does not wait for them', async () => {
  const world = new ReportWorld('ab')
  await tested(world, [to('staging'), to('production', { isManual: true }), to('europe')])
  await ends(world, 1)
  expect(started(world)).toHaveLength(1)
  expect(await statusIn(world)).toEqual(['passed', 'Passed, deployed to staging'])
  expect((await viewIn(world)).manualStages).toEqual(['production', 'europe'])
  expect(await currentOf(world, 'production')).toBeNull()
})

test('a build all of whose stages are manual is over once its tests are', async () => {
  const world = new ReportWorld('ab')
  await tested(world, [to('production', { isManual: true })])
  expect(started(world)).toEqual([])
  expect(await statusIn(world)).toEqual([
    'passed',
    'Passed, not deployed to production: only people deploy there',
  ])
})

test('no file can undo that only people deploy to a stage that the account pins so', async () => {
  const world = new ReportWorld('ab')
  const pinned = { production: { branches: ['master'], manual: true } }
  const settings = { global: { allow: ['ada'], pinnedStages: pinned } }
  const plan = { build: true, reason: 'r', cmd: 'make', stage: 'production', merge: null }
  const draft = draftWith([draftedJob('build')], { leadRunsFirst: true, deploys: [to('production')] })
  await world.build(2, 'b', endedRun({ plan, draft }), { settings })
  await look(world, 2)
  expect(started(world)).toEqual([])
  expect(await statusIn(world)).toEqual([
    'passed',
    'Passed, not deployed to production: only people deploy there',
  ])
})

test('the stage is kept until what verifies it has passed, and only then has the deploy succeeded', async () => {
  const world = new ReportWorld('ab')
  await tested(world, [to('staging', { hasVerify: true }), to('production')])
  world.at(30)
  await ends(world, 1)
  expect(started(world).slice(1)).toEqual([[2, 'verify-deploy', 'staging', '']])
  expect(await holderOf(world, 'staging')).toBe(2)
  expect(await currentOf(world, 'staging')).toEqual([null, 2, 'running'])
  expect(await statusIn(world)).toEqual(['deploying', 'Tests passed, deploying to staging'])
  // By now, the lock that the deploy had got has run out.
  world.at(70)
  await look(world, 2)
  expect(await holderOf(world, 'staging')).toBe(2)

  await ends(world, 2)
  expect(await currentOf(world, 'staging')).toEqual([2, 2, 'succeeded'])
  expect(started(world).slice(2)).toEqual([[3, 'deploy', 'production', 'staging']])
})

test('a deploy that is not verified has failed, what ran before it stays on record, and the stage is free', async () => {
  const world = new ReportWorld('ab')
  await world.deployed(1, 'a')
  await tested(world, [to('production', { hasVerify: true })])
  await ends(world, 1)
  await ends(world, 2, 'failed')
  expect(await currentOf(world, 'production')).toEqual([1, 2, 'failed'])
  expect(await holderOf(world, 'production')).toBeNull()
  expect(await statusIn(world)).toEqual([
    'failed',
    'Tests passed, deploy to production failed: verification failed: it did not work',
  ])
})

test('a deploy that failed is not verified', async () => {
  const world = new ReportWorld('ab')
  await tested(world, [to('staging', { hasVerify: true })])
  await ends(world, 1, 'failed')
  expect(started(world)).toHaveLength(1)
  expect((await readReport(world.store, { project: PROJECT, number: 2 }))?.jobs[2]).toMatchObject({
    conclusion: 'skipped',
    reason: 'staging was not deployed',
  })
  expect(await statusIn(world)).toEqual(['failed', 'Tests passed, deploy to staging failed: it did not work'])
})

test('a verification of which nothing is heard fails its deploy, and frees the stage', async () => {
  const world = new ReportWorld('ab')
  await tested(world, [to('staging', { hasVerify: true })])
  world.schedules.set('2', {
    at: new Date(Date.parse(world.now().toISOString()) + 56 * 60_000),
    since: undefined,
  })
  await ends(world, 1)
  for (let fired = 0; (await world.endOf(2)) === null && fired < 100; fired++) await world.advance()
  expect((await statusIn(world))[0]).toBe('errored')
  expect(await holderOf(world, 'staging')).toBeNull()
  expect((await readQueue(world.store, { project: PROJECT, stage: 'staging' })).waiting).toEqual([])
})

test('if GitHub is silent when a stage is passed on, the next one begins after it has answered', async () => {
  const world = new ReportWorld('abcd')
  await tested(world, [to('staging'), to('production')])
  await tested(world, [to('staging'), to('production')], [3, 'c'])
  await tested(world, [to('staging'), to('production')], [4, 'd'])
  world.refusal = SILENCE
  await ends(world, 1)
  expect(started(world)).toHaveLength(1)
  world.refusal = null
  await world.advance()
  expect(started(world).slice(1)).toEqual([[2, 'deploy', 'production', 'staging']])
  expect(started(world, 4)).toEqual([[1, 'deploy', 'staging', '']])
})
