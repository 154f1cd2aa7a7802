import { afterAll, beforeAll, expect, test } from 'vitest'
import { testRecordKey, testRecordSchema } from '../../../src/model/tests.ts'
import { jsonOf } from '../../../src/records/json-view.ts'
import { outPrefix } from '../../../src/records/keys.ts'
import { type Files, lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

/** Builds these files, and waits until everybody knows the end. */
async function build(name: string, files: Files) {
  const repository = `tests/${name}`
  const at = await ci.write(files)
  const commit = await ci.push(at, repository, 'master')
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  const status = (await ci.statuses(repository, commit)).at(-1)?.replace(/ · ~\$.*/, '')
  return { repository, view, status, log: await ci.log(view) }
}

async function recordOf({ project, number }: { project: string; number: number }, key = 0) {
  const stored = await ci.system.store.get(testRecordKey(outPrefix({ project, number }, { key, attempt: 1 })))
  return stored && testRecordSchema.parse(JSON.parse(Buffer.from(stored.body).toString()))
}

const mailAbout = (repository: string) =>
  ci.until('the mail', async () => ci.mails.find(({ subject }) => subject?.includes(repository)))

const NODE = 'node --test --test-reporter=junit --test-reporter-destination=r/junit.xml'
const CART: Files = {
  'test/cart.test.js': `const assert = require('node:assert')
const { describe, test } = require('node:test')
describe('cart', () => {
  test('is empty', () => {})
  test('multiplies by quantity', () => {
    assert.strictEqual(2 + 3, 6)
  })
  test.skip('has a discount', () => {})
})
`,
}
const suite = (cases: string) => `<testsuite name="s">${cases}</testsuite>`
const writing = (rest = 'true') => `mkdir -p r; cp fixture.xml r/junit.xml; ${rest}`
const reporting = (xml: string, rest = 'true', settings: object = { tests: ['r/*.xml'] }): Files => ({
  ...lambciJson(writing(rest), settings),
  'fixture.xml': xml,
})

test('a real run of node:test that fails is red although its command ends with exit code 0, and everybody hears which test it was', async () => {
  const cmd = `mkdir r; ${NODE} || true; for i in $(seq 12); do echo "✓ green $i"; done`
  const { repository, view, status, log } = await build('node', {
    ...CART,
    ...lambciJson(cmd, { tests: ['r/**/*.xml'] }),
  })
  const failure = 'cart › multiplies by quantity'
  expect(view).toMatchObject({
    status: 'failed',
    exit: { kind: 'exited', code: 0 },
    reason: `1 of 3 tests failed: ${failure} (the report says 1 failed after exit code 0)`,
    tests: { passed: 1, failed: 1, skipped: 1, errored: 0, flaky: 0 },
    failure: { source: 'report', test: failure, file: 'test/cart.test.js', line: 6, logLine: null },
  })
  expect(status).toBe(
    `failure lambci/push: 1 of 3 tests failed: ${failure} (the report says 1 failed after exit code 0)`,
  )
  expect(log).toContain(
    `▸ Tests: 1 passed, 1 failed, 1 skipped (r/junit.xml)\n▸ Failed: ${failure} (test/cart.test.js:6)\n`,
  )
  expect(await recordOf(view)).toMatchObject({
    ...{ passed: 1, failed: 1, skipped: 1, reports: [{ path: 'r/junit.xml', format: 'junit', tests: 3 }] },
    failures: [{ name: 'multiplies by quantity', message: expect.stringContaining('5 !== 6'), line: 6 }],
  })
  const { text } = (await mailAbout(repository)) ?? {}
  expect(text).toContain(`The first test that failed:\n\n    ${failure} (test/cart.test.js:6)\n`)
  expect(text).toContain('    5 !== 6')
  expect(text).not.toContain('green 12')
  expect(jsonOf(view)).toMatchObject({
    failure: { job: null, test: failure, file: 'test/cart.test.js', line: 6 },
    jobs: [{ tests: { passed: 1, failed: 1, skipped: 1, flaky: 0 } }],
  })
  const page = await (await fetch(`${ci.system.addresses.url}/${view.project}/builds/1`)).text()
  expect(page).toContain(`${failure} (test/cart.test.js:6)`)
  expect(page).toContain('1 passed, 1 failed, 1 skipped')
})

const FLAKY = suite(
  '<testcase name="a"><failure message="no"/></testcase><testcase name="a"/><testcase name="b"/>',
)
const RED = suite('<testcase name="a"><failure message="no"/></testcase>')

test.each<[string, Files, string, string | RegExp]>([
  ['flaky', reporting(FLAKY), 'passed', /^success lambci\/push: Passed in /],
  [
    'by-exit',
    reporting(RED, 'true', { tests: { files: ['r/*.xml'], verdict: 'exit' } }),
    'passed',
    /^success/,
  ],
  [
    'none',
    lambciJson('true', { tests: ['r/**/*.xml'] }),
    'errored',
    /^error lambci\/push: Error: The command has written no test report at r\/\*\*\/\*\.xml\. Let it write one there/,
  ],
  [
    'committed',
    { 'r/old.xml': suite('<testcase name="old"/>'), ...lambciJson('sleep 0.1', { tests: ['r/*.xml'] }) },
    'errored',
    /r\/old\.xml is older than the command/,
  ],
  [
    'allowed',
    {
      ...reporting(RED),
      '.lambci.json': JSON.stringify({
        branches: { '/.*/': true },
        jobs: { lint: { cmd: writing(), tests: ['r/*.xml'], allowFailure: true } },
      }),
    },
    'passed',
    /^success lambci\/push: Passed in .*; lint failed, which is allowed$/,
  ],
])('%s', async (name, files, conclusion, status) => {
  const built = await build(name, files)
  expect(built.view.status).toBe(conclusion)
  expect(built.status).toMatch(status)
  if (name === 'flaky') expect(built.log).toContain('▸ Tests: 2 passed (1 flaky) (r/junit.xml)\n')
})

test('of several jobs, the one with the test that failed is named', async () => {
  const jobs = { lint: 'true', unit: { cmd: writing('exit 1'), tests: ['r/*.xml'] } }
  const { repository, view, status } = await build('several', {
    'fixture.xml': RED,
    '.lambci.json': JSON.stringify({ branches: { '/.*/': true }, jobs }),
  })
  expect(view.jobs.find(job => job.name === 'unit')).toMatchObject({ tests: { failed: 1, passed: 0 } })
  expect(view.failure).toMatchObject({ job: 'unit', test: 's › a', excerpt: ['no'] })
  expect(status).toBe('failure lambci/push: 1 of 2 jobs failed: unit (1 of 1 test failed: s › a)')
  const { text } = (await mailAbout(repository)) ?? {}
  expect(text).toContain('    unit: s › a\n    no\n')
})

const SECRET = 'tok_SUPERSECRET_0123456789'

test('secrets, markup and escape sequences in a report are harmless', async () => {
  await ci.system.store.put(
    'secrets/env/gh/tests/hostile.json',
    JSON.stringify({ TOKEN: SECRET }),
    'application/json',
  )
  const long = 'x'.repeat(290)
  const flaky = `flaky \u001b[31m${SECRET}`
  const xml = suite(
    `<testcase name="${flaky}"><failure/></testcase><testcase name="${flaky}"/><testcase name="&lt;img src=x onerror=alert(1)&gt; \u001b[31mred"><failure message="got ${SECRET}">${'y'.repeat(4050)}${SECRET}</failure></testcase><testcase name="${long}${SECRET}"><failure/></testcase>`,
  )
  const { repository, view, status, log } = await build('hostile', reporting(xml, 'exit 1'))
  const page = await (await fetch(`${ci.system.addresses.url}/${view.project}/builds/1`)).text()
  const record = JSON.stringify(await recordOf(view))
  const { text } = (await mailAbout(repository)) ?? {}
  expect(page).toContain('&lt;img src=x onerror=alert(1)&gt; red')
  expect(page).not.toContain('<img src=x')
  expect(record).toContain('got ***')
  expect(record).toContain('"flakyTests":[{"suite":"s","name":"flaky ***"}]')
  for (const each of [page, record, text, status, log.replace(/^.*Fetching.*$/m, ''), JSON.stringify(view)])
    for (const hidden of ['tok_', 'SUPERSECRET', '\u001b']) expect(each).not.toContain(hidden)
})

test('a report that is a link to the secrets of a process, or a pipe, is not read', async () => {
  const cmd = 'mkdir r; ln -s /proc/self/environ r/a.xml; mkfifo r/b.xml; ln -s /proc/self d; true'
  const { view, log } = await build('links', lambciJson(cmd, { tests: ['r/*.xml', 'd/environ'] }))
  expect(view).toMatchObject({
    status: 'errored',
    reason: expect.stringContaining('r/a.xml is no regular file'),
  })
  expect(log).not.toContain('LAMBCI_SECRET')
})
