import { execFileSync } from 'node:child_process'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { reportPathsOf } from '../../../src/planning/report-paths.ts'
import { pathInCommit } from '../../../src/results/failure-record.ts'
import { findReports } from '../../../src/results/find-reports.ts'
import { momentOnDisk } from '../../../src/results/moment-on-disk.ts'
import { readReports } from '../../../src/results/read-reports.ts'

const root = mkdtempSync(join(tmpdir(), 'reports-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let workspace = ''
beforeEach(() => {
  workspace = mkdtempSync(join(root, 'workspace-'))
})

const RED =
  '<testsuite name="s"><testcase name="a"/><testcase name="b"><failure message="no"/></testcase></testsuite>'
const suite = (cases: string) => `<testsuite name="s">${cases}</testsuite>`

function write(name: string, content: string | Buffer = RED): string {
  const path = join(workspace, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}
const find = (patterns: string[], since = 0n) => findReports(workspace, reportPathsOf(patterns), since)
async function read(...paths: string[]) {
  const { tally, ...rest } = await readReports(workspace, paths)
  return { counts: tally.counts, names: tally.failures.map(({ name }) => name), ...rest }
}

test('reports are found by pattern, in the order in which they were finished, without what belongs to packages', () => {
  for (const name of [
    'b/r/2.xml',
    'a/r/1.xml',
    'a/r/x.txt',
    'node_modules/p/r/3.xml',
    '.git/r/4.xml',
    'top.xml',
  ])
    write(name)
  utimesSync(join(workspace, 'b/r/2.xml'), 1, 1)
  expect(find(['**/r/*.xml']).written).toEqual(['b/r/2.xml', 'a/r/1.xml'])
  expect(find(['a']).written).toEqual(['a/r/1.xml', 'a/r/x.txt'])
  expect(find(['top.xml', 'a/r/*.xml', 'none/*.xml']).written.toSorted()).toEqual(['a/r/1.xml', 'top.xml'])
  expect(find(['node_modules/p/r/*.xml']).written).toEqual(['node_modules/p/r/3.xml'])
})

test('what is older than the command does not count, whatever brought it', () => {
  utimesSync(write('r/old.xml'), 1, 1)
  utimesSync(write('r/restored.xml'), new Date(), new Date(Date.now() - 60_000))
  const since = momentOnDisk(root)
  write('r/new.xml')
  expect(find(['r'], since)).toEqual({
    written: ['r/new.xml'],
    old: ['r/old.xml', 'r/restored.xml'],
    irregular: [],
  })
})

test('no link is followed, and neither pipes nor links are read', async () => {
  const secret = join(root, 'secret.xml')
  writeFileSync(secret, RED)
  mkdirSync(join(workspace, 'r'))
  symlinkSync(secret, join(workspace, 'r/link.xml'))
  symlinkSync(root, join(workspace, 'out'))
  symlinkSync('/proc/self', join(workspace, 'r/self'))
  execFileSync('mkfifo', [join(workspace, 'r/pipe.xml')])
  expect(find(['r', 'out/*.xml', 'out/secret.xml'])).toEqual({
    ...{ written: [], old: [] },
    irregular: ['r/link.xml', 'r/pipe.xml', 'r/self'],
  })
  expect(find(['out/secret.xml'])).toEqual({ written: [], old: [], irregular: [] })
  // They may take the place of a file that was found.
  const { errors, counts } = await read('r/link.xml', 'r/pipe.xml', 'r', 'r/gone.xml')
  expect(errors).toEqual([
    'The test report r/link.xml cannot be opened (ELOOP).',
    'The test report r/pipe.xml is not a file.',
    'The test report r is not a file.',
    'The test report r/gone.xml cannot be opened (ENOENT).',
  ])
  expect(counts).toMatchObject({ passed: 0, failed: 0 })
})

test('a test that passes in a later report has not failed, unless that is of another directory', async () => {
  write('a/r/1.xml', suite('<testcase name="works"><failure message="no"/></testcase>'))
  write('a/r/2.xml', suite('<testcase name="works"/>'))
  write('b/r/1.xml', suite('<testcase name="works"/>'))
  expect(await read('a/r/1.xml', 'b/r/1.xml')).toMatchObject({
    counts: { passed: 1, failed: 1, flaky: 0 },
    names: ['works'],
  })
  expect(await read('a/r/1.xml', 'a/r/2.xml')).toMatchObject({ counts: { passed: 1, failed: 0, flaky: 1 } })
})

test('without files, tests of two suites that have one name are different ones', async () => {
  const [no, yes] = ['<testcase name="works"><failure message="no"/></testcase>', '<testcase name="works"/>']
  write('two.xml', `<testsuites>${suite(no)}${suite(yes)}</testsuites>`)
  write('one.xml', suite(no + yes))
  write(
    'named.xml',
    `<testsuites>${suite(no)}${suite(yes)}</testsuites>`.replaceAll(
      ' name="works"',
      ' file="a" name="works"',
    ),
  )
  expect(await read('two.xml')).toMatchObject({ counts: { passed: 1, failed: 1, flaky: 0 } })
  for (const name of ['one.xml', 'named.xml'])
    expect(await read(name)).toMatchObject({ counts: { passed: 1, failed: 0, flaky: 1 } })
})

test.each(['', ' - should be equal'])(
  'of TAP, another point of the same name (%j) is another test',
  async name => {
    write('r/1.tap', `TAP version 13\nnot ok 1${name}\nok 2${name}\n1..2\n`)
    write('r/2.tap', `TAP version 13\nok 1${name}\nok 2${name}\n1..2\n`)
    expect(await read('r/1.tap')).toMatchObject({ counts: { passed: 1, failed: 1, flaky: 0 } })
    expect(await read('r/1.tap', 'r/2.tap')).toMatchObject({ counts: { passed: 3, failed: 0, flaky: 1 } })
  },
)

test.each([
  suite('<testcase name="a" status="run" result="failed"/>'),
  suite('<testcase name="a" status="broken"/>'),
  `<testsuites><error message="no"/>${suite('<testcase name="b"/>')}</testsuites>`,
])('what has failed is found wherever a dialect has it: %s', async report => {
  write('a.xml', report)
  const { counts } = await read('a.xml')
  expect(counts.failed + counts.errored).toBe(1)
})

test('reports add up, and broken ones are named with what they have', async () => {
  write('a.xml')
  write('b.tap', 'TAP version 13\nok 1 - c\n1..1\n')
  write('c.xml', RED.slice(0, -12))
  write('d.xml', 'Some text')
  write('e.xml', '\n')
  write('f.xml', '')
  write(
    'g.xml',
    Buffer.from(
      `\ufeff<?xml version="1.0" encoding="UTF-16"?>${suite('<testcase name="ü"><failure/></testcase>')}`,
      'utf16le',
    ),
  )
  write(
    'h.xml',
    Buffer.from(
      `<?xml version="1.0" encoding="ISO-8859-1"?>${suite('<testcase name="ä"><failure/></testcase>')}`,
      'latin1',
    ),
  )
  write('i.xml', `<?xml version="1.0" encoding="none-such"?>${suite('')}`)
  const found = await read('a.xml', 'b.tap', 'c.xml', 'd.xml', 'e.xml', 'f.xml', 'g.xml', 'h.xml', 'i.xml')
  expect(found.counts).toMatchObject({ passed: 3, failed: 4 })
  expect(found.names).toEqual(['b', 'b', 'ü', 'ä'])
  expect(found.errors).toEqual([
    expect.stringMatching(
      /^The test report c\.xml is not XML that can be read: line 1: Unclosed root tag\.$/,
    ),
    'The test report d.xml is neither JUnit XML nor TAP.',
    'The test report i.xml has the encoding none-such, which is not known. Write it in UTF-8.',
  ])
  expect(found.reports.map(({ path, tests }) => [path, tests])).toEqual([
    ...[['a.xml', 2] as const, ['b.tap', 1] as const, ['c.xml', 2] as const],
    ...[['g.xml', 1] as const, ['h.xml', 1] as const],
  ])
})

test('reports that are too large, too many or too deep are refused within a second or two', async () => {
  truncateSync(write('large.xml'), 100 * 1024 * 1024)
  write('many.xml', suite('<testcase name="a"/>'.repeat(1_000_000)))
  write('deep.xml', suite('<testsuite name="d">'.repeat(100_000)))
  const laughs = Array.from({ length: 9 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join(
    '',
  )
  write('laughs.xml', `<!DOCTYPE t [<!ENTITY l0 "lol">${laughs}]>${suite('<testcase name="&l9;"/>')}`)
  const before = performance.now()
  expect((await read('large.xml')).errors).toEqual([expect.stringContaining('to more than 20 MB')])
  expect((await read('many.xml')).errors).toEqual([
    expect.stringContaining('to more than 20,000. Divide the job'),
  ])
  expect((await read('deep.xml')).errors).toEqual([expect.stringContaining('nested more than 100 deep')])
  expect((await read('laughs.xml')).errors).toEqual([expect.stringContaining('has a DOCTYPE')])
  expect(performance.now() - before).toBeLessThan(10_000)
  const half = suite(`<!--${' '.repeat(500_000)}-->`.repeat(22))
  write('half.xml', half)
  write('rest.xml', half)
  expect((await read('half.xml', 'rest.xml')).errors).toEqual([
    expect.stringMatching(
      /^The test report rest\.xml brings the test reports of this job to more than 20 MB/,
    ),
  ])
})

test('reading stops when the job is cancelled', async () => {
  write('a.xml')
  await expect(readReports(workspace, ['a.xml'], AbortSignal.abort())).rejects.toThrow('aborted')
})

test('a place is a file of the commit: neither outside of it, nor in a package, nor a link', () => {
  write('test/a.test.js')
  write('node_modules/p/index.js')
  symlinkSync('/etc/passwd', join(workspace, 'passwd'))
  linkSync(join(workspace, 'test/a.test.js'), join(workspace, 'test/b.test.js'))
  const inCommit = (written: string) => pathInCommit(written, workspace)
  for (const written of [
    'test/a.test.js',
    './test/a.test.js',
    join(workspace, 'test/a.test.js'),
    `file://${workspace}/test/a.test.js`,
  ])
    expect(inCommit(written)).toBe('test/a.test.js')
  for (const written of [
    '/etc/passwd',
    '../x',
    'passwd',
    'node_modules/p/index.js',
    'test',
    'gone.js',
    'a\0b',
    `${'x/'.repeat(200)}a.js`,
    '',
  ])
    expect(inCommit(written)).toBeNull()
})
