import { expect, test, vi } from 'vitest'
import { acquireStage } from '../../../src/deploy/acquire-stage.ts'
import { readBinding } from '../../../src/deploy/binding.ts'
import { holdStage, readHold, releaseStage } from '../../../src/deploy/hold.ts'
import { leaveStage } from '../../../src/deploy/leave-stage.ts'
import { listStages } from '../../../src/deploy/list-stages.ts'
import { freeLock, keepLock, readLockHolder, takeLock } from '../../../src/deploy/lock.ts'
import { HANDOVER_MS, type StageContext } from '../../../src/deploy/pass-on.ts'
import { dequeue, enqueue, readQueue } from '../../../src/deploy/queue.ts'
import {
  attemptOf,
  type Deployment,
  listDeployments,
  readCurrent,
  recordAttempt,
  recordDeployment,
} from '../../../src/records/deployments.ts'
import { buildKeys, type StageRef, stageKeys } from '../../../src/records/keys.ts'
import { putJson } from '../../support/bucket.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { AT, after, makeBuild } from '../../support/records.ts'
import { commitOf, historyOf } from '../../support/report-world.ts'

const bucket = { store: openMemoryStore() }

let stages = 0
const newStage = (): StageRef => ({ project: `gh/ada/web-${++stages}`, stage: 'qa' })
const NOW = new Date(AT)
const requestOf = (build: number) => ({ build, until: after(900).toISOString() })
const entry = (build: number, change: Partial<Deployment> = {}): Deployment => ({
  build,
  of: build,
  commit: 'c'.repeat(40),
  branch: 'qa',
  message: 'm',
  who: 'ada',
  by: null,
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
  const take = (build: number) => takeLock(bucket.store, stage, requestOf(build), NOW)
  const fenceOf = (build: number) => keepLock(bucket.store, stage, requestOf(build))
  expect([await take(1), await fenceOf(1)]).toEqual([1, 1])
  expect([await take(2), await fenceOf(2)]).toEqual([1, null])
  await freeLock(bucket.store, stage, 1)
  expect(await readLockHolder(bucket.store, stage, NOW)).toBeNull()
  expect([await take(2), await fenceOf(2), await fenceOf(1)]).toEqual([2, 2, null])
})

test('an expired holder loses the lock and does not release that of its successor', async () => {
  const stage = newStage()
  await takeLock(bucket.store, stage, requestOf(1), NOW)
  expect(await readLockHolder(bucket.store, stage, after(901))).toBeNull()
  const next = { build: 2, until: after(2000).toISOString() }
  expect(await takeLock(bucket.store, stage, next, after(901))).toBe(2)
  expect(await keepLock(bucket.store, stage, next)).toBe(2)
  await freeLock(bucket.store, stage, 1)
  expect(await readLockHolder(bucket.store, stage, after(902))).toMatchObject({ build: 2 })
  await freeLock(bucket.store, stage, 2)
  expect(await readLockHolder(bucket.store, stage, after(902))).toBeNull()
})

test('one of many concurrent requests gets the lock, and all are told which', async () => {
  const stage = newStage()
  const builds = Array.from({ length: 12 }, (_, index) => index + 1)
  const taken = await Promise.all(builds.map(build => takeLock(bucket.store, stage, requestOf(build), NOW)))
  expect(new Set(taken).size).toBe(1)
  const fences = await Promise.all(builds.map(build => keepLock(bucket.store, stage, requestOf(build))))
  expect(fences.map((fence, index) => fence && [builds[index], fence]).filter(each => each !== null)).toEqual(
    [[taken[0], 1]],
  )
})

test('builds wait in a queue, each once, since they came first', async () => {
  const stage = newStage()
  const waiting = (build: number, since = AT) => ({ build, commit: 'c', since })
  for (const build of [3, 2, 5]) await enqueue(bucket.store, stage, waiting(build))
  expect(await enqueue(bucket.store, stage, waiting(3, after(60).toISOString()))).toEqual(waiting(3))
  expect(await readQueue(bucket.store, stage)).toEqual({ waiting: [3, 2, 5].map(each => waiting(each)) })
  await dequeue(bucket.store, stage, [3, 2])
  await dequeue(bucket.store, stage, [3])
  expect(await readQueue(bucket.store, stage)).toEqual({ waiting: [waiting(5)] })
  await Promise.all([6, 7, 8, 9].map(build => enqueue(bucket.store, stage, waiting(build))))
  expect((await readQueue(bucket.store, stage)).waiting.map(({ build }) => build).toSorted()).toEqual([
    ...[5, 6, 7, 8, 9],
  ])
})

type Change = Partial<Pick<StageContext, 'compare'>>
type Story = {
  isPinned?: boolean
  branchOf?: (build: number) => string
  /** The builds that people have asked for. */
  byHand?: readonly number[]
}

/** A stage for which the builds 1, 2, … of these commits have been tested, and a clock that tests move. */
async function stageOf(
  letters: string,
  { isPinned = true, branchOf = () => 'master', byHand = [] }: Story = {},
) {
  const stage = newStage()
  const { store } = bucket
  const builds = [...letters].map((letter, index) => {
    const branch = branchOf(index + 1)
    const ref = { project: stage.project, number: index + 1, commit: commitOf(letter) }
    const byAda = { event: 'deploy', target: { stage: stage.stage, of: 99, by: 'ada' } } as const
    return makeBuild({
      ...{ ...ref, branch, checkoutBranch: branch, trigger: `push/${branch}` },
      ...(byHand.includes(ref.number) && byAda),
    })
  })
  for (const build of builds) await putJson(store, buildKeys(build).build, build)
  const history = historyOf([...letters].toSorted().join(''))
  // All branches are at the newest commit.
  const nameOf = (name: string) => (/^[0-9a-f]{40}$/.test(name) ? name : 'master')
  const compare: StageContext['compare'] = (repository, base, head) =>
    history(repository, nameOf(base), nameOf(head))
  let clock = NOW.getTime()
  const now = () => new Date(clock)
  const buildOf = (number: number) => {
    const found = builds[number - 1]
    if (!found) throw new Error(`There is no #${number}`)
    return found
  }
  const contextWith = (given: Change = {}): StageContext => ({ store, compare, now, ...given })
  return {
    stage,
    compare,
    builds: builds.map(({ number }) => number),
    letterOf: (number: number) => letters[number - 1] ?? '',
    move: (ms: number) => {
      clock += ms
    },
    take: (number: number, given: Change = {}) =>
      acquireStage(
        stage,
        buildOf(number),
        { until: new Date(clock + 900_000), isPinned },
        contextWith(given),
      ),
    attempt: (number: number, fence: number) =>
      recordAttempt(store, stage, attemptOf(buildOf(number), { url: null, startedAt: now(), fence })),
    leave: (number: number, status: 'succeeded' | 'failed' | 'cancelled' = 'succeeded') => {
      const deploy = { stage: stage.stage, status, reason: null, exit: null, url: null }
      const ended = { deploy, endedAt: now().toISOString(), cost: null }
      return leaveStage(stage, buildOf(number), ended, contextWith())
    },
    holder: async () => (await readLockHolder(store, stage, now()))?.build ?? null,
    waiting: async () => (await readQueue(store, stage)).waiting.map(({ build }) => build),
    current: () => readCurrent(store, stage),
    hold: () => readHold(store, stage),
  }
}

/**
 * Looks at all builds at once, and then, as report does, at each build of which a look has told: the one that holds the stage. Returns
 * those that deployed, and their fences.
 */
async function deployAll(world: Awaited<ReturnType<typeof stageOf>>) {
  const ended = new Map<number, string>()
  const deployed: { build: number; fence: number }[] = []
  let active: number | null = null
  // Report looks at a build once at a time.
  const looks = new Map<number, Promise<void>>()
  const look = (number: number): Promise<void> => {
    const next = (looks.get(number) ?? Promise.resolve()).then(() => lookOnce(number))
    looks.set(number, next)
    return next
  }
  const follow = async (holder: number | null) => {
    if (holder !== null && !ended.has(holder)) await look(holder)
  }
  const lookOnce = async (number: number) => {
    if (ended.has(number)) return
    const acquisition = await world.take(number)
    if (acquisition.status === 'waiting') return void follow(acquisition.holder)
    if (acquisition.status === 'acquired') {
      expect([active, number]).toEqual([null, number])
      active = number
      deployed.push({ build: number, fence: acquisition.fence })
      await world.attempt(number, acquisition.fence)
      // While it deploys, whoever asks is told that it does.
      const others = world.builds.filter(other => other !== number && !ended.has(other))
      const answers = await Promise.all(others.slice(0, 2).map(other => world.take(other)))
      for (const answer of answers) expect(answer).toMatchObject({ status: 'waiting', holder: number })
      active = null
    }
    ended.set(number, acquisition.status === 'acquired' ? 'deployed' : acquisition.reason)
    await follow(await world.leave(number, acquisition.status === 'acquired' ? 'succeeded' : 'cancelled'))
  }
  await Promise.all(world.builds.map(look))
  // Looks that others have asked for.
  while (ended.size < world.builds.length) {
    const open = [...looks.values()]
    await Promise.all(open)
    if ([...looks.values()].every((each, index) => each === open[index])) break
  }
  return { ended, deployed }
}

test.each(['012345', '530142'])(
  'of builds that look at once, in the order %s, one deploys at a time, never an older commit, and nobody is lost',
  async letters => {
    const world = await stageOf(letters)
    const { ended, deployed } = await deployAll(world)
    expect([...ended.keys()].toSorted()).toEqual(world.builds)
    const inOrder = deployed.map(({ build }) => world.letterOf(build))
    expect(inOrder).toEqual(inOrder.toSorted())
    expect(inOrder.at(-1)).toBe('5')
    const fences = deployed.map(({ fence }) => fence)
    expect(fences).toEqual([...new Set(fences)].toSorted((one, other) => one - other))
    for (const [build, how] of ended)
      if (!deployed.some(each => each.build === build)) expect(how).toMatch(/^Superseded by #\d$/)
    expect([await world.holder(), await world.waiting()]).toEqual([null, []])
    expect(await world.current()).toMatchObject({ deployed: { commit: commitOf('5'), status: 'succeeded' } })
    const recorded = await listDeployments(bucket.store, world.stage, 20)
    expect(recorded.map(({ build, fence }) => ({ build, fence }))).toEqual(
      deployed.toSorted((one, other) => other.build - one.build),
    )
  },
)

test('a stage goes to one build at a time; the others wait, and the newest comes next', async () => {
  const world = await stageOf('abcd')
  expect(await world.take(1)).toEqual({ status: 'acquired', fence: 1 })
  const answers = await Promise.all([2, 4, 3].map(number => world.take(number)))
  for (const answer of answers)
    expect(answer).toEqual({
      ...{ status: 'waiting', holder: 1, isSilent: false },
      reason: 'Stage qa is being deployed by #1: this deploy comes after it',
    })
  expect((await world.waiting()).toSorted()).toEqual([2, 3, 4])
  expect(await world.leave(1)).toBe(4)
  expect(await world.take(2)).toMatchObject({ status: 'waiting', holder: 4 })
  expect(await world.take(4)).toEqual({ status: 'acquired', fence: 2 })
  expect((await world.waiting()).toSorted()).toEqual([2, 3])
})

test('a build whose gate is closed lets go of its stage, which goes to the next one', async () => {
  const world = await stageOf('ba')
  expect(await world.take(1)).toMatchObject({ status: 'acquired' })
  await world.attempt(1, 1)
  expect(await world.leave(1)).toBeNull()
  expect(await world.take(2)).toEqual({ status: 'withheld', as: 'cancelled', reason: 'Superseded by #1' })
  expect(await world.leave(2, 'cancelled')).toBeNull()
  expect([await world.holder(), await world.waiting()]).toEqual([null, []])
  // It has deployed nothing, so nothing of it is on record.
  expect(await world.current()).toMatchObject({ latest: { build: 1 } })
  expect((await listDeployments(bucket.store, world.stage, 9)).map(({ build }) => build)).toEqual([1])
})

test('without an answer of GitHub, a build lets go of its stage and waits, and others do not', async () => {
  const world = await stageOf('ab')
  const compare = async () => {
    throw new Error('no answer')
  }
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  expect(await world.take(1, { compare })).toMatchObject({ status: 'waiting', isSilent: true, holder: null })
  logged.mockRestore()
  expect([await world.holder(), await world.waiting()]).toEqual([null, [1]])
  expect(await world.take(2)).toMatchObject({ status: 'acquired', fence: 2 })
})

test('of the branches that ask at once for a stage that nobody has pinned, one gets it, and keeps it', async () => {
  const world = await stageOf('abcd', { isPinned: false, branchOf: build => (build % 2 ? 'master' : 'qa') })
  const { ended, deployed } = await deployAll(world)
  expect([...ended.keys()].toSorted()).toEqual(world.builds)
  const branches = new Set(deployed.map(({ build }) => build % 2))
  expect(branches.size).toBe(1)
  const [odd] = branches
  const [own, other] = odd ? ['master', 'qa'] : ['qa', 'master']
  for (const [build, how] of ended)
    if (build % 2 !== odd)
      expect(how).toBe(
        `The stage belongs to ${own}: lambci stages adopt ${world.stage.project.slice(3)} qa ${other}`,
      )
  expect(await readBinding(bucket.store, world.stage)).toMatchObject({ branches: [own], by: null })
  expect([await world.holder(), await world.waiting()]).toEqual([null, []])
})

/** Deploys a build for which the stage is free. */
async function deployWith(world: Awaited<ReturnType<typeof stageOf>>, number: number, given: Change = {}) {
  const acquisition = await world.take(number, given)
  if (acquisition.status !== 'acquired') throw new Error(`#${number}: ${acquisition.reason}`)
  await world.attempt(number, acquisition.fence)
  await world.leave(number)
}
const SUPERSEDED_BY_3 = { status: 'withheld', as: 'cancelled', reason: 'Superseded by #3' }

test('a deploy by hand of what is not the head holds its stage against the pushes before it, whatever is deployed since', async () => {
  const world = await stageOf('abaac', { byHand: [1, 3] })
  await deployWith(world, 3)
  expect(await world.hold()).toEqual({ by: 'ada', at: AT, build: 3 })
  world.move(60_000)
  // One that was asked for earlier, and has waited.
  await deployWith(world, 1)
  expect(await world.hold()).toEqual({ by: 'ada', at: AT, build: 3 })
  expect(await world.take(2)).toEqual(SUPERSEDED_BY_3)
  await world.leave(2, 'cancelled')
  // A later push ends the hold, even of an older commit: git says that it may follow.
  expect(await world.take(4)).toMatchObject({ status: 'acquired' })
  expect(await world.hold()).toBeNull()
})

test.each<[string, StageContext['compare'], boolean]>([
  ['GitHub does not answer', () => Promise.reject(new Error('GitHub is silent')), true],
  ['the branch is gone', async () => null, true],
  ['the branch has moved on', async () => 'ahead', true],
  ['it is the head', async () => 'identical', false],
])('whether a deploy by hand holds its stage: %s', async (_, compare, holds) => {
  const world = await stageOf('ab', { byHand: [1] })
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  expect(await world.take(1, { compare })).toMatchObject({ status: 'acquired' })
  logged.mockRestore()
  expect(await world.hold()).toEqual(holds ? { by: 'ada', at: AT, build: 1 } : null)
})

test('a deploy by hand of the head ends the hold of an earlier one', async () => {
  const world = await stageOf('aabb', { byHand: [2, 4] })
  await deployWith(world, 2)
  expect(await world.hold()).toMatchObject({ build: 2 })
  await deployWith(world, 4)
  expect(await world.hold()).toBeNull()
})

test("a person's hold outlasts deploys by hand, and replaces the hold of one", async () => {
  const world = await stageOf('acbc', { byHand: [1, 3] })
  const byBob = { by: 'bob', at: after(5).toISOString(), build: null }
  await deployWith(world, 1)
  expect(await world.hold()).toMatchObject({ by: 'ada', build: 1 })
  await holdStage(bucket.store, world.stage, byBob)
  expect(await world.hold()).toEqual(byBob)
  await deployWith(world, 3)
  expect(await world.hold()).toEqual(byBob)
  expect(await world.take(4)).toMatchObject({ status: 'withheld', reason: 'Held by bob' })
  await world.leave(4, 'cancelled')
  expect(await releaseStage(bucket.store, world.stage)).toEqual(byBob)
  expect(await world.hold()).toBeNull()
})

test('a deploy by hand that is withheld before its job starts holds nothing', async () => {
  const world = await stageOf('ab', { byHand: [1] })
  await world.take(1)
  expect(await world.hold()).toMatchObject({ build: 1 })
  await world.leave(1, 'cancelled')
  expect(await world.hold()).toBeNull()
})

test('a hold that a person ends while its deploy runs does not come back', async () => {
  const world = await stageOf('ab', { byHand: [1] })
  await world.take(1)
  await world.attempt(1, 1)
  await releaseStage(bucket.store, world.stage)
  expect(await world.take(1)).toMatchObject({ status: 'acquired' })
  await world.leave(1)
  expect(await world.hold()).toBeNull()
})

test('a build that was given the stage and does not come is passed by, and deploys nothing when it comes late', async () => {
  const world = await stageOf('abc')
  await world.take(1)
  await world.attempt(1, 1)
  await world.take(2)
  expect(await world.leave(1)).toBe(2)
  world.move(HANDOVER_MS - 1)
  expect(await world.take(3)).toMatchObject({ status: 'waiting', holder: 2 })
  world.move(2)
  expect(await world.take(3)).toEqual({ status: 'acquired', fence: 3 })
  await world.attempt(3, 3)
  expect(await world.take(2)).toMatchObject({ status: 'waiting', holder: 3 })
  expect(await world.leave(3)).toBe(2)
  expect(await world.take(2)).toEqual({ status: 'withheld', as: 'cancelled', reason: 'Superseded by #3' })
  expect(await world.leave(2, 'cancelled')).toBeNull()
  expect([await world.holder(), await world.waiting()]).toEqual([null, []])
})

test('a build that hears of GitHub only after its time has run out does not deploy', async () => {
  const world = await stageOf('ab')
  // Meanwhile another one has taken the stage, and deploys.
  const compare: StageContext['compare'] = async (...range) => {
    if ((await world.waiting()).includes(2)) return world.compare(...range)
    world.move(HANDOVER_MS + 1)
    expect(await world.take(2)).toEqual({ status: 'acquired', fence: 2 })
    await world.attempt(2, 2)
    await enqueue(bucket.store, world.stage, { build: 2, commit: commitOf('b'), since: AT })
    return world.compare(...range)
  }
  expect(await world.take(1, { compare })).toMatchObject({ status: 'waiting' })
  expect(await world.holder()).toBe(2)
  // Nor can one that starts all the same record it, which it must do before its job is published.
  await expect(world.attempt(1, 1)).rejects.toThrow('Build #2 was deployed to qa while #1 held it')
  expect(await world.current()).toMatchObject({ latest: { build: 2, status: 'running' } })
})

test('the end of a holder whose time has run out neither frees the stage of the next one nor replaces what it deploys', async () => {
  const world = await stageOf('ab')
  await world.take(1)
  await world.attempt(1, 1)
  world.move(900_001)
  expect(await world.take(2)).toEqual({ status: 'acquired', fence: 2 })
  await world.attempt(2, 2)
  expect(await world.leave(1)).toBe(2)
  expect(await world.holder()).toBe(2)
  expect(await world.current()).toMatchObject({ latest: { build: 2, status: 'running' } })
  await expect(recordDeployment(bucket.store, world.stage, entry(1, { fence: 1 }))).rejects.toThrow(
    'Build #2 was deployed to qa while #1 held it',
  )
  expect(await world.leave(2)).toBeNull()
  expect(await world.current()).toMatchObject({ deployed: { build: 2 }, latest: { build: 2 } })
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
  // Nothing was ever deployed there.
  const held = { by: 'ada', at: AT, build: null }
  await holdStage(bucket.store, { project, stage: 'held' }, held)
  await putJson(bucket.store, stageKeys({ project, stage: 'bound' }).branches, { branches: ['qa'] })
  const stages = await listStages(bucket.store, project)
  expect(stages.map(({ stage, latest, hold }) => [stage, latest?.url ?? null, hold])).toEqual([
    ['held', null, held],
    ['linked', null, null],
    ['qa-2', 'https://qa.example.com/', null],
    ['qa', null, null],
  ])
})
