import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jsonOf } from '../../../src/records/json-view.ts'
import { lambci } from '../../support/lambci.ts'
import { type Files, lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const OUTPUTS = join(import.meta.dirname, '../../fixtures/outputs')
const outputOf = (name: string) => readFileSync(join(OUTPUTS, `${name}.txt`), 'utf8')

/** Builds these files, and waits until everybody knows the end. */
async function build(name: string, files: Files) {
  const repository = `what/${name}`
  const commit = await ci.push(await ci.write(files), repository, 'master')
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  const status = (await ci.statuses(repository, commit)).at(-1)?.replace(/ · ~\$.*/, '')
  const mail = await ci.until('the mail', async () =>
    ci.mails.find(({ subject }) => subject?.includes(`${repository} `)),
  )
  const page = await (await fetch(`${ci.system.addresses.url}/${view.project}/builds/1`)).text()
  const logs = (...args: string[]) =>
    lambci(['logs', `${repository}#1`, ...args, '--data', join(ci.directory, 'data')])
  const log = await ci.log(view)
  return { view, status, text: mail.text ?? '', page, logs, log, lines: log.split('\n') }
}

const CART = `const assert = require('node:assert')
const { describe, test } = require('node:test')
describe('cart', () => {
  test('is empty', () => {})
  test('multiplies by quantity', () => {
    assert.strictEqual(2 + 3, 6)
  })
})
`

test('a real run of node:test that fails says everywhere which test it was, without a report', async () => {
  const ticks = 'for i in $(seq 30); do echo "✓ green $i"; done'
  const cmd = `node --test || { ${ticks}; echo "▸ node --test ended with exit code 0"; exit 1; }`
  const built = await build('node', { 'test/cart.test.js': CART, ...lambciJson(cmd) })
  const { view, status, text, page, lines } = built
  const failure = 'cart › multiplies by quantity'
  expect(view.failure).toMatchObject({ source: 'log', test: failure, file: 'test/cart.test.js', line: 6 })
  expect(view.failure?.excerpt.join('\n')).toContain('5 !== 6')
  expect(status).toBe(`failure lambci/push: 1 of 2 tests failed: ${failure}`)
  const { logLine } = view.failure ?? {}
  expect(lines[(logLine ?? 0) - 1]?.trim()).toContain('multiplies by quantity')
  expect(text).toContain(`The first test that failed:\n\n    ${failure} (test/cart.test.js:6)\n`)
  expect(text).toContain('5 !== 6')
  expect(text).not.toContain('green 30')
  expect(page).toContain(`${failure} (test/cart.test.js:6)`)
  expect(page).toContain(`<a href="#L${logLine}">Line ${logLine} of the log</a>`)
  expect(jsonOf(view)).toMatchObject({ failure: { job: null, test: failure, logLine } })
  for (const printed of [await built.logs(), await built.logs('--follow')]) {
    expect(printed.stderr).toContain(
      `The first test that failed: ${failure} (test/cart.test.js:6), line ${logLine} of its log\n`,
    )
    expect(printed.stderr).toContain('5 !== 6')
    expect(printed.stdout).toContain('✓ green 30')
  }
})

test('of several jobs, the first red one that names a test is the one that people see', async () => {
  const jobs = {
    lint: 'echo nothing is known about this; exit 1',
    unit: 'cat output.txt; exit 1',
    docs: 'cat output.txt; exit 1',
  }
  const { view, status, text, page, logs } = await build('several', {
    'output.txt': outputOf('jest-assertion'),
    'assertion/cart.test.js': '',
    '.lambci.json': JSON.stringify({ branches: { '/.*/': true }, failFast: false, jobs }),
  })
  const title = 'unit: cart › multiplies by quantity (assertion/cart.test.js:9)'
  const key = view.jobs.find(({ name }) => name === 'unit')?.key
  expect(view.failure).toMatchObject({ job: 'unit', key, test: 'cart › multiplies by quantity' })
  expect(status).toBe('failure lambci/push: 3 of 3 jobs failed: lint, unit, docs')
  expect(text).toContain(`    ${title}\n`)
  expect(page).toContain(title)
  expect(page).toContain(`data-path="/${view.project}/builds/1/jobs/${key}"`)
  expect((await logs('unit')).stderr).toContain(title)
  expect((await logs('lint')).stderr).not.toContain(title)
})

test('of one job among others, the status names the test', async () => {
  const jobs = { lint: 'true', unit: 'cat output.txt; exit 1' }
  const { status } = await build('one', {
    'output.txt': outputOf('go-assertion'),
    '.lambci.json': JSON.stringify({ branches: { '/.*/': true }, failFast: false, jobs }),
  })
  expect(status).toMatch(
    /^failure lambci\/push: 1 of 2 jobs failed: unit \(.*TestMultiplies\/by_quantity failed\)$/,
  )
})

const SECRET = 'tok_SUPERSECRET_0123456789'

test('of an unknown output, the end is shown, masked, without a line of the runner', async () => {
  await ci.system.store.put(
    'secrets/env/gh/what/unknown.json',
    JSON.stringify({ TOKEN: SECRET }),
    'application/json',
  )
  const cmd = 'seq 40; echo "<b>why $TOKEN</b>"; echo "$TOKEN" | fold -w 9; exit 3'
  const { view, status, text, page, logs, log } = await build('unknown', lambciJson(cmd))
  expect(view.failure).toMatchObject({ source: 'end', test: null, file: null })
  expect(status).toMatch(/^failure lambci\/push: Failed: seq 40; .* ended with exit code 3$/)
  expect(text).toMatch(/The last 20 lines of the output:\n\n( {4}\d+\n)+ {4}<b>why \*\*\*<\/b>\n/)
  expect(text).not.toContain('▸')
  expect(page).toContain('&lt;b&gt;why ***')
  const printed = await logs()
  expect(printed.stderr).toBe('')
  for (const shown of [log, text, page, JSON.stringify(view), printed.stdout])
    expect(shown).not.toMatch(/SUPERSECRET|0123456789/)
})
