import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsKeys } from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { EXAMPLES, logOfJob, statusesOf, writeExample } from '../support/examples.ts'
import { sharedTestSystem, type TestSystem } from '../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
  // The image has Node 24. These examples download nothing.
  const env = { PATH: dirname(process.execPath), npm_config_offline: 'true' }
  for (const project of ['gh/examples/shop', 'gh/examples/site'])
    await putJson(ci.system.store, settingsKeys(project)[1], { env })
})
afterAll(() => ci.close())

test('typescript-monorepo: jobs by paths, shards, and an artifact', async () => {
  const [repository, project] = ['examples/shop', 'gh/examples/shop']
  const at = await writeExample(ci, 'typescript-monorepo')
  const commit = await ci.push(at, repository, 'main')
  const first = await ci.ended({ project, number: 1 })
  expect(statusesOf(first)).toEqual({
    lint: 'passed',
    'unit (1/3)': 'passed',
    'unit (2/3)': 'passed',
    'unit (3/3)': 'passed',
    build: 'passed',
    smoke: 'passed',
  })
  expect((await ci.statuses(repository, commit)).at(-1)).toMatch(/^success /)
  // Each of the five test files ran in one of the shards.
  const shards = await Promise.all([1, 2, 3].map(at => logOfJob(ci, first, `unit (${at}/3)`)))
  const tests = shards.map(log => Number(/ℹ tests (\d+)/.exec(log)?.[1]))
  expect(tests.every(count => count > 0)).toBe(true)
  expect(tests.reduce((total, count) => total + count, 0)).toBe(8)
  expect(await logOfJob(ci, first, 'lint')).toContain('3 packages, 0 errors\n')
  expect(await logOfJob(ci, first, 'build')).toContain('packages/web/dist: 3 files\n')
  expect(await logOfJob(ci, first, 'smoke')).toContain('The built page works\n')

  // A test that fails, in a file that the build is not about.
  const test = 'packages/cart/test/add.test.ts'
  const failing = `import { test } from 'node:test'\ntest('red', () => { throw new Error('No such item') })\n`
  const red = await ci.push(at, repository, 'main', { [test]: failing })
  const second = await ci.ended({ project, number: 2 })
  expect(second.status).toBe('failed')
  const failed = second.jobs.filter(({ status }) => status === 'failed').map(({ title }) => title)
  expect(failed).toEqual([expect.stringMatching(/^unit \([123]\/3\)$/)])
  expect(await logOfJob(ci, second, failed[0] ?? '')).toContain('No such item')
  expect(statusesOf(second)).toMatchObject({ lint: 'passed', build: 'left-out', smoke: 'left-out' })
  expect((await ci.statuses(repository, red)).at(-1)).toContain(`1 of 4 jobs failed: ${failed[0]}`)

  // Words alone.
  await ci.push(at, repository, 'main', { 'README.md': 'Changed\n' })
  const third = await ci.ended({ project, number: 3 })
  expect(third.status).toBe('passed')
  expect(third.jobs.filter(({ name, status }) => name !== 'lint' && status !== 'left-out')).toEqual([])
  const log = await ci.log(third)
  expect(log).toContain('3 packages, 0 errors\n')
  expect(log).not.toContain('ℹ tests')
})

test('static-site: a broken link keeps it from being deployed', async () => {
  const [repository, project] = ['examples/site', 'gh/examples/site']
  const at = await writeExample(ci, 'static-site')
  const about = await ci.read(join(EXAMPLES, 'static-site', 'pages', 'about.html'))
  await ci.push(at, repository, 'main', { 'pages/about.html': about.replace('index.html', 'home.html') })
  const view = await ci.ended({ project, number: 1 })
  expect(view).toMatchObject({ status: 'failed', deploy: null })
  expect(statusesOf(view)).toMatchObject({ build: 'passed', links: 'failed', deploy: 'skipped' })
  expect(await logOfJob(ci, view, 'links')).toContain(
    'dist/about.html links to home.html, which does not exist\n',
  )
})
