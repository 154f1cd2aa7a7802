import { beforeEach, expect, test, vi } from 'vitest'
import { titleOf } from '../../../src/model/job.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { RUN_RECORD_LIMIT } from '../../../src/records/job-run.ts'
import { buildKeys, type JobRecordName, jobKeys, runningKey } from '../../../src/records/keys.ts'
import type { Draft } from '../../../src/records/plan-record.ts'
import { readRecord } from '../../../src/records/read-record.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { runningSchema } from '../../../src/records/running-jobs.ts'
import { draftedJob, draftWith } from '../../support/plans.ts'
import { endedRun, runOf } from '../../support/records.ts'
import { ReportWorld } from '../../support/report-world.ts'

/** What a lead or a job may write as its own records, and what report makes of it. */
const BUILD = { project: 'gh/ada/web', number: 7 }
const nonce = 'the-nonce-of-build-7'
const DRAFT = draftWith([draftedJob('lint'), draftedJob('unit', { shards: 2 })])

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

async function worldWith(draft: Draft): Promise<ReportWorld> {
  const world = new ReportWorld('a')
  await world.build(7, 'a', endedRun({ draft }))
  return world
}
const write = (world: ReportWorld, key: number, name: JobRecordName, record: unknown) =>
  world.put(jobKeys(BUILD, { key, attempt: 1 }).record(name), record)
const endOf = async ({ store }: ReportWorld) => (await readReport(store, BUILD))?.end ?? null
const startedBy = ({ jobs }: ReportWorld) =>
  jobs.map(({ job: { identity } }) => identity && titleOf(identity))

/** The build is errored, nothing was started for it, and everybody was told. */
async function expectRefused(world: ReportWorld, reason: RegExp): Promise<void> {
  expect(await endOf(world)).toMatchObject({
    conclusion: 'errored',
    reason: expect.stringMatching(reason),
    deploy: null,
  })
  expect(startedBy(world)).toEqual([])
  expect(world.statuses.map(({ state }) => state).at(-1)).toBe('error')
  expect((await readReport(world.store, BUILD))?.isClosed).toBe(true)
}

const many = Array.from({ length: 10_000 }, (_, index) => `j${index}`)
test.each<[string, Partial<Draft>, RegExp]>([
  [
    'ten thousand cells',
    { jobs: [draftedJob('unit', { cells: many.map(N => ({ N })) })] },
    /unreadable|10,?000/,
  ],
  ['a million shards', { jobs: [draftedJob('unit', { shards: 1_000_000 })] }, /1,?000,?000/],
  ['the name of another job', { jobs: [draftedJob('lint'), draftedJob('lint')] }, /lint/],
  ['the name of the deploy', { jobs: [draftedJob('deploy')] }, /deploy/],
  ['a path as a name', { jobs: [draftedJob('../0/1/end')] }, /record|read/],
  ['a job that needs itself', { jobs: [draftedJob('lint', { needs: ['lint'] })] }, /lint/],
  ['a job that needs one that is missing', { jobs: [draftedJob('lint', { needs: ['unit'] })] }, /unit/],
])('a draft with %s is an error that everybody is told', async (_, change, reason) => {
  const world = await worldWith({ ...DRAFT, ...change })
  await world.report(7)
  await expectRefused(world, reason)
})

test('a draft that is rewritten while the first job runs changes nothing', async () => {
  const world = await worldWith(DRAFT)
  await world.report(7)
  expect(startedBy(world)).toEqual(['lint', 'unit (1/2)', 'unit (2/2)'])
  const rewritten = draftWith([draftedJob('lint'), draftedJob('mine'), draftedJob('more')])
  await write(world, 0, 'end', { ...endedRun({ draft: rewritten }), nonce })
  for (const key of [1, 2, 3]) await write(world, key, 'end', { ...endedRun(), nonce })
  await world.report(7)
  expect(startedBy(world)).toHaveLength(3)
  expect(await endOf(world)).toMatchObject({ conclusion: 'passed' })
})

test.each<[string, JobRecordName, unknown, RegExp]>([
  ['has skipped itself', 'end', { ...endedRun({ conclusion: 'skipped', exit: null }), nonce }, /skipped/],
  ['says as its end that it runs', 'end', { ...runOf(), nonce }, /record/],
  ['says nothing of how it ended', 'end', { ...endedRun({ conclusion: null }), nonce }, /did not say/],
  ['writes no JSON', 'end', '{', /record/],
  [
    'writes more than a record may have',
    'end',
    { ...endedRun(), nonce, more: 'x'.repeat(RUN_RECORD_LIMIT) },
    /record/,
  ],
])('a job that %s is an error', async (_, name, record, reason) => {
  const world = await worldWith(DRAFT)
  await world.report(7)
  await write(world, 1, name, record)
  for (const key of [2, 3]) await write(world, key, 'end', { ...endedRun(), nonce })
  await world.report(7)
  expect(await endOf(world)).toMatchObject({ conclusion: 'errored', deploy: null })
  const states = (await readReport(world.store, BUILD))?.jobs ?? []
  expect(states[0]).toMatchObject({ conclusion: 'errored', reason: expect.stringMatching(reason) })
  expect(world.statuses.at(-1)).toMatchObject({ state: 'error' })
})

test('what a job writes after its end does not exist', async () => {
  const world = await worldWith(DRAFT)
  await world.report(7)
  await write(world, 1, 'end', { ...endedRun(), nonce })
  await world.report(7)
  await write(world, 1, 'end', {
    ...endedRun({ conclusion: 'failed', exit: { kind: 'exited', code: 1 } }),
    nonce,
  })
  for (const name of ['deploy', 'gate-request'])
    await world.put(`${jobKeys(BUILD, { key: 1, attempt: 1 }).prefix}${name}.json`, {
      ...{ ...runOf(), nonce, phase: 'deploying' },
      deploy: { stage: 'production', status: 'running', reason: null, exit: null, url: null },
    })
  for (const key of [2, 3]) await write(world, key, 'end', { ...endedRun(), nonce })
  await world.report(7)
  expect(await endOf(world)).toMatchObject({ conclusion: 'passed' })
})

test.each<[string, object]>([
  ['has deployed', {}],
  ['is deploying', { phase: 'running', conclusion: null, endedAt: null }],
])('a job that claims that it %s has deployed nothing', async (_, change) => {
  const world = await worldWith(DRAFT)
  await world.report(7)
  const deploy = { stage: 'production', status: 'succeeded', reason: null, exit: null, url: null }
  await write(world, 1, 'claim', { ...endedRun(), ...change, nonce, deploy })
  await write(world, 1, 'end', { ...endedRun(), nonce, deploy })
  for (const key of [2, 3]) await write(world, key, 'end', { ...endedRun(), nonce })
  await world.report(7)
  expect(await endOf(world)).toMatchObject({ deploy: null })
  expect(world.statuses.at(-1)?.description).not.toContain('deploy')
  expect(await world.store.list('gh/ada/web/stages/')).toEqual([])
})

test('people are told, and that is recorded, before the logs are composed, however large they are', async () => {
  const world = await worldWith(DRAFT)
  await world.report(7)
  await write(world, 1, 'claim', { ...runOf({ phase: 'claimed', plan: null }), nonce })
  const { log } = jobKeys(BUILD, { key: 1, attempt: 1 })
  await world.store.put(log.segment(0), 'begun\n', 'text/plain')
  // More than a look completes, and than the log of the whole build may have.
  await world.store.put(log.segment(6), new Uint8Array(72 * 1024 * 1024), 'text/plain')
  for (const key of [2, 3]) await write(world, key, 'end', { ...endedRun(), nonce })
  const seen: string[] = []
  let longest = 0
  const { get, getRange, putIf, put } = world.store
  Object.assign(world.store, {
    get: async (key: string) => {
      const stored = await get(key)
      longest = Math.max(longest, stored?.size ?? 0)
      return stored
    },
    getRange: async (key: string, from: number, length: number) => {
      longest = Math.max(longest, length)
      return getRange(key, from, length)
    },
    putIf: async (...[key, body, condition]: Parameters<typeof putIf>) => {
      if (key === buildKeys(BUILD).report && body.includes('"accepted":"error"')) seen.push('told')
      return putIf(key, body, condition)
    },
    put: async (...[key, body, type]: Parameters<typeof put>) => {
      if (key === buildKeys(BUILD).log) seen.push('log')
      return put(key, body, type)
    },
  })
  world.at(60)
  await world.report(7)
  const again = await world.store.list(buildKeys(BUILD).log)
  expect(again[0]?.size).toBeGreaterThan(60)
  expect(await endOf(world)).toMatchObject({ conclusion: 'errored' })
  expect(seen[0]).toBe('told')
  expect(longest).toBeLessThanOrEqual(8 * 1024 * 1024)
  expect((await readReport(world.store, BUILD))?.isClosed).toBe(true)
})

test('a job that can never be started is an error that everybody is told', async () => {
  const world = await worldWith(DRAFT)
  world.publication = new UserError('Its rights do not fit into a session policy.')
  await world.report(7)
  expect(await endOf(world)).toMatchObject({
    conclusion: 'errored',
    reason: '3 of 3 jobs ended in an error: lint, unit (1/2), unit (2/2)',
  })
  expect((await readReport(world.store, BUILD))?.jobs[0]?.reason).toBe(
    'The job cannot be started: Its rights do not fit into a session policy.',
  )
  expect(world.statuses.at(-1)).toMatchObject({ state: 'error' })
  const running = await readRecord(world.store, runningKey(BUILD.project), runningSchema)
  expect(running?.running).toEqual({})
})

test('a build that can never be started is an error as soon as its message is published again', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', null)
  world.publication = new UserError('Its rights do not fit into a session policy.')
  world.at(60)
  await world.report(7)
  expect(await endOf(world)).toMatchObject({
    conclusion: 'errored',
    reason: 'The build cannot be started: Its rights do not fit into a session policy.',
  })
  expect(world.statuses.at(-1)).toMatchObject({ state: 'error' })
})
