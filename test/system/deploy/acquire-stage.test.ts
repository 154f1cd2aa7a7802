import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireStage } from '../../../src/deploy/acquire-stage.ts'
import {
  type Deployment,
  listDeployments,
  listStages,
  readCurrent,
  recordDeployment,
} from '../../../src/deploy/deployments.ts'
import { freeLock, readLockHolder, takeLock } from '../../../src/deploy/lock.ts'
import { dequeue, enqueue, readQueue } from '../../../src/deploy/queue.ts'
import { type StageRef, stageKeys } from '../../../src/records/keys.ts'
import { type Bucket, openBucket, putJson } from '../../support/bucket.ts'
import { AT, after } from '../../support/records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

let stages = 0
const newStage = (): StageRef => ({ project: 'gh/ada/web', stage: `stage-${++stages}` })
const NOW = new Date(AT)
const requestOf = (build: number, sequence = build) => ({
  build,
  sequence,
  commit: 'c'.repeat(40),
  until: after(900).toISOString(),
})
const acquire = (stage: StageRef, build: number, sequence = build) =>
  acquireStage(bucket.store, stage, requestOf(build, sequence), () => NOW)
const entry = (build: number, change: Partial<Deployment> = {}): Deployment => ({
  build,
  of: build,
  sequence: build,
  commit: 'c'.repeat(40),
  branch: 'qa',
  message: 'm',
  who: 'ada',
  status: 'succeeded',
  reason: null,
  url: null,
  startedAt: AT,
  endedAt: AT,
  durationMs: 1,
  cost: null,
  ...change,
})

test('a lock has one holder, and a fence that grows with each', async () => {
  const stage = newStage()
  const first = await takeLock(bucket.store, stage, requestOf(1), NOW)
  expect(first).toMatchObject({ fence: 1 })
  expect(await takeLock(bucket.store, stage, requestOf(2), NOW)).toEqual({
    heldBy: expect.objectContaining({ build: 1 }),
  })
  if ('release' in first) await first.release()
  expect(await readLockHolder(bucket.store, stage, NOW)).toBeNull()
  expect(await takeLock(bucket.store, stage, requestOf(2), NOW)).toMatchObject({ fence: 2 })
})

test('an expired holder loses the lock and does not release that of its successor', async () => {
  const stage = newStage()
  const late = await takeLock(bucket.store, stage, requestOf(1), NOW)
  expect(await readLockHolder(bucket.store, stage, after(901))).toBeNull()
  expect(
    await takeLock(bucket.store, stage, { ...requestOf(2), until: after(2000).toISOString() }, after(901)),
  ).toMatchObject({ fence: 2 })
  if ('release' in late) await late.release()
  await freeLock(bucket.store, stage, 1)
  expect(await readLockHolder(bucket.store, stage, after(902))).toMatchObject({ build: 2 })
  await freeLock(bucket.store, stage, 2)
  expect(await readLockHolder(bucket.store, stage, after(902))).toBeNull()
})

test('one of many concurrent requests gets the lock', async () => {
  const stage = newStage()
  const taken = await Promise.all(
    Array.from({ length: 12 }, (_, index) => takeLock(bucket.store, stage, requestOf(index + 1), NOW)),
  )
  expect(taken.filter(each => 'fence' in each)).toHaveLength(1)
})

test('only the newest waits; those that it supersedes are recorded', async () => {
  const stage = newStage()
  const waiting = (build: number) => ({ build, sequence: build, commit: 'c' })
  await enqueue(bucket.store, stage, waiting(3))
  expect(await enqueue(bucket.store, stage, waiting(2))).toMatchObject({ build: 3 })
  expect(await enqueue(bucket.store, stage, waiting(5))).toMatchObject({ build: 5 })
  expect(await readQueue(bucket.store, stage)).toEqual({ waiting: waiting(5), superseded: [3] })
  await dequeue(bucket.store, stage, 3)
  expect((await readQueue(bucket.store, stage)).waiting).toEqual(waiting(5))
  await dequeue(bucket.store, stage, 5)
  expect((await readQueue(bucket.store, stage)).waiting).toBeNull()
})

test('a stage goes to the newest request, and never back to an older one', async () => {
  const stage = newStage()
  const first = await acquire(stage, 4)
  expect(first).toMatchObject({ status: 'acquired' })
  expect(await acquire(stage, 3)).toEqual({ status: 'cancelled', reason: 'Superseded by #4' })
  expect(await acquire(stage, 6)).toMatchObject({
    status: 'waiting',
    reason: expect.stringContaining('by #4'),
  })
  expect(await acquire(stage, 5)).toEqual({ status: 'cancelled', reason: 'Superseded by #6' })
  if ('release' in first) {
    await recordDeployment(bucket.store, stage, entry(4))
    await first.release()
  }
  // The stage is free, but #6 waits, so #5 is too old. #8 deploys for #6, and #7 is faster.
  expect(await acquire(stage, 5)).toEqual({ status: 'cancelled', reason: 'Superseded by #6' })
  const seventh = await acquire(stage, 7)
  if ('release' in seventh) {
    await recordDeployment(bucket.store, stage, entry(7, { status: 'failed', reason: 'x' }))
    await seventh.release()
  }
  expect(await acquire(stage, 8, 6)).toEqual({ status: 'cancelled', reason: 'Superseded by #7' })
  // A failed deploy is not replaced by an older one either: it may have changed the stage.
  expect(await readCurrent(bucket.store, stage)).toMatchObject({
    deployed: { build: 4 },
    latest: { build: 7 },
  })
  // A request with the same sequence is not newer.
  expect(await acquire(stage, 9, 7)).toEqual({ status: 'cancelled', reason: 'Superseded by #7' })
  expect(await acquire(stage, 10)).toMatchObject({ status: 'acquired' })
})

test('lists deployments newest first and stages by name, without unreadable records', async () => {
  const project = 'gh/ada/history'
  for (const build of [9, 10, 11, 100])
    await recordDeployment(bucket.store, { project, stage: 'qa' }, entry(build))
  const found = await listDeployments(bucket.store, { project, stage: 'qa' }, 3)
  expect(found.map(({ build }) => build)).toEqual([100, 11, 10])
  await recordDeployment(
    bucket.store,
    { project, stage: 'qa-2' },
    entry(12, { url: 'https://qa.example.com/' }),
  )
  await putJson(bucket.store, stageKeys({ project, stage: 'broken' }).current, '{"deployed":')
  await putJson(bucket.store, stageKeys({ project, stage: 'linked' }).current, {
    deployed: null,
    latest: { ...entry(1), url: 'javascript:alert(1)' },
  })
  const stages = await listStages(bucket.store, project)
  expect(stages.map(({ stage, latest }) => [stage, latest.url])).toEqual([
    ['linked', null],
    ['qa-2', 'https://qa.example.com/'],
    ['qa', null],
  ])
})
