import { expect, test } from 'vitest'
import { jobKeys, stageKeys } from '../../../src/records/keys.ts'
import { reportBuild } from '../../../src/report-build.ts'
import { countedStore } from '../../support/counted-store.ts'
import { endedRun } from '../../support/records.ts'
import { ReportWorld, STAGE, testedRun, testingRun } from '../../support/report-world.ts'

const { lock, next, current, branches, hold, kept, deploy } = stageKeys(STAGE)

test('a build that deploys takes report these requests', async () => {
  const world = new ReportWorld('a')
  const { store, requests } = countedStore(world.store)
  const look = async (): Promise<string[]> => {
    requests.length = 0
    await reportBuild(world.triggerOf(7), { ...world.context(), store })
    return [...requests]
  }
  const ofStage = (made: string[]) => made.filter(request => request.includes('/stages/'))
  const build = await world.build(7, 'a', testingRun())
  await look()
  await world.put(jobKeys(build).record('end'), { ...testedRun(), nonce: build.nonce })

  const started = await look()
  expect(world.deploys).toEqual([7])
  expect(ofStage(started)).toEqual([
    // The build joins the queue, and finds the stage free.
    ...[`get ${next}`, `putIf ${next}`, `get ${lock}`, `get ${next}`],
    // There is no lock yet. A write takes it that fails if somebody has it.
    ...[`get ${current}`, `putIf ${lock}`],
    // The gate, under the lock.
    ...[`get ${lock}`, `get ${current}`, `get ${branches}`, `get ${hold}`],
    ...[`get ${lock}`, `putIf ${lock}`, `putIf ${branches}`, `putIf ${next}`],
    ...[`get ${current}`, `putIf ${current}`],
  ])
  expect(started).toHaveLength(26)

  await world.deployJob(7, endedRun())
  const ended = await look()
  expect(ofStage(ended)).toEqual([
    ...[`get ${current}`, `get ${kept}`, `put ${deploy(7)}`, `putIf ${current}`],
    ...[`get ${next}`, `putIf ${lock}`, `get ${lock}`, `get ${next}`],
  ])
  // Another look repeats it, because an invocation may have died before it looked at the next build.
  expect(ofStage(await look())).toContain(`get ${lock}`)
})
