import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { adoptStage } from '../../../src/deploy/binding.ts'
import { holdStage, releaseStage } from '../../../src/deploy/hold.ts'
import { keepLock, readLockHolder, takeLock } from '../../../src/deploy/lock.ts'
import { enqueue, readQueue } from '../../../src/deploy/queue.ts'
import type { Build } from '../../../src/model/build.ts'
import { listDeployments, readCurrent } from '../../../src/records/deployments.ts'
import { buildKeys, stageKeys } from '../../../src/records/keys.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { endedRun, runOf } from '../../support/records.ts'
import {
  commitOf,
  DEPLOY_KEY,
  ReportWorld,
  STAGE,
  testedRun,
  testingRun,
} from '../../support/report-world.ts'

// Report logs each fault that a test causes.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const SILENCE = Object.assign(new Error('GitHub is silent'), { status: 503 })
const PROJECT = 'gh/ada/web'
const RUNNER = { ...runOf().runner!, requestId: 'request-1' }

const look = (world: ReportWorld, number: number) => world.report(number).catch(() => {})
const waitingIn = async ({ store }: ReportWorld) =>
  (await readQueue(store, STAGE)).waiting.map(({ build }) => build)
const holderIn = async (world: ReportWorld) =>
  (await readLockHolder(world.store, STAGE, world.now()))?.build ?? null
const currentIn = (world: ReportWorld) => readCurrent(world.store, STAGE)
const deployIn = async (world: ReportWorld, number: number) =>
  (await readReport(world.store, { project: PROJECT, number }))?.deploy ?? null

/** The deploy of a build is claimed, and then ends like this. */
async function ends(world: ReportWorld, number: number, conclusion: 'passed' | 'failed' = 'passed') {
  await world.deployJob(number, runOf({ phase: 'claimed', plan: null, runner: RUNNER }))
  const exit = { kind: 'exited', code: conclusion === 'passed' ? 0 : 3 } as const
  const reason = conclusion === 'passed' ? null : './deploy.sh ended with exit code 3'
  await world.deployJob(number, endedRun({ conclusion, exit, reason }))
  await look(world, number)
}

/** Lets schedules fire until a build has ended, a hundred at most. */
async function untilEnd(world: ReportWorld, number: number) {
  for (let fired = 0; (await world.endOf(number)) === null && fired < 100; fired++) await world.advance()
}

/** #2 of commit B has been tested, and looked at. */
async function tested(history = 'ab'): Promise<ReportWorld> {
  const world = new ReportWorld(history)
  await world.build(2, 'b', testedRun())
  await look(world, 2)
  return world
}

test('once its tests have passed, a build gets its stage, and what is tried is on record before its deploy starts', async () => {
  const world = new ReportWorld('ab')
  await world.deployed(1, 'a')
  await world.build(2, 'b', testingRun())
  await look(world, 2)
  expect(await holderIn(world)).toBeNull()
  expect(await waitingIn(world)).toEqual([])

  await world.build(2, 'b', testedRun())
  const seen: unknown[] = []
  const { push } = world.jobs
  world.jobs.push = (...jobs) => {
    seen.push(currentIn(world), holderIn(world))
    return push.apply(world.jobs, jobs)
  }
  await look(world, 2)
  world.jobs.push = push
  expect(await Promise.all(seen)).toMatchObject([
    { deployed: { build: 1 }, latest: { build: 2, status: 'running', fence: 1 } },
    2,
  ])
  expect([...world.jobs]).toMatchObject([
    { job: { key: DEPLOY_KEY, deploy: { stage: 'production', digest: 'digest-of-deploy' } } },
  ])
  expect(await deployIn(world, 2)).toMatchObject({ status: 'running' })
  expect(await world.endOf(2)).toBeNull()

  await ends(world, 2)
  expect(await world.endOf(2)).toMatchObject({ conclusion: 'passed', deploy: { status: 'succeeded' } })
  expect(await currentIn(world)).toMatchObject({
    deployed: { build: 2 },
    latest: { build: 2, status: 'succeeded' },
  })
  expect([await holderIn(world), await waitingIn(world)]).toEqual([null, []])
})

test('a build whose tests failed never asks for its stage', async () => {
  const world = new ReportWorld('ab')
  await world.build(
    2,
    'b',
    testedRun({
      conclusion: 'failed',
      exit: { kind: 'exited', code: 1 },
      reason: 'make ended with exit code 1',
    }),
  )
  await look(world, 2)
  expect(await world.endOf(2)).toMatchObject({ conclusion: 'failed', deploy: null })
  expect([world.deploys, await waitingIn(world), await holderIn(world)]).toEqual([[], [], null])
})

test.each(['lock.json', 'next.json', 'current.json'])(
  'a fault at any write of %s makes one deploy, and leaves the stage free',
  async record => {
    for (let nth = 1; nth <= 4; nth++) {
      const world = new ReportWorld('ab')
      await world.build(2, 'b', testedRun())
      const { putIf } = world.store
      let seen = 0
      world.store.putIf = async (key, ...rest) => {
        if (key.endsWith(`/stages/production/${record}`) && ++seen === nth)
          throw new Error('S3: 503 Slow Down')
        return putIf(key, ...rest)
      }
      // A lease that was left by a fault has run out by then.
      for (const minute of [0, 5, 10]) {
        world.at(minute)
        await look(world, 2)
      }
      expect(new Set(world.deploys)).toEqual(new Set([2]))
      await ends(world, 2)
      for (const minute of [15, 20]) {
        world.at(minute)
        await look(world, 2)
      }
      expect(await world.endOf(2)).toMatchObject({ conclusion: 'passed' })
      expect(await currentIn(world)).toMatchObject({
        deployed: { build: 2 },
        latest: { status: 'succeeded' },
      })
      expect([await holderIn(world), await waitingIn(world)]).toEqual([null, []])
    }
  },
)

test('as long as the attempt is not on record, the deploy does not start', async () => {
  const world = new ReportWorld('ab')
  await world.build(2, 'b', testedRun())
  const { putIf } = world.store
  world.store.putIf = async (key, ...rest) => {
    if (key === stageKeys(STAGE).current) throw new Error('S3: 503')
    return putIf(key, ...rest)
  }
  for (const minute of [0, 5, 10]) {
    world.at(minute)
    await look(world, 2)
  }
  expect(world.deploys).toEqual([])
})

test('a report that dies before it has recorded the start of a deploy starts it again, whatever GitHub says then', async () => {
  const world = new ReportWorld('ab')
  await world.build(2, 'b', testedRun())
  const { putIf } = world.store
  world.store.putIf = async (key, ...rest) => {
    if (key === buildKeys({ project: PROJECT, number: 2 }).report && world.deploys.length > 0)
      throw new Error('S3: 503')
    return putIf(key, ...rest)
  }
  await look(world, 2)
  expect(world.deploys).toEqual([2])
  world.store.putIf = putIf
  world.at(5)
  // Its message may be on its way: to withhold the deploy now would let two run at once.
  world.compare = async () => 'diverged'
  await look(world, 2)
  expect(world.deploys).toEqual([2, 2])
  expect([await holderIn(world), (await deployIn(world, 2))?.status]).toEqual([2, 'running'])
})

test('while another build deploys, a build waits and people see that; then it is its turn', async () => {
  const world = await tested('abc')
  await world.build(3, 'c', testedRun())
  await look(world, 3)
  expect(await deployIn(world, 3)).toMatchObject({
    status: 'waiting',
    reason: 'Stage production is being deployed by #2: this deploy comes after it',
  })
  expect(await world.endOf(3)).toBeNull()
  expect(world.statuses.at(-1)).toMatchObject({ state: 'pending', commit: commitOf('c') })
  await ends(world, 2)
  expect(world.deploys).toEqual([2, 3])
  expect(await holderIn(world)).toBe(3)
  await ends(world, 3)
  expect(await world.endOf(3)).toMatchObject({ conclusion: 'passed', deploy: { status: 'succeeded' } })
  expect(world.statuses.at(-1)).toMatchObject({ state: 'success' })
})

test('of the builds that wait, the newest commit comes first, and the older ones are not deployed', async () => {
  const world = await tested('abcde')
  // Their webhooks arrived in another order.
  for (const [number, letter] of [
    [3, 'd'],
    [4, 'e'],
    [5, 'c'],
  ] as const) {
    await world.build(number, letter, testedRun())
    await look(world, number)
  }
  await ends(world, 2)
  expect(world.deploys).toEqual([2, 4])
  await ends(world, 4)
  expect(world.deploys).toEqual([2, 4])
  for (const number of [3, 5])
    expect(await world.endOf(number)).toMatchObject({
      conclusion: 'passed',
      deploy: { status: 'cancelled', reason: 'Superseded by #4' },
    })
  expect([await holderIn(world), await waitingIn(world)]).toEqual([null, []])
})

test('however many builds wait, GitHub is asked a few questions about each', async () => {
  const letters = 'abcdef0123456789'
  const countFor = async (builds: number) => {
    const world = await tested(letters.slice(0, builds + 2))
    for (let at = 1; at <= builds; at++) {
      await world.build(2 + at, letters[1 + at] ?? '', testedRun())
      await look(world, 2 + at)
    }
    const { compare } = world
    let compared = 0
    world.compare = (...question) => {
      compared += 1
      return compare(...question)
    }
    await ends(world, 2)
    await ends(world, 2 + builds)
    expect(world.deploys).toEqual([2, 2 + builds])
    expect([await holderIn(world), await waitingIn(world)]).toEqual([null, []])
    return compared
  }
  const [few, many] = [await countFor(4), await countFor(13)]
  expect(many / few).toBeLessThan(13 / 4 + 1)
})

test('a build of another branch has its turn, too', async () => {
  const world = await tested('ab')
  world.compare = async () => 'identical'
  await world.build(3, 'b', testedRun(), {
    ...{ branch: 'qa', trigger: 'push/qa', checkoutBranch: 'qa' },
    settings: { global: { pinnedStages: { production: { branches: ['master', 'qa'] } } } },
  })
  await look(world, 3)
  await ends(world, 2)
  expect(world.deploys).toEqual([2, 3])
})

test('a stage that nobody pins belongs to the branch that deploys to it first, until a person gives it to another', async () => {
  const world = await tested('ab')
  world.compare = async () => 'identical'
  await ends(world, 2)
  const qa = { branch: 'qa', trigger: 'push/qa', checkoutBranch: 'qa' }
  await world.build(3, 'b', testedRun(), qa)
  await look(world, 3)
  expect(await world.endOf(3)).toMatchObject({
    conclusion: 'errored',
    reason: expect.stringMatching(
      /: The stage belongs to master: lambci stages adopt ada\/web production qa$/,
    ),
  })
  // Not by hand either.
  await byHand(world, 4, 'b', qa)
  await look(world, 4)
  expect([world.deploys, await holderIn(world)]).toEqual([[2], null])
  await adoptStage(world.store, STAGE, { branches: ['qa'], by: 'ada', at: world.now().toISOString() })
  await world.build(5, 'b', testedRun(), qa)
  await look(world, 5)
  expect(world.deploys).toEqual([2, 5])
})

test.each([
  ['of another branch by the account', { production: { branches: ['release'] } }],
  ['named in a file that is wrong', null],
])('a stage %s is not asked for', async (_, pinnedStages) => {
  const world = new ReportWorld('ab')
  const draft = testedRun().draft!
  const deploy = { ...draft.deploys[0]!, error: 'The file maps it to no valid name.' }
  await world.build(
    2,
    'b',
    testedRun(pinnedStages ? {} : { draft: { ...draft, deploys: [deploy] } }),
    pinnedStages ? { settings: { global: { pinnedStages } } } : {},
  )
  await look(world, 2)
  expect(await world.endOf(2)).toMatchObject(
    pinnedStages
      ? {
          conclusion: 'errored',
          reason: "Tests passed, deploy to production failed: The account's settings reserve it for release",
        }
      : {
          conclusion: 'failed',
          reason: 'Tests passed, deploy to production failed: The file maps it to no valid name.',
        },
  )
  expect([world.deploys, await waitingIn(world), await holderIn(world)]).toEqual([[], [], null])
})

test('without an answer of GitHub a build waits for an hour, keeps nobody from the stage, and ends in an error', async () => {
  const world = new ReportWorld('ab')
  await world.build(2, 'b', testedRun())
  world.compare = async () => {
    throw SILENCE
  }
  await look(world, 2)
  expect(await deployIn(world, 2)).toMatchObject({
    status: 'waiting',
    reason: 'GitHub has not said yet whether this commit may be deployed',
  })
  expect(await holderIn(world)).toBeNull()
  // Asked every five minutes.
  expect((world.schedules.get('2-look')?.at.getTime() ?? 0) - world.now().getTime()).toBe(5 * 60_000)
  await untilEnd(world, 2)
  expect(world.minutes).toBeLessThanOrEqual(66)
  expect(await world.endOf(2)).toMatchObject({
    conclusion: 'errored',
    reason:
      'Tests passed, deploy to production failed: GitHub has not said for an hour whether this commit may be deployed',
    deploy: { status: 'failed' },
  })
  world.compare = async () => 'identical'
  world.at(240)
  await look(world, 2)
  expect([world.deploys, await holderIn(world), await waitingIn(world)]).toEqual([[], null, []])
})

test('once GitHub answers, a build that waited for that is deployed', async () => {
  const world = new ReportWorld('ab')
  await world.build(2, 'b', testedRun())
  const { compare } = world
  world.compare = async () => {
    throw SILENCE
  }
  await look(world, 2)
  world.compare = compare
  await world.advance()
  expect(world.deploys).toEqual([2])
})

test('a stage that is not free for two hours fails the build that waits for it, which is never deployed', async () => {
  const world = new ReportWorld('ab')
  await world.put(stageKeys(STAGE).lock, {
    holder: { build: 1, until: '2026-12-31T00:00:00.000Z' },
    fence: 1,
  })
  await world.build(2, 'b', testedRun())
  for (const minute of [0, 56, 119]) {
    world.at(minute)
    await look(world, 2)
    expect(await world.endOf(2)).toBeNull()
  }
  expect(await world.advance()).toBe(true)
  expect(await world.endOf(2)).toMatchObject({
    conclusion: 'failed',
    reason: 'Tests passed, deploy to production failed: The stage production was not free in time',
  })
  await world.put(stageKeys(STAGE).lock, { holder: null, fence: 1 })
  await look(world, 2)
  expect([world.deploys, await waitingIn(world)]).toEqual([[], []])
})

test('a person can cancel a deploy that waits, and not one that runs', async () => {
  const world = await tested('abc')
  await world.build(3, 'c', testedRun())
  await look(world, 3)
  const request = { by: 'ada', why: 'by ada', supersededBy: null, at: world.now().toISOString() }
  for (const number of [2, 3]) await world.put(buildKeys({ project: PROJECT, number }).cancel, request)
  for (const number of [2, 3]) await look(world, number)
  expect(await world.endOf(2)).toBeNull()
  expect(await world.endOf(3)).toMatchObject({
    conclusion: 'passed',
    deploy: { status: 'cancelled', reason: 'Cancelled by ada' },
  })
  await ends(world, 2)
  expect([world.deploys, await waitingIn(world), await holderIn(world)]).toEqual([[2], [], null])
})

test('a newer commit alone withholds no build that waits: its gate does', async () => {
  const world = new ReportWorld('ab')
  await world.build(2, 'b', testedRun())
  const request = { by: 'lambci', why: 'Superseded by #4', supersededBy: 4, at: world.now().toISOString() }
  await world.put(buildKeys({ project: PROJECT, number: 2 }).cancel, request)
  await look(world, 2)
  expect(world.deploys).toEqual([2])
})

test.each<[string, boolean]>([
  ['in its command', true],
  ['before it could claim its job, three times', false],
])('a deploy that dies %s is not replaced by an older commit', async (_, isClaimed) => {
  const world = new ReportWorld('acb')
  await world.deployed(1, 'a')
  await world.build(3, 'b', testedRun())
  await look(world, 3)
  await world.build(2, 'c', testedRun())
  await look(world, 2)
  if (isClaimed) await world.deployJob(3, runOf({ plan: null, runner: RUNNER }))
  if (isClaimed) await world.reportDeath(3, DEPLOY_KEY).catch(() => {})
  for (let hours = 1; !(await world.endOf(3)) && hours < 6; hours++) {
    world.at(hours * 60)
    await look(world, 3)
  }
  expect(await world.endOf(3)).toMatchObject({ deploy: { status: 'failed' } })
  expect(['failed', 'errored']).toContain((await world.endOf(3))?.conclusion)
  expect(new Set(world.deploys)).toEqual(new Set([3]))
  await look(world, 2)
  expect(await world.endOf(2)).toMatchObject({ deploy: { status: 'cancelled', reason: 'Superseded by #3' } })
  // What ran there before may run no more.
  expect(await currentIn(world)).toMatchObject({
    deployed: { build: 1 },
    latest: { build: 3, status: 'failed' },
  })
  expect((await listDeployments(world.store, STAGE, 10)).map(({ build }) => build)).toEqual([3])
  expect(await holderIn(world)).toBeNull()
})

test('a deploy whose message was lost is published again, and keeps its stage meanwhile', async () => {
  const world = await tested()
  world.at(54)
  await world.reportDeath(2, DEPLOY_KEY).catch(() => {})
  expect(world.deploys).toEqual([2, 2])
  world.at(100)
  expect(await holderIn(world)).toBe(2)
})

test('a failure record that a test of the build has forged does not free the stage of its deploy', async () => {
  const world = await tested()
  const forged = { nonce: 'the-nonce-of-build-2', reason: 'forged', job: DEPLOY_KEY, attempt: 1 }
  for (let at = 1; at <= 4; at++)
    await world.report(2, { failure: { ...forged, requestId: `request-${at}` } }).catch(() => {})
  expect([world.deploys, await world.endOf(2), await holderIn(world)]).toEqual([[2], null, 2])
})

test('a build that was given a stage and is never looked at keeps it for some minutes only', async () => {
  const world = new ReportWorld('ab')
  await world.lock(1)
  await world.build(2, 'b', testedRun())
  await look(world, 2)
  expect(await waitingIn(world)).toEqual([2])
  await takeLock(
    world.store,
    STAGE,
    { build: 9, until: new Date(world.now().getTime() + 5 * 60_000).toISOString() },
    new Date('2027-01-01'),
  )
  world.at(16)
  await look(world, 2)
  expect(world.deploys).toEqual([2])
})

test('a build that loses its stage while GitHub answers does not deploy', async () => {
  const world = new ReportWorld('ab')
  await world.build(2, 'b', testedRun())
  const until = '2026-12-31T00:00:00.000Z'
  world.compare = async () => {
    await world.put(stageKeys(STAGE).lock, { holder: { build: 9, until }, fence: 7 })
    return 'identical'
  }
  await look(world, 2)
  expect([world.deploys, (await deployIn(world, 2))?.status]).toEqual([[], 'waiting'])
  // Nor does one that gets it back, because others may have deployed in between.
  world.compare = async () => {
    await world.put(stageKeys(STAGE).lock, { holder: { build: 2, until }, fence: 19 })
    return 'identical'
  }
  await world.put(stageKeys(STAGE).lock, { holder: null, fence: 8 })
  await look(world, 2)
  expect(world.deploys).toEqual([])
})

const byHand = (
  world: ReportWorld,
  number: number,
  letter: string,
  change: Partial<Build> = {},
): Promise<Build> =>
  world.build(number, letter, testedRun({ exit: null }), {
    ...{ event: 'deploy', trigger: 'deploy/production', target: { stage: STAGE.stage, of: 1, by: null } },
    ...change,
  })

test('what a person asks for is deployed before what was pushed, and only later pushes follow', async () => {
  const world = await tested('abcd')
  await world.build(3, 'd', testedRun())
  await look(world, 3)
  await byHand(world, 4, 'a')
  await look(world, 4)
  await ends(world, 2)
  expect(world.deploys).toEqual([2, 4])
  await ends(world, 4)
  expect(await world.endOf(3)).toMatchObject({
    conclusion: 'passed',
    deploy: { status: 'cancelled', reason: 'Superseded by #4' },
  })
  expect((await currentIn(world))?.deployed).toMatchObject({ build: 4, commit: commitOf('a') })
  await world.build(5, 'd', testedRun())
  await look(world, 5)
  expect(world.deploys).toEqual([2, 4, 5])
})

test('to a stage that is held, only a person deploys', async () => {
  const world = new ReportWorld('ab')
  const hold = { by: 'grace', at: world.now().toISOString() }
  expect(await holdStage(world.store, STAGE, { ...hold, by: 'ada' })).toMatchObject({ by: 'ada' })
  expect(await holdStage(world.store, STAGE, hold)).toMatchObject({ by: 'ada' })
  await world.build(2, 'b', testedRun())
  await look(world, 2)
  expect(await world.endOf(2)).toMatchObject({
    conclusion: 'passed',
    deploy: { status: 'cancelled', reason: 'Held by ada' },
  })
  await byHand(world, 3, 'a')
  await look(world, 3)
  expect(world.deploys).toEqual([3])
  await ends(world, 3)
  expect(await releaseStage(world.store, STAGE)).toMatchObject({ by: 'ada' })
  expect(await releaseStage(world.store, STAGE)).toBeNull()
  await world.build(4, 'b', testedRun())
  await look(world, 4)
  expect(world.deploys).toEqual([3, 4])
})

test('builds that are no longer on record leave the queue', async () => {
  const world = new ReportWorld('ab')
  await world.build(2, 'b', testedRun())
  await world.queue([7, 'a'], [2, 'b'])
  await look(world, 2)
  expect([world.deploys, await waitingIn(world)]).toEqual([[2], []])
})

test('if too many builds wait, the next one fails and says so', async () => {
  const world = new ReportWorld('ab')
  await world.lock(1)
  const since = world.now().toISOString()
  for (let build = 101; build <= 200; build++)
    await enqueue(world.store, STAGE, { build, commit: commitOf('b'), since })
  await world.build(2, 'b', testedRun())
  await look(world, 2)
  expect(await world.endOf(2)).toMatchObject({
    conclusion: 'failed',
    reason: 'Tests passed, deploy to production failed: More than 100 builds wait for stage production',
  })
})

test('a lock that somebody has deleted does not block its stage, and its holders are still counted', async () => {
  const world = await tested('abc')
  await ends(world, 2)
  await world.store.remove(stageKeys(STAGE).lock)
  await world.build(3, 'c', testedRun())
  await look(world, 3)
  expect(world.deploys).toEqual([2, 3])
  const until = '2026-12-31T00:00:00.000Z'
  expect(await keepLock(world.store, STAGE, { build: 3, until })).toBe(2)
})
