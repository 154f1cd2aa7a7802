import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireStage } from '../../../src/deploy/acquire-stage.ts'
import {
  type Deployment,
  listDeployments,
  listStages,
  readCurrent,
  recordDeployment,
} from '../../../src/deploy/deployments.ts'
import type { Gate } from '../../../src/deploy/gate.ts'
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
const requestOf = (build: number) => ({
  build,
  commit: 'c'.repeat(40),
  until: after(900).toISOString(),
})
const OPEN: Gate = { isOpen: true, reason: null }
const acquire = (stage: StageRef, build: number, gate: Gate | null = OPEN) =>
  acquireStage(bucket.store, stage, requestOf(build), { now: () => NOW, checkGate: async () => gate })
const entry = (build: number, change: Partial<Deployment> = {}): Deployment => ({
  build,
  of: build,
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
  fence: 0,
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

test('builds wait in a queue, each once; those that are superseded are recorded', async () => {
  const stage = newStage()
  const waiting = (build: number) => ({ build, commit: 'c' })
  for (const build of [3, 2, 3, 5]) await enqueue(bucket.store, stage, waiting(build))
  expect(await readQueue(bucket.store, stage)).toEqual({ waiting: [3, 2, 5].map(waiting), withheld: [] })
  await dequeue(bucket.store, stage, [3, 2], [{ build: 2, reason: 'Superseded by #3' }])
  await dequeue(bucket.store, stage, [3], [{ build: 9, reason: 'Superseded by #3' }])
  expect(await readQueue(bucket.store, stage)).toEqual({
    waiting: [waiting(5)],
    withheld: [{ build: 2, reason: 'Superseded by #3' }],
  })
})

test('a stage goes to one build at a time; the others wait', async () => {
  const stage = newStage()
  const first = await acquire(stage, 4)
  expect(first).toMatchObject({ status: 'acquired' })
  for (const build of [3, 6])
    expect(await acquire(stage, build)).toMatchObject({
      status: 'waiting',
      reason: expect.stringContaining('by #4'),
    })
  expect((await readQueue(bucket.store, stage)).waiting.map(({ build }) => build)).toEqual([3, 6])
  if ('release' in first) await first.release()
  expect(await acquire(stage, 6)).toMatchObject({ status: 'acquired' })
  expect((await readQueue(bucket.store, stage)).waiting.map(({ build }) => build)).toEqual([3])
})

test('a build whose gate is closed lets go of its stage, and is not deployed', async () => {
  const stage = newStage()
  const gate = { isOpen: false, reason: 'Superseded by #9' }
  expect(await acquire(stage, 4, gate)).toEqual({ status: 'cancelled', reason: 'Superseded by #9' })
  expect(await readLockHolder(bucket.store, stage, NOW)).toBeNull()
  expect((await readQueue(bucket.store, stage)).waiting).toEqual([])
})

test('without an answer from the gate, a build lets go of its stage and waits', async () => {
  const stage = newStage()
  expect(await acquire(stage, 4, null)).toMatchObject({ status: 'waiting' })
  expect(await readLockHolder(bucket.store, stage, NOW)).toBeNull()
  expect((await readQueue(bucket.store, stage)).waiting).toMatchObject([{ build: 4 }])
})

test('a holder that comes back late does not replace what was deployed after it', async () => {
  const stage = newStage()
  await recordDeployment(bucket.store, stage, entry(5, { startedAt: after(60).toISOString() }))
  await expect(recordDeployment(bucket.store, stage, entry(6))).rejects.toThrow('while #6 held it')
  expect(await readCurrent(bucket.store, stage)).toMatchObject({ latest: { build: 5 } })
})

test('lists deployments newest first and stages by name, without unreadable records', async () => {
  const project = 'gh/ada/history'
  for (const build of [9, 10, 11, 100])
    await recordDeployment(bucket.store, { project, stage: 'qa' }, entry(build))
  const listed = async (most: number) =>
    (await listDeployments(bucket.store, { project, stage: 'qa' }, most)).map(({ build }) => build)
  expect(await listed(3)).toEqual([100, 11, 10])
  await putJson(bucket.store, stageKeys({ project, stage: 'qa' }).deploy(101), '{"build":')
  expect(await listed(3)).toEqual([100, 11])
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
