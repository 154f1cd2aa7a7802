import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REBUILD_EVENT } from '../../src/webhook/rebuild.ts'
import { sendSigned } from '../../src/webhook/send.ts'
import { lambciJson, openTown, type Town } from './town.ts'

let town: Town
beforeAll(async () => {
  town = await openTown()
})
afterAll(() => town.close())

const CONFIG = lambciJson('echo built', { paths: { exclude: ['docs', '**/*.md'] } })

test('a push that changes nothing that matters is skipped, with its reason and without a status', async () => {
  const project = 'gh/ada/paths'
  const at = await town.write({ ...CONFIG, 'src/a.js': '1' })
  const endOf = async (number: number, files: Record<string, string>) => {
    const commit = await town.push(at, 'ada/paths', 'master', files)
    const view = await town.ended({ project, number })
    return { view, statuses: await town.statuses('ada/paths', commit) }
  }
  // A new branch: nobody knows what has changed.
  expect((await endOf(1, {})).view.status).toBe('passed')
  const skipped = await endOf(2, { 'docs/a.txt': '1', 'src/README.md': '1' })
  expect(skipped.view).toMatchObject({
    status: 'skipped',
    reason: 'None of the 2 changed files matters: "paths" says so.',
  })
  expect(skipped.statuses).toEqual([])
  expect(await town.log(skipped.view)).toContain('None of the 2 changed files matters')
  expect((await endOf(3, { 'docs/b.txt': '1', 'src/a.js': '2' })).view.status).toBe('passed')
  // An empty commit is made to have a build.
  expect((await endOf(4, {})).view.status).toBe('passed')
  const one = await endOf(5, { 'docs/b.txt': '2' })
  expect(one.view.reason).toBe('The one changed file does not matter: "paths" says so.')
  // Who asks for it by hand wants it built.
  const { url, webhookSecret } = town.system.addresses
  const wish = { event: REBUILD_EVENT, body: JSON.stringify({ project, number: 5 }), id: randomUUID() }
  expect(await sendSigned(url, webhookSecret, wish)).toMatchObject({ status: 202 })
  expect((await town.ended({ project, number: 6 })).status).toBe('passed')
})

test('commits that were not fetched may have changed anything', async () => {
  const project = 'gh/ada/far'
  const at = await town.write(CONFIG)
  await town.push(at, 'ada/far', 'master')
  await town.ended({ project, number: 1 })
  // Whoever comes next has nothing of what was fetched before.
  town.coolDown()
  for (let index = 0; index < 7; index++)
    await town.git(at, 'commit', '--quiet', '--allow-empty', '--message', `Step ${index}`)
  await town.push(at, 'ada/far', 'master', { 'docs/a.txt': '1' })
  expect((await town.ended({ project, number: 2 })).status).toBe('passed')
})

test('a pull request is built, whatever it changes', async () => {
  const project = 'gh/ada/pull'
  const at = await town.write({
    ...CONFIG,
    '.lambci.json': CONFIG['.lambci.json']?.replace('"/.*/"', '"master"') ?? '',
  })
  await town.push(at, 'ada/pull', 'master')
  await town.ended({ project, number: 1 })
  await town.push(at, 'ada/pull', 'topic', { 'docs/a.txt': '1' })
  await town.api('POST', '/repos/ada/pull/pulls', { title: 'Words', head: 'topic', base: 'master' })
  const view = await town.ended({ project, number: 3 })
  expect(view).toMatchObject({ status: 'passed', pullRequest: 1 })
})
