import { afterAll, beforeAll, expect, test } from 'vitest'
import { phasesOf } from '../../../src/pages/phases.ts'
import { readRawJobRun } from '../../../src/records/read-records.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

test('the build page shows every phase that a job records, each with a label', async () => {
  const at = await ci.write(lambciJson('mkdir -p deps', { cache: ['deps'] }))
  await ci.push(at, 'ada/phases', 'master')
  const view = await ci.ended({ project: 'gh/ada/phases', number: 1 })
  const recorded = Object.keys(view.timings)
  expect(recorded).toEqual(['fetch', 'cache', 'command', 'log'])

  const names = phasesOf(view).map(({ name }) => name)
  expect(names).toHaveLength(1 + recorded.length)
  // A phase without a label is shown by its name in the record.
  for (const phase of recorded) expect(names).not.toContain(phase)

  const page = await (await fetch(`${ci.system.addresses.url}/gh/ada/phases/builds/1`)).text()
  const [, legend = ''] = /<ul class="legend"[^>]*>(.*?)<\/ul>/s.exec(page) ?? []
  const shown = [...legend.matchAll(/<\/svg> ([^<]+) <b>/g)].map(([, name]) => name)
  expect(shown).toEqual(names)
})

test('every phase of a deploy has a label, too', async () => {
  const at = await ci.write(lambciJson('true', { stages: { master: 'dev' }, deploy: 'true' }))
  await ci.push(at, 'ada/deploy-phases', 'master')
  const view = await ci.ended({ project: 'gh/ada/deploy-phases', number: 1 })
  const { timings = {} } = (await readRawJobRun(ci.system.store, view, { key: 1, attempt: 1 })) ?? {}
  const recorded = Object.keys(timings)
  expect(recorded).toEqual(['fetch', 'cache', 'artifacts', 'deploy', 'log'])
  const names = phasesOf({ ...view, timings }).map(({ name }) => name)
  expect(names).toHaveLength(1 + recorded.length)
  for (const phase of recorded) expect(names).not.toContain(phase)
})
