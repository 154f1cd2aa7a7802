import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { candidateOf } from '../../../src/deploy/acquire-stage.ts'
import { deployStage } from '../../../src/deploy/deploy-stage.ts'
import { listDeployments, readCurrent } from '../../../src/deploy/deployments.ts'
import { readLockHolder, takeLock } from '../../../src/deploy/lock.ts'
import { readQueue } from '../../../src/deploy/queue.ts'
import { BuildLog } from '../../../src/log/build-log.ts'
import { createSink } from '../../../src/log/sink.ts'
import type { Build } from '../../../src/model/build.ts'
import { jobKeys, LEAD, stageKeys } from '../../../src/records/keys.ts'
import { RunRecorder } from '../../../src/records/run-recorder.ts'
import type { Store } from '../../../src/records/store.ts'
import { grantsWith, runOf } from '../../support/records.ts'
import { deployedRun, deployingRun, ReportWorld, STAGE } from '../../support/report-world.ts'

// Report logs each fault that a test causes.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const EXIT = { kind: 'exited', code: 0 } as const
const BY_HAND = { stage: STAGE.stage, of: 1, waited: null }

/** Runs a deploy that a person asked for, so that it need not wait for report's answer. */
async function deploy(world: ReportWorld, build: Build, command: () => Promise<void>, store = world.store) {
  const runner = runOf().runner
  if (!runner) throw new Error('No runner')
  const recorder = await RunRecorder.claim(world.store, build, LEAD, { runner, now: world.now() })
  if (!recorder) throw new Error('Claimed before')
  const log = new BuildLog(createSink(world.store, jobKeys(build).log), [], {
    limitBytes: 1e6,
    uploadMs: 5,
  })
  const deadline = world.now().getTime() + 600_000
  const { now } = world
  const done = await deployStage(
    { build, grants: grantsWith(), store, recorder, log, runner, deadline, now },
    {
      ...{ name: STAGE.stage, url: null, role: null, error: null, exit: EXIT },
      run: async () => {
        await command()
        return { exit: EXIT, reason: null }
      },
    },
  )
  await log.end()
  return { done, recorder }
}
const byHand = (world: ReportWorld, number: number, letter: string) =>
  world.build(number, letter, null, { event: 'deploy', trigger: 'deploy/production', target: BY_HAND })

/** A store in which writes of such keys fail. */
const failing = (store: Store, isFailing: (key: string) => boolean): Store => ({
  ...store,
  put: async (key, ...rest) => {
    if (isFailing(key)) throw new Error('S3: 503')
    return store.put(key, ...rest)
  },
  putIf: async (key, ...rest) => {
    if (isFailing(key)) throw new Error('S3: 503')
    return store.putIf(key, ...rest)
  },
})

test('what is being tried is on record before the command starts', async () => {
  const world = new ReportWorld('ab')
  await world.deployed(1, 'a')
  const build = await byHand(world, 2, 'b')
  const seen: unknown[] = []
  const { done } = await deploy(world, build, async () => {
    seen.push(await readCurrent(world.store, STAGE))
  })
  expect(seen).toMatchObject([{ deployed: { build: 1 }, latest: { build: 2, status: 'running' } }])
  expect(done.status).toBe('succeeded')
  expect(await readCurrent(world.store, STAGE)).toMatchObject({
    deployed: { build: 2 },
    latest: { build: 2, status: 'succeeded' },
  })
})

test('without a record of the attempt, the command does not start', async () => {
  const world = new ReportWorld('ab')
  const build = await byHand(world, 2, 'b')
  let isStarted = false
  const store = failing(world.store, key => key === stageKeys(STAGE).current)
  const { done } = await deploy(
    world,
    build,
    async () => {
      isStarted = true
    },
    store,
  )
  expect([isStarted, done.status]).toEqual([false, 'failed'])
  expect(await readLockHolder(world.store, STAGE, world.now())).toBeNull()
})

test.each([
  ['its deployment', (key: string) => key.includes('/deploys/')],
  ['what is current, after its attempt', (key: string) => key.endsWith('/current.json')],
])('a deploy whose record of %s fails counts as tried', async (_, isFailing) => {
  const world = new ReportWorld('acb')
  await world.deployed(1, 'a')
  const build = await byHand(world, 3, 'b')
  let hasBegun = false
  const store = failing(world.store, key => hasBegun && isFailing(key))
  const { done, recorder } = await deploy(
    world,
    build,
    async () => {
      hasBegun = true
    },
    store,
  )
  expect(done.status).toBe('failed')
  expect((await readCurrent(world.store, STAGE))?.latest).toMatchObject({ build: 3, status: 'running' })
  await recorder.record({ ...deployedRun('failed'), nonce: build.nonce, deploy: done })
  await waitingC(world)
  await world.report(3)
  await expectSuperseded(world)
  expect((await readCurrent(world.store, STAGE))?.latest).toMatchObject({ build: 3 })
  expect((await readCurrent(world.store, STAGE))?.latest.status).not.toBe('running')
})

/** #2 of commit C has passed and waits. */
async function waitingC(world: ReportWorld) {
  await world.build(2, 'c', deployedRun('waiting'))
  await world.queue([2, 'c'])
}

async function expectSuperseded(world: ReportWorld) {
  expect(world.jobs).toEqual([])
  expect((await world.endOf(2))?.deploy).toMatchObject({ status: 'cancelled', reason: 'Superseded by #3' })
  expect((await readQueue(world.store, STAGE)).waiting).toEqual([])
}

const ATTEMPT = {
  ...{ build: 3, of: 3, commit: 'b'.repeat(40), branch: 'master', message: '', who: 'Ada' },
  ...{ url: null, fence: 1, startedAt: '2026-11-20T10:05:00.000Z', status: 'running' },
}

test.each<[string, 'running' | 'waiting', boolean]>([
  ['before the stage knows of it', 'running', false],
  ['before its own record says so', 'waiting', true],
  ['in its command', 'running', true],
])('a deploy that dies %s is not replaced by an older commit', async (_, status, isOnRecord) => {
  const world = new ReportWorld('acb')
  await world.deployed(1, 'a')
  const current = await readCurrent(world.store, STAGE)
  if (isOnRecord) await world.put(stageKeys(STAGE).current, { ...current, latest: ATTEMPT })
  await world.build(3, 'b', deployingRun(status))
  await world.lock(3)
  await waitingC(world)
  await world.report(2)
  expect(world.jobs).toEqual([])
  await world.reportDeath(3)
  await expectSuperseded(world)
  // The stage says what has become of it, and that what ran there before may run no more.
  expect(await readCurrent(world.store, STAGE)).toMatchObject({
    deployed: { build: 1 },
    latest: { build: 3, status: 'failed', reason: 'The job died: its process was killed' },
  })
  expect((await listDeployments(world.store, STAGE, 10)).map(({ build }) => build)).toEqual([3])
  expect(await readLockHolder(world.store, STAGE, world.now())).toBeNull()
})

test('a build that died before it began to deploy has tried nothing', async () => {
  const world = new ReportWorld('acb')
  await world.deployed(1, 'a')
  await world.build(3, 'b', deployingRun('waiting'))
  await world.lock(3)
  await waitingC(world)
  await world.reportDeath(3)
  expect((await readCurrent(world.store, STAGE))?.latest.build).toBe(1)
  expect(world.jobs.map(({ build }) => build.commit[0])).toEqual(['c'])
})

test('a deploy that died after its end is on record as it ended', async () => {
  const world = new ReportWorld('ab')
  await world.deployed(1, 'a')
  const build = await byHand(world, 2, 'b')
  let hasBegun = false
  // It dies between the record of its deployment and that of the stage.
  const store = failing(world.store, key => hasBegun && key.endsWith('/current.json'))
  await deploy(
    world,
    build,
    async () => {
      hasBegun = true
    },
    store,
  )
  await world.reportDeath(2)
  expect(await readCurrent(world.store, STAGE)).toMatchObject({
    deployed: { build: 2, status: 'succeeded' },
    latest: { build: 2, status: 'succeeded' },
  })
  expect(await world.endOf(2)).toMatchObject({ conclusion: 'passed', deploy: { status: 'succeeded' } })
})

test('a holder that comes back late starts nothing and records nothing', async () => {
  const world = new ReportWorld('ab')
  const late = await byHand(world, 2, 'a')
  const next = await byHand(world, 3, 'b')
  let isStarted = false
  const store: Store = {
    ...world.store,
    // Between its lock and its attempt it stands still for an hour, and another build takes the stage.
    putIf: async (key, ...rest) => {
      if (key !== stageKeys(STAGE).current) return world.store.putIf(key, ...rest)
      world.at(60)
      await deploy(world, next, async () => {})
      world.at(61)
      return world.store.putIf(key, ...rest)
    },
  }
  const { done } = await deploy(
    world,
    late,
    async () => {
      isStarted = true
    },
    store,
  )
  expect([isStarted, done.status]).toEqual([false, 'failed'])
  expect((await readCurrent(world.store, STAGE))?.latest).toMatchObject({ build: 3, status: 'succeeded' })
})

test('a lock that somebody has deleted does not block its stage', async () => {
  const world = new ReportWorld('abc')
  for (const [number, letter] of [
    [2, 'a'],
    [3, 'b'],
  ] as const)
    await deploy(world, await byHand(world, number, letter), async () => {})
  await world.store.remove(stageKeys(STAGE).lock)
  expect(
    await takeLock(world.store, STAGE, candidateOf(await byHand(world, 9, 'c'), 2e12), world.now()),
  ).toMatchObject({
    fence: 3,
  })
  await world.store.remove(stageKeys(STAGE).lock)
  const { done } = await deploy(world, await byHand(world, 4, 'c'), async () => {})
  expect(done.status).toBe('succeeded')
  expect((await readCurrent(world.store, STAGE))?.latest).toMatchObject({ build: 4 })
})
