import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { explainMissingFiles } from '../../../src/results/decide-files.ts'
import { readReports } from '../../../src/results/read-reports.ts'
import { listSeconds, ReportedFiles } from '../../../src/results/reported-files.ts'

const root = mkdtempSync(join(tmpdir(), 'reported-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let workspace = ''
beforeEach(() => {
  workspace = mkdtempSync(join(root, 'workspace-'))
})

function write(name: string, content = ''): void {
  mkdirSync(dirname(join(workspace, name)), { recursive: true })
  writeFileSync(join(workspace, name), content)
}

/** Reads reports of a workspace that has these test files. */
async function read(files: readonly string[], reports: Record<string, string>, own = files) {
  for (const file of files) write(file)
  for (const [path, text] of Object.entries(reports)) write(path, text)
  const found = new ReportedFiles(workspace, files)
  const { reports: done } = await readReports(workspace, Object.keys(reports), undefined, (test, path) =>
    found.add(test, path),
  )
  const listed = listSeconds(files, found.seconds, text => text.replace('SECRET', '***'))
  const missing = explainMissingFiles({ files: { all: files, own }, found: found.seconds, reports: done })
  return { seconds: Object.fromEntries(listed.map(({ path, seconds }) => [path, seconds])), missing }
}

/** A report of a real tool, as it would have written it in this workspace. */
const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/reports/${name}`, import.meta.url), 'utf8').replaceAll(
    '/repo',
    workspace,
  )

test.each<[string, string, Record<string, number>]>([
  // Its suites also have the time in which Jest loads them.
  ['jest-junit-suite-errors.xml', 'r/junit.xml', { 'jest/cart.test.js': 0.195, 'jest/broken.test.js': 0 }],
  ['mocha-junit-reporter.xml', 'r/junit.xml', { 'mocha/cart.js': 0.002 }],
  ['node.xml', 'r/junit.xml', { 'node/broken.test.js': 0.043, 'node/cart.test.js': 0.002 }],
  ['pytest.xml', 'r/junit.xml', { 'py/test_cart.py': 0.049 }],
  ['vitest.xml', 'junit.xml', { 'broken.test.js': 0, 'cart.test.js': 0.01 }],
])('%s names its test files, and the seconds of their tests', async (name, at, expected) => {
  const { seconds, missing } = await read(Object.keys(expected), { [at]: fixture(name) })
  for (const [path, each] of Object.entries(expected)) expect(seconds[path]).toBeCloseTo(each, 2)
  expect(Object.keys(seconds).toSorted()).toEqual(Object.keys(expected).toSorted())
  expect(missing).toBeNull()
})

test.each<[string, string, RegExp]>([
  [
    'jest-junit.xml',
    'jest/cart.test.js',
    /^The test report r\.x names none of the files in "shards": set JEST_JUNIT_ADD_FILE_ATTRIBUTE=true/,
  ],
  ['go-junit-report.xml', 'cart_test.go', /or write a number of "shards"\.$/],
  [
    'node.tap',
    'node/cart.test.js',
    /^The test report r\.x names none of the files in "shards": TAP has no file names\. Let the tool write JUnit XML/,
  ],
])('%s names no test file, and the error says what to do', async (name, file, message) => {
  expect((await read([file], { 'r.x': fixture(name) })).missing).toMatch(message)
})

const suite = (...files: string[]) =>
  `<testsuite name="s">${files.map(file => `<testcase name="t" file="${file}" time="1.5"/>`).join('')}</testsuite>`

test('a file that no report names is missing; of several, three are named', async () => {
  const files = ['t/a.js', 't/b.js', 't/c.js', 't/d.js', 't/e.js']
  const { missing, seconds } = await read(files, { 'r.xml': suite('t/a.js', 't/a.js') })
  expect(seconds).toEqual({ 't/a.js': 3 })
  expect(missing).toBe(
    '4 files ran nowhere: t/b.js, t/c.js, t/d.js and 1 more. No test report names them: let the command run each path in LAMBCI_FILES, and leave files without tests out of "files".',
  )
  // Those of another shard do no harm.
  expect((await read(files, { 'r.xml': suite(...files) }, ['t/b.js'])).missing).toBeNull()
  expect((await read(files, { 'r.xml': suite('t/a.js') }, ['t/b.js'])).missing).toMatch(
    /^1 file ran nowhere: t\/b\.js\. No test report names it:/,
  )
})

test('paths in a report are relative to the workspace, or to a directory around the report, and the nearest file counts', async () => {
  const files = ['p/web/t/a.js', 't/a.js']
  const of = async (path: string, text: string) => Object.keys((await read(files, { [path]: text })).seconds)
  expect(await of('p/web/r/junit.xml', suite('t/a.js'))).toEqual(['p/web/t/a.js'])
  expect(await of('r/junit.xml', suite('t/a.js'))).toEqual(['t/a.js'])
  expect(await of('p/web/r/junit.xml', suite('./t/../t/a.js'))).toEqual(['p/web/t/a.js'])
  expect(await of('p/web/r/junit.xml', suite('../../t/a.js'))).toEqual(['t/a.js'])
  expect(await of('r/junit.xml', suite(`${workspace}/p/web/t/a.js`))).toEqual(['p/web/t/a.js'])
  expect(await of('r/junit.xml', suite(`file://${workspace}/t/a.js`))).toEqual(['t/a.js'])
})

test('a file of the same name that is none of those to be divided does not stand for one', async () => {
  write('p/api/t/a.js')
  const { seconds } = await read(['t/a.js'], { 'p/api/r.xml': suite('t/a.js') })
  expect(seconds).toEqual({})
})

test.each([
  ...['', '.', '/', '..', '../../etc/passwd', '/etc/passwd', 't', 't/', 'constructor', '__proto__', 'a.b.c'],
  ...['t/a.js/x', 'x'.repeat(5000), 't/link.js', 'T/A.JS', '&#0;t/a.js', 't/a.js&#10;', 'SECRET.js'],
])('the name %j in a report is no test file', async name => {
  write('t/target.js')
  mkdirSync(join(workspace, 't'), { recursive: true })
  symlinkSync(join(workspace, 't/a.js'), join(workspace, 't/link.js'))
  expect((await read(['t/a.js', 'SECRET.js'], { 'r.xml': suite(name, 't/a.js') })).seconds).toEqual({
    't/a.js': 1.5,
  })
})

test('what a suite took beyond its tests counts for its file, if they are all of one', async () => {
  const test = (file: string, time: number) => `<testcase name="t" file="${file}" time="${time}"/>`
  const of = async (xml: string) => (await read(['a.js', 'b.js'], { 'r.xml': xml })).seconds
  const both = `${test('a.js', 1)}${test('b.js', 1)}`
  expect(await of(`<testsuite time="5">${test('a.js', 1)}${test('a.js', 1)}</testsuite>`)).toEqual({
    'a.js': 5,
  })
  expect(await of(`<testsuite time="5">${both}</testsuite>`)).toEqual({ 'a.js': 1, 'b.js': 1 })
  expect(await of(`<testsuite time="0.5">${test('a.js', 1)}</testsuite>`)).toEqual({ 'a.js': 1 })
  const inner = (file: string) => `<testsuite time="3">${test(file, 1)}</testsuite>`
  // Of suites within each other, no time counts twice.
  expect(await of(`<testsuite time="4">${inner('a.js')}</testsuite>`)).toEqual({ 'a.js': 4 })
  const nested = `<testsuites time="60"><testsuite time="9">${inner('a.js')}${inner('b.js')}</testsuite></testsuites>`
  expect(await of(nested)).toEqual({ 'a.js': 3, 'b.js': 3 })
})

test('times that are no numbers count nothing, and hours are bounded', async () => {
  const times = ['1,234.5', 'NaN', '-3', 'Infinity', '1e999', '', 'x', '2']
  const cases = times.map(time => `<testcase name="t" file="a.js" time="${time}"/>`).join('')
  expect((await read(['a.js'], { 'r.xml': `<testsuite>${cases}</testsuite>` })).seconds).toEqual({
    'a.js': 1236.5,
  })
  const long = '<testsuite><testcase name="t" file="a.js" time="1e9"/></testsuite>'
  expect((await read(['a.js'], { 'r.xml': long })).seconds).toEqual({ 'a.js': 3600 })
})
