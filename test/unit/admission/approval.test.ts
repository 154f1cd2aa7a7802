import { expect, onTestFinished, test, vi } from 'vitest'
import { type AdmissionContext, admit } from '../../../src/admission/admit.ts'
import { admitRebuild } from '../../../src/admission/admit-again.ts'
import type { JobMessage } from '../../../src/admission/grants.ts'
import type { Build } from '../../../src/model/build.ts'
import { buildKeys, counterKey, spendKeys } from '../../../src/records/keys.ts'
import { readBuild } from '../../../src/records/read-records.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import {
  after,
  FORKED,
  grantIssuerOf,
  makeBuild,
  PULL,
  RUNNER_SECRETS,
  reportOf,
  unknownToGit,
} from '../../support/records.ts'

const PROJECT = 'gh/ada/web'
const DAY_SECONDS = 24 * 60 * 60
const STRANGER: Partial<Build> = { ...FORKED, isStranger: true }
const KNOWN: Partial<Build> = { ...FORKED, isStranger: false }

/** A repository whose account has these settings. */
async function worldOf(settings: object = {}) {
  const store = openMemoryStore()
  const put = (key: string, value: object) => store.put(key, JSON.stringify(value), 'application/json')
  await put('config/global.json', { allow: ['ada'], ...settings })
  const world = {
    store,
    put,
    jobs: [] as JobMessage[],
    /** When each switch fires, by number. */
    switches: new Map<number, Date>(),
    reports: [] as number[],
    clock: after(0),
    deliveries: 0,
  }
  const context: AdmissionContext = {
    ...{ store, compare: unknownToGit, linkKey: RUNNER_SECRETS.linkKey, now: () => world.clock },
    ...{ baseUrl: 'https://ci.example.com', grantIssuer: grantIssuerOf(null) },
    publish: async message => void world.jobs.push(message),
    invokeReport: async ({ number }) => void world.reports.push(number),
    deadMansSwitch: {
      set: async ({ number }, at) => void world.switches.set(number, at),
      move: async ({ number }, at) => void world.switches.set(number, at),
      clear: async () => {},
    },
  }
  const arrive = async (change: Partial<Build> = {}, id = `delivery-${++world.deliveries}`) => {
    const result = await admit(id, { request: makeBuild(change), isArrival: true }, context)
    if (!('build' in result)) throw new Error(JSON.stringify(result))
    return result.build
  }
  const reasonsOf = async (count: number, change: Partial<Build>) => {
    const reasons: Build['approval'][] = []
    for (let n = 0; n < count; n++) reasons.push((await arrive(change)).approval)
    return reasons
  }
  return { ...world, world, context, arrive, reasonsOf }
}

test("a stranger's pull request is numbered, and nothing of it starts: its switch fires after 30 days, and report is invoked", async () => {
  const { arrive, jobs, switches, reports, store } = await worldOf()
  const build = await arrive(STRANGER)
  expect(build).toMatchObject({ number: 1, approval: 'stranger', trust: 'fork' })
  expect((await readBuild(store, { project: PROJECT, number: 1 }))?.approval).toBe('stranger')
  expect(jobs).toEqual([])
  expect(switches.get(1)).toEqual(after(30 * DAY_SECONDS))
  expect(reports).toEqual([1])
})

test.each<[string, Partial<Build>]>([
  ['a known author of a fork', KNOWN],
  ['a branch of the repository', { ...PULL, isStranger: false }],
  [
    'a merge group',
    { ...PULL, event: 'merge_group', pullRequest: null, trigger: 'push/gh-readonly-queue/1' },
  ],
  ["Dependabot, whose branches are the repository's", { ...PULL, isDependabot: true, trust: 'fork' }],
  ['a push', {}],
])('%s starts at once', async (_, change) => {
  const { arrive, jobs, reports } = await worldOf()
  expect((await arrive(change)).approval).toBeNull()
  expect(jobs).toHaveLength(1)
  expect(reports).toEqual([])
})

test('each new commit waits anew, and so does a delivery that is sent again', async () => {
  const { arrive, jobs, store, world } = await worldOf()
  await arrive(STRANGER, 'opened')
  await world.put(buildKeys({ project: PROJECT, number: 1 }).approve, {
    ...{ number: 1, commit: 'a'.repeat(40), by: 'ada', at: after(1).toISOString() },
  })
  // The same delivery: the same build, also hours later, and nothing of it starts here.
  expect((await arrive(STRANGER, 'opened')).number).toBe(1)
  world.clock = after(DAY_SECONDS)
  expect((await arrive(STRANGER, 'opened')).number).toBe(1)
  // The same commit, by another event or in another pull request.
  expect(await arrive(STRANGER, 'reopened')).toMatchObject({ number: 2, approval: 'stranger' })
  expect(await arrive({ ...STRANGER, trigger: 'pr/13', pullRequest: 13 }, 'another')).toMatchObject({
    ...{ number: 3, approval: 'stranger' },
  })
  expect(await arrive({ ...STRANGER, commit: 'c'.repeat(40) }, 'pushed')).toMatchObject({
    ...{ number: 4, approval: 'stranger' },
  })
  expect(jobs).toEqual([])
  // After its end, GitHub's "Redeliver" makes another build, which waits as well.
  const end = { conclusion: 'cancelled', reason: 'x', deploy: null, endedAt: after(9).toISOString() } as const
  await world.put(buildKeys({ project: PROJECT, number: 1 }).report, reportOf({ publications: 0, end }))
  expect(await arrive(STRANGER, 'opened')).toMatchObject({ number: 5, approval: 'stranger' })
  expect(jobs).toEqual([])
  expect(await readBuild(store, { project: PROJECT, number: 5 })).toMatchObject({ approval: 'stranger' })
})

test('a rebuild by a person needs no approval; before the end of the build it names the command', async () => {
  const { arrive, context, jobs, put } = await worldOf()
  await arrive(STRANGER)
  const rebuild = (id: string) => admitRebuild(id, { project: PROJECT, number: 1 }, context)
  expect(await rebuild('rebuild-1')).toEqual({
    refused: 'conflict',
    reason: 'Build #1 of ada/web has not ended yet: it is waiting. To start it: lambci approve ada/web#1',
  })
  const end = { conclusion: 'cancelled', reason: 'x', deploy: null, endedAt: after(9).toISOString() } as const
  await put(buildKeys({ project: PROJECT, number: 1 }).report, reportOf({ publications: 0, end }))
  expect(await rebuild('rebuild-2')).toMatchObject({ build: { number: 2, approval: null, trust: 'fork' } })
  expect(jobs.map(({ build }) => build.number)).toEqual([2])
})

test.each<[string, Build['approval'], Build['approval']]>([
  ['strangers', 'stranger', null],
  ['forks', 'fork', 'fork'],
  ['none', null, null],
])('the account says which forks wait: %s', async (approval, ofStranger, ofKnown) => {
  const { arrive } = await worldOf({ approval })
  expect((await arrive(STRANGER)).approval).toBe(ofStranger)
  expect((await arrive(KNOWN)).approval).toBe(ofKnown)
  expect((await arrive({})).approval).toBeNull()
})

test('more builds of forks than a day may have wait, and those that wait take nothing from others', async () => {
  const { arrive, reasonsOf, world } = await worldOf({ maxForkBuildsPerDay: 2, maxBuildsPerDay: 4 })
  expect(await reasonsOf(3, STRANGER)).toEqual(['stranger', 'stranger', 'stranger'])
  expect(await reasonsOf(4, KNOWN)).toEqual([null, null, 'fork-builds', 'fork-builds'])
  expect(await reasonsOf(3, {})).toEqual([null, null, 'builds'])
  expect((await arrive(KNOWN)).approval).toBe('fork-builds')
  // The next day begins at midnight, UTC: it is 10 o'clock.
  world.clock = after(14 * 60 * 60 - 1)
  expect((await arrive({})).approval).toBe('builds')
  world.clock = after(14 * 60 * 60)
  expect(await reasonsOf(3, KNOWN)).toEqual([null, null, 'fork-builds'])
})

test('of builds that arrive at once, no more start than a day may have; each delivery is counted once', async () => {
  const { arrive, jobs } = await worldOf({ maxForkBuildsPerDay: 3 })
  const builds = await Promise.all(Array.from({ length: 8 }, (_, n) => arrive(KNOWN, `at-once-${n}`)))
  expect(builds.filter(({ approval }) => approval === null)).toHaveLength(3)
  expect(jobs).toHaveLength(3)
  const again = await worldOf({ maxForkBuildsPerDay: 2 })
  for (let n = 0; n < 3; n++) await again.arrive(KNOWN, 'the-same')
  expect((await again.arrive(KNOWN)).approval).toBeNull()
})

test('where so many arrive at once that a build cannot be counted, one of a fork waits, and any other one starts', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
  onTestFinished(() => void vi.restoreAllMocks())
  const { arrive, context, store } = await worldOf()
  // Another writer is always first.
  context.store = {
    ...store,
    putIf: (key, body, condition) =>
      key === counterKey(PROJECT)
        ? Promise.resolve({ isWritten: false as const })
        : store.putIf(key, body, condition),
  }
  expect((await arrive(KNOWN)).approval).toBe('fork-builds')
  expect((await arrive({})).approval).toBeNull()
})

test('builds wait once the budget of the month is used up, but not those that people request', async () => {
  const { arrive, context, put, world } = await worldOf({ monthlyBudget: 5 })
  const spend = (cost: number) => put(spendKeys.month(PROJECT, '2026-11'), { builds: 9, cost, recent: {} })
  await spend(4.99)
  expect((await arrive({})).approval).toBeNull()
  await spend(5)
  expect((await arrive({})).approval).toBe('budget')
  const end = { conclusion: 'passed', reason: null, deploy: null, endedAt: after(9).toISOString() } as const
  await put(buildKeys({ project: PROJECT, number: 1 }).report, reportOf({ end }))
  expect(await admitRebuild('again', { project: PROJECT, number: 1 }, context)).toMatchObject({
    build: { approval: null },
  })
  world.clock = new Date('2026-12-01T00:00:00Z')
  expect((await arrive({})).approval).toBeNull()
})
