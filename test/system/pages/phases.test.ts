import { afterAll, beforeAll, expect, test } from 'vitest'
import { phasesOf } from '../../../src/pages/phases.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

test('the build page shows every phase that a job records, each with a label', async () => {
  const rest = { cache: ['deps'], stages: { master: 'dev' }, deploy: 'true' }
  const at = await ci.write(lambciJson('mkdir -p deps', rest))
  await ci.push(at, 'ada/phases', 'master')
  const view = await ci.ended({ project: 'gh/ada/phases', number: 1 })
  const recorded = Object.keys(view.timings)
  expect(recorded).toEqual(['fetch', 'cache', 'command', 'deploy', 'log'])

  const names = phasesOf(view).map(({ name }) => name)
  expect(names).toHaveLength(1 + recorded.length)
  // A phase without a label is shown by its name in the record.
  for (const phase of recorded) expect(names).not.toContain(phase)

  const page = await (await fetch(`${ci.system.addresses.url}/gh/ada/phases/builds/1`)).text()
  const [, legend = ''] = /<ul class="legend"[^>]*>(.*?)<\/ul>/s.exec(page) ?? []
  const shown = [...legend.matchAll(/<\/svg> ([^<]+) <b>/g)].map(([, name]) => name)
  expect(shown).toEqual(names)
})
