import { afterAll, beforeAll, expect, test } from 'vitest'
import { REBUILD_EVENT } from '../../../src/admission/signed-requests.ts'
import { sendOwnRequest } from '../../../src/cli/commands/send-delivery.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const CONFIG = lambciJson('echo built', { paths: { exclude: ['docs', '**/*.md'] } })

test('a push that changes only excluded paths is skipped, with a reason and without a status', async () => {
  const project = 'gh/ada/paths'
  const at = await ci.write({ ...CONFIG, 'src/a.js': '1' })
  const endOf = async (number: number, files: Record<string, string>) => {
    const commit = await ci.push(at, 'ada/paths', 'master', files)
    const view = await ci.ended({ project, number })
    return { view, statuses: await ci.statuses('ada/paths', commit) }
  }
  // A new branch: the changed files are unknown.
  expect((await endOf(1, {})).view.status).toBe('passed')
  const skipped = await endOf(2, { 'docs/a.txt': '1', 'src/README.md': '1' })
  expect(skipped.view).toMatchObject({
    status: 'skipped',
    reason: 'None of the 2 changed files is covered by "paths".',
  })
  expect(skipped.statuses).toEqual([])
  expect(await ci.log(skipped.view)).toContain('None of the 2 changed files is covered')
  expect((await endOf(3, { 'docs/b.txt': '1', 'src/a.js': '2' })).view.status).toBe('passed')
  // An empty commit is usually made to start a build.
  expect((await endOf(4, {})).view.status).toBe('passed')
  // A rebuild by hand is always built.
  const { store, addresses } = ci.system
  const request = { event: REBUILD_EVENT, payload: { project, number: 2 } }
  expect(await sendOwnRequest(store, addresses.url, request)).toMatchObject({ status: 202 })
  expect((await ci.ended({ project, number: 5 })).status).toBe('passed')
})

test('a push is built if its base commit is beyond the fetched history', async () => {
  const project = 'gh/ada/far'
  const at = await ci.write(CONFIG)
  await ci.push(at, 'ada/far', 'master')
  await ci.ended({ project, number: 1 })
  // The next build has no mirror of the repository.
  ci.killSandboxes('protected')
  for (let index = 0; index < 7; index++)
    await ci.git(at, 'commit', '--quiet', '--allow-empty', '--message', `Step ${index}`)
  await ci.push(at, 'ada/far', 'master', { 'docs/a.txt': '1' })
  expect((await ci.ended({ project, number: 2 })).status).toBe('passed')
})

test('a pull request is built even if it changes only excluded paths', async () => {
  const project = 'gh/ada/pull'
  const at = await ci.write({
    ...CONFIG,
    '.lambci.json': CONFIG['.lambci.json']?.replace('"/.*/"', '"master"') ?? '',
  })
  await ci.push(at, 'ada/pull', 'master')
  await ci.ended({ project, number: 1 })
  await ci.push(at, 'ada/pull', 'topic', { 'docs/a.txt': '1' })
  await ci.api('POST', '/repos/ada/pull/pulls', { title: 'Words', head: 'topic', base: 'master' })
  const view = await ci.ended({ project, number: 3 })
  expect(view).toMatchObject({ status: 'passed', pullRequest: 1 })
})
