import { beforeEach, describe, expect, test, vi } from 'vitest'
import { approvalEndOf } from '../../../src/admission/deadlines.ts'
import { jobKeys } from '../../../src/records/keys.ts'
import { draftedJob, draftWith } from '../../support/plans.ts'
import { AT, endedRun, FORKED, runOf } from '../../support/records.ts'
import { MINUTE_MS, ReportWorld } from '../../support/report-world.ts'

const BUILD = { project: 'gh/ada/web', number: 7 }
const NONCE = 'the-nonce-of-build-7'
/** More would be a fault of this test: one that is too early is followed by one or two. */
const MOST_LOOKS = 20

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

const later = (minutes: number, ms = 0) => new Date(Date.parse(AT) + minutes * MINUTE_MS + ms)

/** Lets report look at everything for which it has set a look. */
async function wait(world: ReportWorld): Promise<void> {
  let looks = 0
  while (await world.advance()) expect(++looks).toBeLessThan(MOST_LOOKS)
}

describe.each([0, 1, 900, 61_000, 5 * MINUTE_MS])('looks that come %i ms too early', earlyMs => {
  const worldOf = () => Object.assign(new ReportWorld('a'), { earlyMs })

  test.each([0, 500])('end a build that nobody approves (queued at .%i ms)', async ms => {
    const world = worldOf()
    const queuedAt = later(0, ms).toISOString()
    const build = await world.build(7, 'a', null, { ...FORKED, approval: 'stranger', queuedAt })
    world.schedules.set('7', { at: approvalEndOf(build), since: undefined })
    await world.report(7)
    await wait(world)
    expect(world.statuses.at(-1)?.description).toBe('Not approved within 30 days')
    expect(world.now().getTime()).toBeGreaterThanOrEqual(approvalEndOf(build).getTime())
  })

  test('remove what a stranger stores after the end', async () => {
    const world = worldOf()
    await world.build(7, 'a', endedRun(), { ...FORKED, latestEnd: later(55, 900).toISOString() })
    await world.report(7)
    const { log } = jobKeys(BUILD)
    await world.store.put(`${log.prefix}junk-junk-00.txt`, 'x', 'text/plain')
    await wait(world)
    expect(await world.store.list(log.prefix)).toEqual([])
  })

  test('find a job that dies long after its lead, without a word', async () => {
    const world = worldOf()
    const draft = draftWith([draftedJob('lint'), draftedJob('unit')], { leadRunsFirst: false })
    await world.build(7, 'a', endedRun({ draft }), { latestEnd: later(55, 900).toISOString() })
    world.schedules.set('7', { at: later(56, 900), since: undefined })
    world.at(10)
    await world.report(7)
    await world.put(jobKeys(BUILD, { key: 1, attempt: 1 }).record('end'), endedRun({ nonce: NONCE }))
    world.at(49)
    const claim = jobKeys(BUILD, { key: 2, attempt: 1 }).record('claim')
    await world.put(claim, runOf({ phase: 'claimed', plan: null, nonce: NONCE }))
    await world.report(7)
    await wait(world)
    expect((await world.endOf(7))?.conclusion).toBe('errored')
  })

  test('find a lead that was claimed late and dies, without a word', async () => {
    const world = worldOf()
    await world.build(7, 'a', null, { latestEnd: later(55, 900).toISOString() })
    world.schedules.set('7', { at: later(56, 900), since: undefined })
    world.at(40.9)
    const claim = jobKeys(BUILD).record('claim')
    await world.put(claim, runOf({ phase: 'claimed', plan: null, nonce: NONCE }))
    await world.report(7, { claimedAt: world.now().toISOString() })
    await wait(world)
    expect((await world.endOf(7))?.conclusion).toBe('errored')
  })

  test('start a lead again whose message was lost', async () => {
    const world = worldOf()
    await world.build(7, 'a', null, { latestEnd: later(55, 900).toISOString() })
    world.schedules.set('7', { at: later(56, 900), since: undefined })
    await wait(world)
    expect(world.jobs).toHaveLength(2)
    expect((await world.endOf(7))?.reason).toContain('never started')
  })
})
