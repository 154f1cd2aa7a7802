import { beforeEach, expect, test, vi } from 'vitest'
import { nonceOf } from '../../../src/admission/job-nonce.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { readReport } from '../../../src/records/read-records.ts'
import type { Failure } from '../../../src/records/report-record.ts'
import type { Store } from '../../../src/records/store.ts'
import { reportBuild } from '../../../src/report-build.ts'
import { withReport } from '../../../src/reporting/with-report.ts'
import { RUNNER_SECRETS, runOf } from '../../support/records.ts'
import { ReportWorld } from '../../support/report-world.ts'

const BUILD = { project: 'gh/ada/web', number: 7 }
const NONCE = 'the-nonce-of-build-7'
const LATER = { job: 3, attempt: 1 }

let logged = vi.spyOn(console, 'error')
beforeEach(() => {
  logged = vi
    .spyOn(console, 'error')
    .mockReset()
    .mockImplementation(() => {})
})

const failure = (change: Partial<Failure> = {}): Failure => ({
  nonce: NONCE,
  requestId: 'request-1',
  reason: 'its process was killed',
  ...change,
})

/** Counts what report does with the bucket. */
function watched(store: Store) {
  const calls = { reads: 0, writes: 0, lists: 0 }
  const count =
    <A extends unknown[], T>(kind: keyof typeof calls, call: (...args: A) => T) =>
    (...args: A): T => {
      calls[kind] += 1
      return call(...args)
    }
  const counting: Store = {
    ...store,
    get: count('reads', store.get),
    getRange: count('reads', store.getRange),
    list: count('lists', store.list),
    put: count('writes', store.put),
    putIf: count('writes', store.putIf),
    putOnce: count('writes', store.putOnce),
    remove: count('writes', store.remove),
  }
  return { calls, counting }
}

async function hear(world: ReportWorld, heard: Failure, number = 7) {
  const { calls, counting } = watched(world.store)
  const trigger = { build: { ...BUILD, number }, failure: heard, isGone: false }
  await reportBuild(trigger, { ...world.context(), store: counting })
  return calls
}

test.each<[string, Failure, number]>([
  ['with a guessed nonce', failure({ nonce: 'guessed' }), 7],
  ['with the nonce of another build', failure({ nonce: 'the-nonce-of-build-8' }), 7],
  ['with the nonce of the build, of a job that has one of its own', failure(LATER), 7],
  ['of an invocation that has not claimed the job', failure({ requestId: 'request-2' }), 7],
  ['of a build that does not exist', failure(), 4711],
])('a failure record %s touches nothing and costs two reads at most', async (_, forged, number) => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', runOf({ phase: 'claimed' }))
  await world.report(7)
  const before = await world.store.get(buildKeys(BUILD).report)
  const schedules = [...world.schedules]
  const { reads, writes, lists } = await hear(world, forged, number)
  expect({ writes, lists }).toEqual({ writes: 0, lists: 0 })
  expect(reads).toBeLessThanOrEqual(2)
  expect(await world.store.get(buildKeys(BUILD).report)).toEqual(before)
  expect([...world.schedules]).toEqual(schedules)
})

test('one of the invocation that has claimed the job ends it, whatever was forged before', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', runOf({ phase: 'claimed' }))
  for (let count = 0; count < 30; count++) await hear(world, failure({ requestId: `forged-${count}` }))
  expect(await readReport(world.store, BUILD)).toBeNull()
  await hear(world, failure())
  expect((await readReport(world.store, BUILD))?.end?.reason).toBe('The job died: its process was killed')
  expect(logged).toHaveBeenCalledTimes(30)
})

test('an attempt that nobody has claimed is published again after a failure with its nonce', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', null)
  await hear(world, failure({ requestId: 'dropped' }))
  expect(world.jobs).toHaveLength(1)
})

test('records of one attempt push out none of another', async () => {
  const world = new ReportWorld('a')
  const build = await world.build(7, 'a', null)
  const nonce = nonceOf(build, { key: 3, attempt: 2 }, RUNNER_SECRETS.linkKey)
  const enter = (heard: Failure) =>
    withReport(
      build,
      { store: world.store, holder: 'x', now: world.now },
      { failure: heard, isGone: false },
      async report => report,
    )
  await enter(failure({ ...LATER, attempt: 2, nonce }))
  for (let count = 0; count < 40; count++) await enter(failure({ ...LATER, requestId: `first-${count}` }))
  const failures = (await readReport(world.store, BUILD))?.failures ?? []
  expect(failures).toContainEqual(failure({ ...LATER, attempt: 2, nonce }))
  expect(failures.length).toBeLessThan(15)
})
