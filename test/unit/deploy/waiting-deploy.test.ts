import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readCurrent } from '../../../src/deploy/deployments.ts'
import { readGate } from '../../../src/deploy/gate.ts'
import { enqueue, readQueue } from '../../../src/deploy/queue.ts'
import { waitingDeployId } from '../../../src/deploy/started-deploy.ts'
import { buildKeys, deliveryKey, deliveryOf, jobKeys, stageKeys } from '../../../src/records/keys.ts'
import type { Store } from '../../../src/records/store.ts'
import { makeBuild, runOf } from '../../support/records.ts'
import {
  commitOf,
  deployedRun,
  deployingRun,
  deployOf,
  ReportWorld,
  STAGE,
} from '../../support/report-world.ts'

// Report logs each fault that a test causes.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const SILENCE = Object.assign(new Error('GitHub is silent'), { status: 503 })
const PROJECT = 'gh/ada/web'
const TOO_LATE = 'The stage production was not free in time'
/** Past the time for which a build waits. */
const OVERDUE = 118

const waitingOf = async ({ store }: ReportWorld) =>
  (await readQueue(store, STAGE)).waiting.map(({ build }) => build)
const numbersOf = ({ jobs }: ReportWorld) => jobs.map(({ build }) => build.number)
const look = (world: ReportWorld, number: number) => world.report(number).catch(() => {})

/** #2 of commit B has passed and waits. */
async function waiting(history = 'ab'): Promise<ReportWorld> {
  const world = new ReportWorld(history)
  await world.build(2, 'b', deployedRun('waiting'))
  await world.queue([2, 'b'])
  return world
}

/** The deploy #3, which was started for #2, takes its stage and asks for its gate. */
async function requestsGate(world: ReportWorld): Promise<void> {
  const [job] = world.jobs
  await world.put(jobKeys({ project: PROJECT, number: 3 }).record('gate-request'), {
    ...deployingRun('waiting'),
    nonce: job?.build.nonce,
  })
  await world.lock(3)
  await look(world, 3)
}

/** The deploy #3, which was started for #2, has ended well. */
async function ends(world: ReportWorld): Promise<void> {
  const [job] = world.jobs
  await world.deployed(3, 'b')
  await world.put(stageKeys(STAGE).lock, { holder: null, fence: 1 })
  const run = deployedRun('succeeded', { nonce: job?.build.nonce ?? '' })
  await world.put(jobKeys({ project: PROJECT, number: 3 }).record('end'), run)
}

test('a build that was reported as overdue is never deployed', async () => {
  const world = await waiting()
  world.refusal = SILENCE
  for (const minute of [1, 56, 90, OVERDUE]) {
    world.at(minute)
    await look(world, 2)
  }
  expect((await world.endOf(2))?.deploy).toMatchObject({ status: 'failed', reason: TOO_LATE })
  expect(await readQueue(world.store, STAGE)).toEqual({
    waiting: [],
    withheld: [{ build: 2, reason: TOO_LATE, hasFailed: true }],
  })
  world.refusal = null
  world.at(240)
  await world.report(2)
  // Nor when another build leaves the stage.
  await world.build(9, 'a', deployedRun('succeeded'))
  await world.report(9)
  expect(numbersOf(world)).toEqual([])
  expect(world.statuses.filter(({ commit }) => commit === commitOf('b')).at(-1)).toMatchObject({
    state: 'failure',
  })
})

test('a report that dies after it has given up on a build says so again', async () => {
  const world = await waiting()
  world.refusal = SILENCE
  await look(world, 2)
  world.at(OVERDUE)
  const { putIf } = world.store
  world.store.putIf = async (key, ...rest) => {
    const isLost = key.endsWith('/report.json') && (await waitingOf(world)).length === 0
    if (isLost) throw new Error('S3: 503')
    return putIf(key, ...rest)
  }
  await look(world, 2)
  expect((await world.endOf(2))?.deploy?.status).toBe('waiting')
  world.store.putIf = putIf
  world.refusal = null
  world.at(OVERDUE + 5)
  // Its lease has run out.
  await look(world, 2)
  expect((await world.endOf(2))?.deploy).toMatchObject({ status: 'failed', reason: TOO_LATE })
  expect(numbersOf(world)).toEqual([])
})

test('a deploy that is started as its build gives up finds its gate closed', async () => {
  const world = await waiting()
  world.at(OVERDUE)
  // Another invocation has read the queue, and starts the deploy only after #2 has been given up.
  let isGivenUp = false
  world.compare = async (_, base, head) => {
    if (!isGivenUp) {
      isGivenUp = true
      await look(world, 2)
    }
    return base === commitOf('b') && head === 'master' ? 'identical' : null
  }
  await world.build(9, 'b', deployedRun('succeeded'))
  await look(world, 9)
  expect((await world.endOf(2))?.deploy?.status).toBe('failed')
  expect(numbersOf(world)).toEqual([10])
  const started = { project: PROJECT, number: 10 }
  await world.put(jobKeys(started).record('gate-request'), {
    ...deployingRun('waiting'),
    nonce: world.jobs[0]?.build.nonce,
  })
  await world.lock(10)
  await look(world, 10)
  expect(await readGate(world.store, started)).toEqual({ isOpen: false, reason: TOO_LATE })
})

test('a build whose deploy was started in time waits for its end', async () => {
  const world = await waiting()
  world.at(100)
  await look(world, 2)
  expect(numbersOf(world)).toEqual([3])
  world.at(OVERDUE)
  await look(world, 2)
  expect((await world.endOf(2))?.deploy?.status).toBe('waiting')
  await requestsGate(world)
  expect(await readGate(world.store, { project: PROJECT, number: 3 })).toMatchObject({ isOpen: true })
})

test.each<[string, number]>([
  ['before its deploy is started', 1],
  ['long after its tests', 50],
])('a build that a person cancels while it waits, %s, is not deployed', async (_, minute) => {
  const world = await waiting()
  world.refusal = SILENCE
  await look(world, 2)
  world.at(minute)
  world.refusal = null
  const request = { by: 'ada', why: 'by ada', supersededBy: null, at: world.now().toISOString() }
  await world.put(buildKeys({ project: PROJECT, number: 2 }).cancel, request)
  await world.report(2)
  expect(await world.endOf(2)).toMatchObject({
    conclusion: 'passed',
    deploy: { status: 'cancelled', reason: 'Cancelled by ada' },
  })
  expect([numbersOf(world), await waitingOf(world)]).toEqual([[], []])
})

test('a newer commit alone withholds no build that waits: its gate does', async () => {
  const world = await waiting()
  const request = { by: 'lambci', why: 'Superseded by #4', supersededBy: 4, at: world.now().toISOString() }
  await world.put(buildKeys({ project: PROJECT, number: 2 }).cancel, request)
  await world.report(2)
  expect(numbersOf(world)).toEqual([3])
})

test.each<[string, () => ReturnType<typeof runOf>]>([
  ['died before its own record had the queue', () => runOf({ plan: deployingRun('waiting').plan })],
  ['died while it waited', () => deployingRun('waiting')],
])('a build that %s is not deployed', async (_, run) => {
  const world = new ReportWorld('ab')
  await world.build(2, 'b', run())
  await world.queue([2, 'b'])
  // Another build leaves the stage at that moment.
  await world.build(1, 'a', deployedRun('succeeded'))
  await world.report(1)
  expect(numbersOf(world)).toEqual([])
  await world.reportDeath(2)
  expect(['failed', 'errored']).toContain((await world.endOf(2))?.conclusion)
  await world.report(1)
  expect([numbersOf(world), await waitingOf(world)]).toEqual([[], []])
})

test('a build that found a fault after it had joined the queue is not deployed', async () => {
  const world = new ReportWorld('ab')
  await world.build(2, 'b', deployedRun('failed', { conclusion: 'failed' }))
  await world.queue([2, 'b'])
  await world.build(1, 'a', deployedRun('succeeded'))
  await world.report(1)
  expect([numbersOf(world), await waitingOf(world)]).toEqual([[], []])
})

test('builds that are no longer on record leave the queue', async () => {
  const world = await waiting()
  await world.queue([7, 'a'], [2, 'b'])
  await world.report(2)
  expect([numbersOf(world), await waitingOf(world)]).toEqual([[3], []])
})

test('if too many builds wait, the first of them are told so', async () => {
  const world = new ReportWorld('ab')
  for (let build = 1; build <= 102; build++)
    await enqueue(world.store, STAGE, { build, commit: commitOf('b') })
  const { waiting, withheld } = await readQueue(world.store, STAGE)
  expect([waiting.length, withheld.map(({ build }) => build)]).toEqual([100, [1, 2]])
})

/** A fault at the n-th conditional write of the stage's queue, or of another record. */
function failAt(store: Store, isMeant: (key: string) => boolean, nth: number): void {
  const { putIf } = store
  let seen = 0
  store.putIf = async (key, ...rest) => {
    if (isMeant(key) && ++seen === nth) throw new Error('S3: 503 Slow Down')
    return putIf(key, ...rest)
  }
}

test.each<[string, (key: string) => boolean, number]>([
  ['the queue', key => key.endsWith('/next.json'), 1],
  ['the claim, first', key => key.startsWith('deliveries/'), 1],
  ['the claim, published', key => key.startsWith('deliveries/'), 2],
  ['the build', key => key.endsWith('builds/3/build.json'), 1],
  ['the counter', key => key.endsWith('/counter.json'), 1],
  ['the end of the report', key => key.endsWith('builds/2/report.json'), 2],
])('a fault at the record of %s makes one deploy of one build that waited', async (_, isMeant, nth) => {
  const world = await waiting()
  failAt(world.store, isMeant, nth)
  await look(world, 2)
  // A lease that it has left has run out. The deploy, if it was started, has taken the stage by then.
  world.at(5)
  if (world.jobs.length > 0) await world.lock(3)
  await look(world, 2)
  await look(world, 2)
  expect(new Set(numbersOf(world))).toEqual(new Set([3]))
  await ends(world)
  await world.report(3)
  await look(world, 3)
  await look(world, 2)
  expect(new Set(numbersOf(world))).toEqual(new Set([3]))
  expect(await waitingOf(world)).toEqual([])
  expect((await world.endOf(2))?.deploy).toMatchObject({ status: 'succeeded', by: 3 })
  expect((await readCurrent(world.store, STAGE))?.latest.build).toBe(3)
})

test('a deploy whose job could not be published is published before a newer one is started', async () => {
  const world = await waiting('abc')
  world.publication = new Error('SNS: 503')
  await look(world, 2)
  expect(numbersOf(world)).toEqual([])
  world.publication = null
  await world.build(4, 'c', deployedRun('waiting'))
  await enqueue(world.store, STAGE, { build: 4, commit: commitOf('c') })
  await look(world, 4)
  expect(numbersOf(world)).toEqual([3])
  expect(await waitingOf(world)).toEqual([4])
  await ends(world)
  await world.report(3)
  expect((await world.endOf(2))?.deploy).toMatchObject({ status: 'succeeded', by: 3 })
  expect(world.jobs.at(-1)?.build.target).toMatchObject({ waited: 4 })
})

test('a deploy that is over and still in the queue does not hold up another branch', async () => {
  const world = await waiting()
  failAt(world.store, key => key.endsWith('/next.json'), 1)
  await look(world, 2)
  const build = await world.build(1, 'b', deployedRun('waiting'), { branch: 'qa', trigger: 'push/qa' })
  await world.put('config/global.json', { allow: ['ada'], deployBranches: ['master', 'qa'] })
  world.compare = async () => 'identical'
  await enqueue(world.store, STAGE, { build: build.number, commit: build.commit })
  await ends(world)
  await world.report(3)
  expect(numbersOf(world)).toEqual([3, 4])
  expect(world.jobs.at(-1)?.build.target).toMatchObject({ waited: 1 })
  expect(await waitingOf(world)).toEqual([])
})

test('a number that another build has taken says nothing about a deploy', async () => {
  const world = await waiting()
  await world.queue()
  const id = deliveryOf(makeBuild(), waitingDeployId(STAGE, 2))
  await world.put(deliveryKey(id), {
    project: PROJECT,
    builds: [{ number: 3, nonce: 'the-nonce-of-a-claim', published: false }],
  })
  await world.build(3, 'b', deployedRun('succeeded'))
  await look(world, 2)
  expect((await world.endOf(2))?.deploy).toMatchObject(deployOf('waiting'))
})
