import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Build } from '../../../src/model/build.ts'
import { type Approval, approve } from '../../../src/records/approval.ts'
import { requestCancel } from '../../../src/records/cancel-request.ts'
import { buildKeys, jobKeys } from '../../../src/records/keys.ts'
import { readRecords, readReport } from '../../../src/records/read-records.ts'
import { viewOf } from '../../../src/records/view.ts'
import { reportBuild } from '../../../src/report-build.ts'
import { after, endedRun, FORKED, runKey, runOf } from '../../support/records.ts'
import { commitOf, MINUTE_MS, ReportWorld, STAGE } from '../../support/report-world.ts'

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

const DAY = 24 * 60
const BUILD = { project: STAGE.project, number: 7 }
const WAITS = 'Waits for approval: lambci approve ada/web#7'

/** A build that waits, of which people have been told. */
async function waiting(change: Partial<Build> = {}) {
  const world = new ReportWorld('a')
  await world.build(7, 'a', null, { ...FORKED, approval: 'stranger', ...change })
  world.schedules.set('7', { at: after(30 * DAY * 60), since: undefined })
  await world.report(7)
  return world
}
const shown = ({ statuses }: ReportWorld) =>
  statuses.map(({ state, description }) => `${state}: ${description}`)
const approving = (world: ReportWorld, change: Partial<Approval> = {}) =>
  approve(world.store, BUILD, {
    ...{ number: 7, commit: commitOf('a'), by: 'ada', at: world.now().toISOString() },
    ...change,
  })
const statusOf = async ({ store }: ReportWorld) => {
  const records = await readRecords(store, BUILD)
  return records && viewOf(records).status
}

test('a build that waits starts nothing, and its status has the command', async () => {
  const world = await waiting()
  await world.report(7)
  expect(shown(world)).toEqual([`pending: ${WAITS}`])
  expect(world.jobs).toEqual([])
  expect([...world.schedules.keys()]).toEqual(['7'])
  expect(await statusOf(world)).toBe('waiting')
})

test('once it is approved, it starts with a latest end of its own, and ends like any other build', async () => {
  const world = await waiting()
  world.at(3 * DAY)
  await approving(world)
  await world.report(7)
  expect(world.jobs.map(({ build, job }) => [build.number, job.key, build.trust])).toEqual([[7, 0, 'fork']])
  expect(await statusOf(world)).toBe('queued')
  expect(world.schedules.get('7')?.at).toEqual(after((3 * DAY + 56) * 60))
  // What report hears again starts nothing more.
  await world.report(7)
  expect(world.jobs).toHaveLength(1)
  const nonce = 'the-nonce-of-build-7'
  await world.put(runKey(BUILD, runOf()), { ...runOf(), nonce })
  await world.report(7)
  await world.put(jobKeys(BUILD).record('end'), { ...endedRun(), nonce })
  await world.report(7)
  expect(shown(world).map(text => text.replace(/ · .*/, ''))).toEqual([
    `pending: ${WAITS}`,
    'pending: Running',
    'success: Passed in 42 s',
  ])
  expect(world.schedules.has('7')).toBe(false)
})

test.each<[string, Partial<Approval>]>([
  ['another commit', { commit: commitOf('b') }],
  ['another build', { number: 6 }],
])('an approval of %s counts nothing', async (_, change) => {
  const world = await waiting()
  await approving(world, change)
  await world.report(7)
  expect(world.jobs).toEqual([])
  expect(await statusOf(world)).toBe('waiting')
})

test('what is at its key and is no approval starts nothing', async () => {
  const world = await waiting()
  await world.put(buildKeys(BUILD).approve, { number: 7 })
  await expect(world.report(7)).rejects.toThrow()
  expect(world.jobs).toEqual([])
})

test.each<[string, Partial<Build>, (world: ReportWorld) => Promise<unknown>, string]>([
  [
    'its pull request is closed',
    {},
    world => world.report(7, { isGone: true }),
    'Not approved: the pull request was closed',
  ],
  [
    'its branch is deleted',
    {
      ...{ event: 'push', trigger: 'push/x', branch: 'x', checkoutBranch: 'x', isFork: false },
      ...{ pullRequest: null, approval: 'budget' },
    },
    world => world.report(7, { isGone: true }),
    'Not approved: the branch is gone or has moved on',
  ],
  ['nobody approves it for 30 days', {}, world => world.advance(), 'Not approved within 30 days'],
  [
    'a person cancels it',
    {},
    async world => {
      const at = world.now().toISOString()
      await requestCancel(world.store, BUILD, { by: 'ada', why: 'by ada', supersededBy: null, at })
      await world.report(7)
    },
    'Cancelled: by ada',
  ],
  [
    'a newer commit arrives',
    {},
    async world => {
      const at = world.now().toISOString()
      await requestCancel(world.store, BUILD, { by: 'lambci', why: 'Superseded by #8', supersededBy: 8, at })
      await world.report(7)
    },
    'Superseded by #8',
  ],
])(
  'it ends when %s, people are told, and no approval starts it any more',
  async (_, change, end, description) => {
    const world = await waiting(change)
    await end(world)
    expect(shown(world).at(-1)).toBe(`error: ${description}`)
    expect(world.schedules.size).toBe(0)
    await approving(world)
    await world.report(7)
    expect(world.jobs).toEqual([])
    expect(await statusOf(world)).toBe('cancelled')
    expect((await readReport(world.store, BUILD))?.isClosed).toBe(true)
  },
)

test('the build of a pull request that is closed after its start goes on', async () => {
  const world = await waiting()
  await approving(world)
  await world.report(7)
  await world.report(7, { isGone: true })
  expect(await statusOf(world)).toBe('queued')
})

test('if its start could not be recorded, the job that runs is not taken for dead', async () => {
  const world = await waiting()
  world.at(3 * DAY)
  await approving(world)
  const { putIf } = world.store
  const context = world.context()
  const publish = context.publish
  // The invocation dies as soon as it has published the job.
  let isDead = false
  const dying = {
    ...context,
    store: {
      ...world.store,
      putIf: (...args: Parameters<typeof putIf>) => {
        if (isDead) throw new Error('This invocation is dead')
        return putIf(...args)
      },
    },
    publish: async (message: Parameters<typeof publish>[0]) => {
      await publish(message)
      isDead = true
    },
  }
  await expect(reportBuild(world.triggerOf(7), dying)).rejects.toThrow('This invocation is dead')
  expect(world.jobs).toHaveLength(1)
  for (const phase of ['claimed', 'running'] as const)
    await world.put(runKey(BUILD, { phase }), { ...runOf({ phase }), nonce: 'the-nonce-of-build-7' })
  world.at(3 * DAY + 4)
  await world.report(7)
  expect(shown(world).at(-1)).toBe('pending: Running')
  expect(await statusOf(world)).toBe('running')
})

test('a refusal is on record for a job whose start was not recorded', async () => {
  const world = await waiting()
  await world.report(7, { isGone: true })
  const cancel = await world.store.get(buildKeys(BUILD).cancel)
  expect(JSON.parse(Buffer.from(cancel?.body ?? '').toString())).toMatchObject({
    ...{ by: 'lambci', why: 'Not approved: the pull request was closed', supersededBy: null },
  })
})

test('a build that is skipped after its approval does not leave its status at "waits"', async () => {
  const world = await waiting()
  await approving(world)
  await world.report(7)
  const reason = 'Pull requests of forks are not built'
  await world.put(jobKeys(BUILD).record('end'), {
    ...endedRun({ conclusion: 'skipped', reason, exit: null }),
    nonce: 'the-nonce-of-build-7',
  })
  await world.report(7)
  expect(shown(world).at(-1)).toMatch(/^error: Error: Pull requests of forks are not built/)
})

test("a stranger's pull request changes no status of another one at the same commit, however often it is closed and opened", async () => {
  const world = new ReportWorld('a')
  await world.build(6, 'a', endedRun(), { ...FORKED, trigger: 'pr/1', pullRequest: 1 })
  await world.report(6)
  const before = world.statuses.length
  for (const number of [7, 8, 9]) {
    const stranger = { ...FORKED, trigger: 'pr/2', pullRequest: 2, approval: 'stranger' } as const
    await world.build(number, 'a', null, stranger)
    await world.report(number)
    await world.report(number, { isGone: true })
    expect(await world.endOf(number)).toMatchObject({ conclusion: 'cancelled' })
  }
  await world.report(6, { isGone: true })
  expect(world.statuses).toHaveLength(before)
  expect(shown(world).at(-1)).toMatch(/^success: /)
})

test('while GitHub refuses, report goes on until the wait is over', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', null, { ...FORKED, approval: 'stranger' })
  world.schedules.set('7', { at: after(30 * DAY * 60), since: undefined })
  world.refusal = Object.assign(new Error('GitHub is silent'), { status: 503 })
  await expect(world.report(7)).rejects.toThrow('The next attempt is at')
  while (world.minutes < 3 * DAY) await world.advance()
  world.refusal = null
  await world.advance()
  expect(shown(world)).toEqual([`pending: ${WAITS}`])
})

describe('while an invocation that died holds the lease of a build that waits', () => {
  async function held() {
    const world = await waiting()
    world.at(5)
    const until = new Date(world.now().getTime() + MINUTE_MS).toISOString()
    const report = await readReport(world.store, BUILD)
    await world.put(buildKeys(BUILD).report, { ...report, lease: { holder: 'dead', until } })
    return world
  }

  test('an approval is not lost', async () => {
    const world = await held()
    await approving(world)
    await world.report(7)
    expect(world.jobs).toEqual([])
    await world.advance()
    expect(world.jobs).toHaveLength(1)
    expect(world.minutes).toBeLessThan(10)
  })

  test('nor is a request to cancel it', async () => {
    const world = await held()
    const at = world.now().toISOString()
    await requestCancel(world.store, BUILD, { by: 'ada', why: 'by ada', supersededBy: null, at })
    await world.report(7)
    await world.advance()
    expect(shown(world).at(-1)).toBe('error: Cancelled: by ada')
    expect(world.minutes).toBeLessThan(10)
  })
})
