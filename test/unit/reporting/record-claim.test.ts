import { expect, test } from 'vitest'
import type { Build } from '../../../src/model/build.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { reportBuild } from '../../../src/report-build.ts'
import { countedStore } from '../../support/counted-store.ts'
import { after, endedRun, FORKED, runKey, runOf } from '../../support/records.ts'
import { ReportWorld } from '../../support/report-world.ts'

const CLAIMED = runOf({ phase: 'claimed', plan: null })
const claimedAt = after(1).toISOString()
const BUILD = { project: 'gh/ada/web', number: 7 }

/** A build whose lead has claimed its job. Returns the requests of report's look at the claim. */
async function lookAtClaim(world: ReportWorld): Promise<string[]> {
  const { store, requests } = countedStore(world.store)
  await reportBuild(world.triggerOf(7, { claimedAt }), { ...world.context(), store })
  return requests
}

const worldWith = async (change: Partial<Build> = {}) => {
  const world = new ReportWorld('a')
  const build = await world.build(7, 'a', CLAIMED, change)
  return { world, keys: buildKeys(build), build }
}

test('of a build of which nothing else is known, the moment of the claim is recorded, and nothing is looked at', async () => {
  const { world, keys } = await worldWith()
  expect(await lookAtClaim(world)).toEqual([`get ${keys.build}`, `putIf ${keys.report}`])
  expect(await readReport(world.store, BUILD)).toMatchObject({ claimedAt, lease: null, publications: 1 })
})

test('a claim that is heard of after the end changes nothing', async () => {
  const { world, build } = await worldWith()
  await world.put(runKey(build, endedRun()), { ...endedRun(), nonce: build.nonce })
  await world.report(7)
  const before = await readReport(world.store, BUILD)
  await lookAtClaim(world)
  expect(before?.end?.conclusion).toBe('passed')
  expect(await readReport(world.store, BUILD)).toEqual(before)
})

test('a build that has a report is looked at, and its end found', async () => {
  const { world, build } = await worldWith()
  await world.report(7)
  await world.put(runKey(build, endedRun()), { ...endedRun(), nonce: build.nonce })
  await lookAtClaim(world)
  expect((await world.endOf(7))?.conclusion).toBe('passed')
})

test.each([
  ['that fires soon', 52],
  ['that has fired', 57],
])("a build with a dead man's switch %s is looked at, and the switch set again", async (_, minutes) => {
  const { world, build } = await worldWith()
  world.at(minutes)
  await world.put(runKey(build, CLAIMED), { ...CLAIMED, nonce: build.nonce })
  await lookAtClaim(world)
  expect([...world.schedules.keys()]).toHaveLength(1)
  expect((await readReport(world.store, BUILD))?.claimedAt).toBe(claimedAt)
})

test('a build that waits for approval is looked at', async () => {
  const { world } = await worldWith({ ...FORKED, approval: 'stranger' })
  expect((await lookAtClaim(world)).length).toBeGreaterThan(2)
  expect(await readReport(world.store, BUILD)).toMatchObject({ publications: 0 })
})
