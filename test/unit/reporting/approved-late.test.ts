import { beforeEach, expect, test, vi } from 'vitest'
import type { Build } from '../../../src/model/build.ts'
import { approve } from '../../../src/records/approval.ts'
import { readRecords } from '../../../src/records/read-records.ts'
import { updateKnown } from '../../../src/records/repository-records.ts'
import { viewOf } from '../../../src/records/view.ts'
import { reportBuild } from '../../../src/report-build.ts'
import { FORKED } from '../../support/records.ts'
import { commitOf, ReportWorld, STAGE } from '../../support/report-world.ts'

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

const DAY = 24 * 60
const BUILD = { project: STAGE.project, number: 7 }
const GLOBAL = 'config/global.json'
const REPOSITORY = 'config/gh/ada/web.json'
const role = { role: 'arn:aws:iam::123456789012:role/integration', trust: 'branch' }

/** A build that has waited for 29 days. Then `change` happens, and a person approves it. */
async function approvedLate(
  change: (world: ReportWorld) => Promise<unknown>,
  of: Partial<Build> = { approval: 'budget' },
) {
  const world = new ReportWorld('a')
  await world.build(7, 'a', null, of)
  await world.report(7)
  world.at(29 * DAY)
  await change(world)
  const at = world.now().toISOString()
  await approve(world.store, BUILD, { number: 7, commit: commitOf('a'), by: 'ada', at })
  return world
}
const statusOf = async ({ store }: ReportWorld) => {
  const records = await readRecords(store, BUILD)
  return records && viewOf(records).status
}
const setting =
  (key: string, value: unknown, others = {}) =>
  (world: ReportWorld) =>
    world.put(GLOBAL, { allow: ['ada'], [key]: value, ...others })
const newest = (change: Partial<Build>) => async (world: ReportWorld) =>
  world.build(8, 'a', null, { trigger: 'push/other', ...change })

const CHANGED = "the account's settings have changed since. To build it: lambci rebuild ada/web#7"
const withRole: Partial<Build> = {
  approval: 'budget',
  settings: { global: { allow: ['ada'] }, repository: { jobRoles: { unit: role } } },
}

test.each<[string, (world: ReportWorld) => Promise<unknown>, string, Partial<Build>?]>([
  [
    'its stage is pinned to another branch',
    setting('pinnedStages', { production: { branches: ['release'] } }),
    CHANGED,
  ],
  ['its branch may deploy no longer', setting('deployBranches', ['release']), CHANGED],
  ['it is to inherit no secrets', setting('inheritSecrets', false), CHANGED],
  ['a branch has other rules', setting('branches', { master: { cmd: 'make' } }), CHANGED],
  ['the account has another limit of jobs', setting('maxJobs', 3), CHANGED],
  ['the repository has settings of its own', world => world.put(REPOSITORY, { cmd: 'make' }), CHANGED],
  ['a role was taken away', async () => {}, CHANGED, withRole],
  ['its settings are not valid any more', setting('comand', 'make'), CHANGED],
  [
    'settings were written at a key that nobody reads',
    world => world.put('config/gh/Ada/Web.json', {}),
    CHANGED,
  ],
  [
    'the account allows its owner no longer',
    world => world.put(GLOBAL, { allow: ['bob'] }),
    'ada/web is no longer in "allow" of config/global.json',
  ],
  ['there are no settings', world => world.store.remove(GLOBAL), 'ada/web is no longer in "allow"'],
  [
    'its repository has become private',
    newest({ isPrivate: true }),
    'the repository has become private since. To build it: lambci rebuild ada/web#7',
  ],
  [
    'its repository has become private without a build',
    world => updateKnown(world.store, 4711, () => ({ project: BUILD.project, isPrivate: true })),
    'the repository has become private since. To build it: lambci rebuild ada/web#7',
    { approval: 'budget', repositoryId: 4711 },
  ],
  [
    'its repository has another name',
    newest({ repository: 'ada/site' }),
    'the repository is called ada/site now. To build it: lambci rebuild ada/site#7',
  ],
  [
    'its repository has another owner',
    newest({ repository: 'eve/web' }),
    'eve/web is no longer in "allow" of config/global.json',
  ],
  [
    'it would have another trust',
    async () => {},
    CHANGED,
    { ...FORKED, approval: 'stranger', trust: 'branch' },
  ],
])('a build that is approved after %s is not started, and people are told', async (_, change, why, of) => {
  const world = await approvedLate(change, of)
  await world.report(7)
  // Nor does a later look, or the settings of before.
  await world.put(GLOBAL, { allow: ['ada'] })
  await world.report(7)
  expect(world.jobs).toEqual([])
  expect(await statusOf(world)).toBe('cancelled')
  expect(world.statuses.at(-1)).toMatchObject({ state: 'error' })
  expect(world.statuses.at(-1)?.description).toMatch(`Not started: ${why}`)
  expect(world.schedules.size).toBe(0)
})

test.each<[string, (world: ReportWorld) => Promise<unknown>]>([
  ['nothing', async () => {}],
  [
    'what only says which builds are admitted, and which wait',
    setting('monthlyBudget', 50, { allow: ['bob', 'ada/web'] }),
  ],
  ['the rules for strangers', setting('approval', 'none', { maxForkBuildsPerDay: 9, maxBuildsPerDay: 9 })],
  ['the settings of another repository', world => world.put('config/gh/ada/api.json', { cmd: 'make' })],
  ['a newer build with the same name, spelled otherwise', newest({ repository: 'Ada/Web' })],
])('a build is started if %s has changed while it waited', async (_, change) => {
  const world = await approvedLate(change)
  await world.report(7)
  expect(world.jobs.map(({ build }) => build.number)).toEqual([7])
})

test('while the bucket does not say what the settings are, it neither starts nor ends', async () => {
  const world = await approvedLate(async () => {})
  const context = world.context()
  const silent = {
    ...context.store,
    get: async (key: string) => {
      if (key === GLOBAL) throw new Error('The bucket is silent')
      return context.store.get(key)
    },
  }
  await expect(reportBuild(world.triggerOf(7), { ...context, store: silent })).rejects.toThrow('silent')
  expect([world.jobs.length, await statusOf(world)]).toEqual([0, 'waiting'])
  await world.report(7)
  expect(world.jobs).toHaveLength(1)
})
