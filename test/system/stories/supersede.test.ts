import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lambci } from '../../support/lambci.ts'
import { type Files, lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())
const isAt = (build: { project: string; number: number }, status: string) =>
  ci.until(`${status} of #${build.number}`, async () => (await ci.view(build))?.status === status)

/** Pushes twice, the second time while the first build is running. Returns the directory. */
async function pushTwice(repository: string, branch: string, files: Files): Promise<string> {
  const at = await ci.write(files)
  await ci.push(at, repository, branch)
  await isAt({ project: `gh/${repository}`, number: 1 }, 'running')
  await ci.push(at, repository, branch, { 'change.txt': '2' })
  return at
}

test('a newer commit of a branch cancels the older build within seconds', async () => {
  const gate = ci.gate()
  await pushTwice('ada/branch', 'topic', lambciJson(`echo begun; ${gate.wait}`))
  const older = await ci.ended({ project: 'gh/ada/branch', number: 1 })
  expect(older).toMatchObject({ status: 'cancelled', reason: 'Superseded by #2' })
  expect(Date.parse(older.endedAt ?? '') - Date.parse(older.startedAt ?? '')).toBeLessThan(20_000)
  expect((await ci.statuses('ada/branch', older.commit)).at(-1)).toMatch(
    /^error lambci\/push: Superseded by #2/,
  )
  expect(await ci.log(older)).toMatch(/▸ The build was cancelled \(Superseded by #2\) after/)
  await isAt({ project: 'gh/ada/branch', number: 2 }, 'running')
  await gate.open()
})

test('a newer commit of a pull request cancels its older build, and no other branch', async () => {
  const project = 'gh/ada/pulls'
  const gate = ci.gate()
  const at = await ci.write(lambciJson('true'))
  await ci.push(at, 'ada/pulls', 'master', {}, 'A base [skip ci]')
  await ci.push(at, 'ada/pulls', 'topic', lambciJson(gate.wait, { branches: { master: true, other: true } }))
  await ci.api('POST', '/repos/ada/pulls/pulls', { title: 'A change', head: 'topic', base: 'master' })
  await isAt({ project, number: 2 }, 'running')
  await ci.push(at, 'ada/pulls', 'other')
  await ci.push(at, 'ada/pulls', 'topic', { 'change.txt': '2' })
  expect(await ci.ended({ project, number: 2 })).toMatchObject({
    status: 'cancelled',
    reason: expect.stringMatching(/^Superseded by #[45]$/),
  })
  expect((await ci.view({ project, number: 3 }))?.status).toBe('running')
  await gate.open()
})

test('a branch with a stage is built to its end', async () => {
  const gate = ci.gate()
  const deployed = { stages: { master: 'dev' }, deploy: 'true' }
  await pushTwice('ada/with-stage', 'master', lambciJson(`[ -e change.txt ] || { ${gate.wait}; }`, deployed))
  const project = 'gh/ada/with-stage'
  // The older build is still running when the newer one has ended.
  expect((await ci.ended({ project, number: 2 })).status).toBe('passed')
  expect((await ci.view({ project, number: 1 }))?.status).toBe('running')
  await gate.open()
  expect((await ci.ended({ project, number: 1 })).status).toBe('passed')
})

test('with cancelSuperseded false, a build goes on, and can still be cancelled by hand', async () => {
  const project = 'gh/ada/person'
  const gate = ci.gate()
  const rest = { cancelSuperseded: false }
  const at = await pushTwice('ada/person', 'master', lambciJson(gate.wait, rest))
  await isAt({ project, number: 2 }, 'running')
  await ci.push(at, 'ada/person', 'master', lambciJson('true', rest))
  expect((await ci.ended({ project, number: 3 })).status).toBe('passed')
  for (const number of [1, 2]) expect((await ci.view({ project, number }))?.status).toBe('running')
  await lambci(['cancel', 'ada/person#1', '--data', join(ci.directory, 'data')])
  expect(await ci.ended({ project, number: 1 })).toMatchObject({
    status: 'cancelled',
    reason: expect.stringMatching(/^by /),
  })
  await gate.open()
  expect((await ci.ended({ project, number: 2 })).status).toBe('passed')
})
