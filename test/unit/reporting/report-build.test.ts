import { beforeEach, expect, test, vi } from 'vitest'
import { readQueue } from '../../../src/deploy/queue.ts'
import { requestCancel } from '../../../src/records/cancel-request.ts'
import { buildKeys, jobKeys, runningKey } from '../../../src/records/keys.ts'
import { HOLD_SECONDS, LEASE_SECONDS } from '../../../src/records/lease.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { emptyReport } from '../../../src/records/report-record.ts'
import { reportBuild, reportBuilds } from '../../../src/report-build.ts'
import { countedStore } from '../../support/counted-store.ts'
import { stateWith } from '../../support/plans.ts'
import { after, endedRun, reportOf, runKey, runOf } from '../../support/records.ts'
import { commitOf, ReportWorld, STAGE, testedRun, testingRun } from '../../support/report-world.ts'

const SILENCE = Object.assign(new Error('GitHub is silent'), { status: 503 })
/** When the switch of a build that was queued at minute 0 fires. */
const SWITCH = 56
const DAY = 24 * 60

// Report logs every refusal.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

/** Goes on from schedule to schedule until this minute; returns the minutes of those that fired. */
async function playUntil(world: ReportWorld, minute: number): Promise<number[]> {
  const fired: number[] = []
  while ([...world.schedules.values()].some(({ at }) => at <= after(minute * 60))) {
    await world.advance()
    fired.push(world.minutes)
  }
  world.at(minute)
  return fired
}
const armSwitch = (world: ReportWorld, number: number) =>
  world.schedules.set(`${number}`, { at: after(SWITCH * 60), since: undefined })
const statesOf = ({ statuses }: ReportWorld) => statuses.map(({ state }) => state)

test('a deploy for which GitHub is silent begins within five minutes after its return', async () => {
  const world = new ReportWorld('ab')
  await world.build(2, 'b', testedRun())
  armSwitch(world, 2)
  world.refusal = SILENCE
  await expect(world.report(2)).rejects.toThrow('The next attempt is at')
  expect(await playUntil(world, 12)).toEqual([5, 10])
  world.refusal = null
  expect(await playUntil(world, 15)).toEqual([15])
  expect(world.deploys).toEqual([2])
})

test('a final status that GitHub refuses for some minutes is set after them', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', runOf())
  armSwitch(world, 7)
  await world.report(7)
  expect(statesOf(world)).toEqual(['pending'])
  await world.put(jobKeys({ project: STAGE.project, number: 7 }).record('end'), {
    ...endedRun(),
    nonce: 'the-nonce-of-build-7',
  })
  world.at(20)
  world.refusal = SILENCE
  await expect(world.report(7)).rejects.toThrow('The next attempt is at')
  await playUntil(world, 29)
  world.refusal = null
  await playUntil(world, 30)
  expect(statesOf(world)).toEqual(['pending', 'success'])
  expect(world.schedules.size).toBe(0)
})

test('a build that gets its stage while report looks at the one before it is looked at again', async () => {
  const world = new ReportWorld('ab')
  await world.build(1, 'a', testedRun())
  await world.report(1)
  await world.build(2, 'b', testedRun())
  // Report has not heard yet that the deploy of #1 has ended: it finds that out for #2, which waits for it.
  await world.deployJob(1, endedRun({ plan: null }))
  await world.report(2)
  expect(world.deploys).toEqual([1, 2])
})

test('a look before the end leaves the switch as it is', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', runOf())
  armSwitch(world, 7)
  world.refusal = SILENCE
  await expect(world.report(7)).rejects.toThrow()
  await playUntil(world, 6)
  world.refusal = null
  await playUntil(world, 10)
  expect(statesOf(world)).toEqual(['pending'])
  expect([...world.schedules]).toEqual([['7', { at: after(SWITCH * 60), since: undefined }]])
  // Then it dies, and nobody hears of it.
  await playUntil(world, SWITCH)
  expect(statesOf(world)).toEqual(['pending', 'error'])
  expect(world.schedules.size).toBe(0)
})

test('only the first fault, and giving up, are told to Lambda', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', endedRun())
  world.refusal = SILENCE
  await expect(world.report(7)).rejects.toThrow('The next attempt is at')
  const since = world.schedules.get('7-look')?.since
  expect(since).toBeDefined()
  world.at(5)
  await world.report(7, since === undefined ? {} : { since })
  const fired = await playUntil(world, SWITCH + DAY + 120)
  expect(fired.slice(0, 3)).toEqual([10, 15, 20])
  expect(fired.length).toBeLessThan(45)
  expect(world.schedules.size).toBe(0)
  const last = world.report(7, since === undefined ? {} : { since })
  await expect(last).rejects.toThrow('Nothing will try again')
})

test('a job that never started is published as soon as GitHub gives a token again', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', null)
  world.at(SWITCH)
  world.refusal = SILENCE
  await expect(world.report(7)).rejects.toThrow('GitHub is silent')
  await playUntil(world, SWITCH + 7)
  expect(world.jobs).toEqual([])
  world.refusal = null
  await playUntil(world, SWITCH + 10)
  expect(world.jobs.map(({ build }) => build.number)).toEqual([7])
  expect(await readReport(world.store, { project: STAGE.project, number: 7 })).toMatchObject({
    publications: 2,
  })
})

test('a bucket that fails for some minutes is asked again after them', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', endedRun())
  const { get } = world.store
  world.store.get = async () => Promise.reject(new Error('S3: 503'))
  await expect(world.report(7)).rejects.toThrow('S3: 503')
  await playUntil(world, 8)
  world.store.get = get
  await playUntil(world, 10)
  expect(statesOf(world)).toEqual(['success'])
  expect(world.schedules.size).toBe(0)
})

test('a build that nobody can read is given up after a day', async () => {
  const world = new ReportWorld('a')
  const build = await world.build(7, 'a', endedRun())
  await world.put(buildKeys(build).build, { broken: true })
  await expect(world.report(7)).rejects.toThrow()
  expect((await playUntil(world, 3 * DAY)).length).toBeLessThan(45)
  expect(world.schedules.size).toBe(0)
})

test('a bad trigger drops none of its event, and the first fault is thrown', async () => {
  const world = new ReportWorld('abcde')
  for (const [number, letter] of [
    [4, 'a'],
    [5, 'b'],
    [6, 'c'],
    [7, 'd'],
  ] as const)
    await world.build(number, letter, endedRun())
  await world.put(buildKeys({ project: STAGE.project, number: 4 }).build, 'broken')
  await world.put(buildKeys({ project: STAGE.project, number: 6 }).report, 'broken')
  const error = await reportBuilds(
    [4, 5, 6, 7].map(number => world.triggerOf(number)),
    world.context(),
  ).catch(fault => fault)
  expect(error).toMatchObject({ issues: [{ message: expect.stringContaining('expected object') }] })
  expect(world.statuses.map(({ commit }) => commit)).toEqual([commitOf('b'), commitOf('d')])
  // Those that could not be looked at are looked at again.
  expect([...world.schedules.keys()].toSorted()).toEqual(['4-look', '6-look'])
})

/** #9 has deployed; #2 and #4 wait for its stage. */
async function withOthers(): Promise<ReportWorld> {
  const world = new ReportWorld('abd')
  await world.build(9, 'd', testedRun())
  await world.report(9)
  for (const [number, letter] of [
    [2, 'a'],
    [4, 'b'],
  ] as const) {
    await world.build(number, letter, testedRun())
    await world.report(number)
  }
  await world.deployJob(9, endedRun())
  return world
}

test('a build that waits and cannot be read keeps its stage from nobody for long', async () => {
  const world = await withOthers()
  await world.put(buildKeys({ project: STAGE.project, number: 4 }).build, 'broken')
  await world.report(9).catch(() => {})
  expect(await world.endOf(9)).toMatchObject({ conclusion: 'passed' })
  await world.build(10, 'd', testedRun())
  await world.report(10).catch(() => {})
  await world.build(4, 'b', null)
  world.at(5)
  await world.report(10).catch(() => {})
  await world.report(10).catch(() => {})
  expect(world.deploys).toContain(10)
})

test('the next builds are looked at although the report that has found them cannot be written', async () => {
  const world = await withOthers()
  const { putIf } = world.store
  let writes = 0
  world.store.putIf = async (key, ...rest) => {
    if (key.endsWith('builds/9/report.json') && ++writes === 2) throw new Error('S3: 503')
    return putIf(key, ...rest)
  }
  await expect(world.report(9)).rejects.toThrow('S3: 503')
  for (const number of [2, 4]) expect((await world.endOf(number))?.deploy?.status).toBe('cancelled')
  expect((await readQueue(world.store, STAGE)).waiting).toEqual([])
})

test('a report that is asked to look again after a minute leaves that to another invocation', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', runOf())
  world.onStatus = async () => {
    await world.report(7)
    world.at(HOLD_SECONDS / 60)
  }
  await world.report(7)
  expect(world.invoked).toEqual([7])
  const report = await readReport(world.store, { project: STAGE.project, number: 7 })
  expect(report).toMatchObject({ lease: null, isRerunRequested: true })
})

test('an end that follows from what is not there is on record before anybody is told', async () => {
  const world = new ReportWorld('a')
  const build = await world.build(7, 'a', null)
  await requestCancel(world.store, build, {
    ...{ by: 'ada', why: 'by ada', supersededBy: null, at: after(1).toISOString() },
  })
  const { putIf } = world.store
  // S3 fails when report records the end.
  world.store.putIf = async (key, body, condition) => {
    if (key === buildKeys(build).report && !body.toString().includes('"end":null')) throw new Error('S3: 503')
    return putIf(key, body, condition)
  }
  await expect(world.report(7)).rejects.toThrow()
  expect(statesOf(world)).toEqual([])
  world.store.putIf = putIf
  // Meanwhile its job has begun, and passed before it could find the request.
  await world.put(runKey(build, endedRun()), { ...endedRun(), nonce: build.nonce })
  world.at(LEASE_SECONDS / 60 + 1)
  await world.report(7)
  expect(statesOf(world)).toEqual(['success'])
})

test('the end of a build with jobs, one of which seems to have died, is on record before anybody is told', async () => {
  const world = new ReportWorld('a')
  const build = await world.build(7, 'a', testingRun())
  await world.report(7)
  const before = statesOf(world)
  const { putIf } = world.store
  // S3 fails when report records the end.
  world.store.putIf = async (key, body, condition) => {
    if (key === buildKeys(build).report && !body.toString().includes('"end":null')) throw new Error('S3: 503')
    return putIf(key, body, condition)
  }
  world.at(SWITCH + 1)
  await expect(world.report(7)).rejects.toThrow()
  expect(statesOf(world)).toEqual(before)
  world.store.putIf = putIf
  world.at(SWITCH + 1 + LEASE_SECONDS / 60 + 1)
  await world.report(7)
  expect(statesOf(world)).toEqual([...before, 'error'])
})

test('what is to be told of a closed build whose branch is gone is told although a dead invocation has its report', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', endedRun())
  await world.report(7)
  expect(world.schedules.size).toBe(0)
  const { report: key } = buildKeys({ project: STAGE.project, number: 7 })
  const closed = await readReport(world.store, { project: STAGE.project, number: 7 })
  const until = after(60 + LEASE_SECONDS).toISOString()
  world.at(1)
  await world.put(key, { ...closed, lease: { holder: 'dead', until } })
  await world.report(7, { isGone: true })
  await playUntil(world, 10)
  expect(await readReport(world.store, { project: STAGE.project, number: 7 })).toMatchObject({
    ...{ isGone: true, isClosed: true, lease: null },
  })
  expect(world.schedules.size).toBe(0)
})

test('the last look that is set is set again if the report is in the hands of a dead invocation', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', endedRun())
  world.at(SWITCH + 10)
  const until = after((SWITCH + 10) * 60 + LEASE_SECONDS).toISOString()
  await world.put(buildKeys({ project: STAGE.project, number: 7 }).report, {
    ...emptyReport,
    publications: 1,
    lease: { holder: 'dead', until },
  })
  await world.report(7)
  expect(statesOf(world)).toEqual([])
  await playUntil(world, SWITCH + 20)
  expect(statesOf(world)).toEqual(['success'])
  expect(world.schedules.size).toBe(0)
})

test('builds that are to be looked at as well are left to other invocations after a minute', async () => {
  const others = async (secondsForEach: number) => {
    const world = await withOthers()
    let calls = 0
    const now = () => after(secondsForEach * calls++)
    await reportBuild(world.triggerOf(9), { ...world.context(), now }).catch(() => {})
    return world.invoked
  }
  expect(await others(0)).toEqual([])
  expect(await others(HOLD_SECONDS)).toContain(4)
})

test('a build that is over has those looked at that wait for its places', async () => {
  const world = new ReportWorld('ab')
  const { project } = STAGE
  await world.build(2, 'b', runOf())
  await world.build(3, 'b', endedRun())
  const end = { conclusion: 'passed', reason: null, deploy: null, endedAt: after(44).toISOString() } as const
  const jobs = [stateWith(0, { publications: 1, conclusion: 'passed' })]
  await world.put(buildKeys({ project, number: 3 }).report, reportOf({ end, jobs, isClosed: true }))
  const waiting = [{ number: 2, until: after(1000).toISOString() }]
  await world.put(runningKey(project), { running: { '3/0': after(1000).toISOString() }, waiting })
  await world.report(3)
  expect(statesOf(world)).toEqual(['pending'])
})

test('a job that was claimed after a publication which is not on record is dead only when its own time is over', async () => {
  const world = new ReportWorld('a')
  const build = await world.build(7, 'a', null)
  // The switch has fired, report has published the job again, and could not record that.
  world.at(SWITCH + 1)
  await world.put(runKey(build, { phase: 'claimed' }), {
    ...runOf({ phase: 'claimed', plan: null }),
    nonce: build.nonce,
  })
  await world.report(7)
  expect(await world.endOf(7)).toBeNull()
  expect([...world.schedules]).toEqual([['7', { at: after((SWITCH + 18) * 60), since: undefined }]])
  // Then it has died.
  world.at(SWITCH + 18)
  await world.advance()
  expect((await world.endOf(7))?.reason).toBe('The job died: it did not report its end in time')
})

test('a plain build takes report these requests', async () => {
  const world = new ReportWorld('a')
  const build = await world.build(7, 'a', runOf({ phase: 'claimed', plan: null }))
  const { store, requests } = countedStore(world.store)
  const report = (change = {}) => reportBuild(world.triggerOf(7, change), { ...world.context(), store })
  const keys = buildKeys(build)
  const { record, log } = jobKeys(build)
  await report({ claimedAt: after(1).toISOString() })
  expect(requests).toEqual([
    `get ${keys.build}`,
    // There is none before the lead's claim, from which nothing else follows.
    `putIf ${keys.report}`,
  ])
  await world.put(record('end'), { ...endedRun(), nonce: build.nonce })
  await store.put(log.whole, 'passed', 'text/html')
  requests.length = 0
  await report()
  expect(requests.filter(request => /log|out/.test(request))).toEqual([
    `copy ${log.whole}`,
    `list out/gh/ada/web/7/`,
  ])
  expect(requests).toHaveLength(10)
})
