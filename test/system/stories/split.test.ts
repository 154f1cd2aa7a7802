import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLog } from '../../../src/log/reader.ts'
import { testRecordKey, testRecordSchema } from '../../../src/model/tests.ts'
import { jobKeys, outPrefix, timingsKey } from '../../../src/records/keys.ts'
import { readTimings } from '../../../src/records/timings.ts'
import type { View } from '../../../src/records/view.ts'
import { lambci } from '../../support/lambci.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const onTestSystem = (...args: string[]) => lambci([...args, '--data', join(ci.directory, 'data')])
const config = (unit: object, more: object = {}) =>
  JSON.stringify({ branches: { '/.*/': true }, failFast: false, jobs: { unit, ...more } })
const endsOf = ({ jobs }: View) =>
  jobs.map(
    ({ title, status, passedIn }) => `${title}: ${status}${passedIn === null ? '' : ` in #${passedIn}`}`,
  )
const logOf = async (view: View, title: string) => {
  const job = view.jobs.find(each => each.title === title)
  if (!job?.ref) throw new Error(`${title} has no log`)
  const { bytes } = await readLog(ci.system.store, jobKeys(view, job.ref).log, 0, 100_000)
  return Buffer.from(bytes).toString()
}
const filesRun = async (view: View, key: number) => {
  const body = await ci.system.store.get(testRecordKey(outPrefix(view, { key, attempt: 1 })))
  const record = body && testRecordSchema.parse(JSON.parse(Buffer.from(body.body).toString()))
  return record?.files?.map(({ path }) => path).toSorted() ?? []
}

/** Older versions of Node name no files. */
const NODE = `xargs -d '\\n' '${process.execPath}' --test --test-reporter=junit --test-reporter-destination=r.xml < "$LAMBCI_FILES"`
const nodeTest = (name: string) => `require('node:test').test('${name}', () => {})\n`

test('files are divided among shards, each runs once, and the next build knows how long they took', async () => {
  const repository = 'split/node'
  const names = ['a', 'c d', 'é', "it's $(x)"]
  const shards = { files: 'test/**/*.test.js', target: 1, max: 3 }
  const at = await ci.write({
    ...Object.fromEntries(names.map(name => [`test/${name}.test.js`, nodeTest('works')])),
    'src/a.js': '',
    '.lambci.json': config({ cmd: NODE, tests: ['r.xml'], shards }),
  })
  await ci.push(at, repository, 'topic')
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  expect(endsOf(view)).toEqual([1, 2, 3].map(shard => `unit (${shard}/3): passed`))
  expect(view.status).toBe('passed')
  const ran = await Promise.all([0, 1, 2].map(key => filesRun(view, key)))
  const all = names.map(name => `test/${name}.test.js`).toSorted()
  expect(ran.flat().toSorted()).toEqual(all)
  const log = await logOf(view, 'unit (1/3)')
  expect(log).toContain(
    'Shards: 3 for 4 files (test/**/*.test.js), whose seconds are not known yet; target 1 seconds, at most 3',
  )
  const timings = await readTimings(ci.system.store, view.project, 'unit')
  expect([...timings.keys()].toSorted()).toEqual(all)

  // All four take less than a second.
  await ci.push(at, repository, 'other')
  const second = await ci.ended({ project: view.project, number: 2 })
  expect(endsOf(second)).toEqual(['unit (1/1): passed'])
  expect(await filesRun(second, 0)).toEqual(all)
  expect(await logOf(second, 'unit (1/1)')).toContain('Shards: 1 for 4 files')

  // A working copy knows that, too, and runs all of them.
  await ci.git(at, 'remote', 'add', 'origin', `https://github.com/${repository}.git`)
  const planned = await onTestSystem('plan', at, '--branch', 'topic')
  expect(planned.stdout).toMatch(
    /Shards: 1 for 4 files \(test\/\*\*\/\*\.test\.js\), which take about \d seconds/,
  )
  const ranHere = await lambci(['run', at])
  expect(ranHere.exitCode).toBe(0)
  expect((await readFile(join(at, 'r.xml'), 'utf8')).match(/<testcase/g)).toHaveLength(4)
})

/** Writes a report with a test of each file in `$LAMBCI_FILES`, which take as long as the file says, but for those with `skip`. */
const RUN = `while IFS= read -r f; do
  grep -q skip "$f" || echo "<testcase name='t' file='$f' time='$(cat "$f")'/>"
done < "$LAMBCI_FILES" > cases; (echo "<testsuite name='s'>"; cat cases; echo "</testsuite>") > r.xml`

test('a file that no report names makes its shard red; a retry divides the files as before', async () => {
  const repository = 'split/left-out'
  const met = join(ci.directory, 'the-file-runs')
  const cmd = `test -e '${met}' && sed -i s/skip// t/d.txt; ${RUN}`
  const at = await ci.write({
    ...{ 't/a.txt': '9', 't/b.txt': '8', 't/c.txt': '2', 't/d.txt': '1skip' },
    '.lambci.json': config({ cmd, setup: false, tests: ['r.xml'], shards: { files: ['t'], max: 2 } }),
  })
  await ci.push(at, repository, 'topic')
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  expect(endsOf(view)).toEqual(['unit (1/2): passed', 'unit (2/2): errored'])
  expect(view).toMatchObject({
    status: 'errored',
    reason: expect.stringMatching(
      /^1 of 2 jobs ended in an error: unit \(2\/2\)\. 1 file ran nowhere: t\/d\.txt\. No test report names it/,
    ),
  })
  const first = await filesRun(view, 0)
  expect([first, await filesRun(view, 1)]).toEqual([['t/a.txt', 't/c.txt'], ['t/b.txt']])

  // A new build would have one shard.
  const known = { files: [['t/a.txt', 0.1]], recent: [] }
  await ci.system.store.put(timingsKey(view.project, 'unit'), JSON.stringify(known), 'application/json')
  await writeFile(met, '')
  await onTestSystem('rebuild', '--failed', repository)
  const retry = await ci.ended({ project: view.project, number: 2 })
  expect(endsOf(retry)).toEqual(['unit (1/2): passed in #1', 'unit (2/2): passed'])
  expect(retry.status).toBe('passed')
  expect(await filesRun(retry, 2)).toEqual(['t/b.txt', 't/d.txt'])
})

test('lambci flaky runs only the files of a shard whose tests failed', async () => {
  const repository = 'split/flaky'
  const red = "require('node:test').test('total', () => { throw new Error('got 5') })\n"
  const at = await ci.write({
    'test/a.test.js': nodeTest('a'),
    'test/b.test.js': red,
    'test/c.test.js': nodeTest('c'),
    '.lambci.json': config({ cmd: NODE, tests: ['r.xml'], shards: { files: 'test/*.js', max: 1 } }),
  })
  await ci.push(at, repository, 'topic')
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  expect(endsOf(view)).toEqual(['unit (1/1): failed'])
  const { stdout, exitCode } = await onTestSystem('flaky', `${repository}#1`, '-n', '2')
  expect(stdout).toMatch(
    /^Build #2 runs unit \(1\/1\) of #1, only test\/b\.test\.js, 2 times: \S+\nunit \(1\/1\) of #1 failed 2 of 2\n +2 × total$/,
  )
  expect(exitCode).toBe(0)
  const second = await ci.ended({ project: view.project, number: 2 })
  const key = second.jobs[0]?.key ?? 0
  expect(await filesRun(second, key)).toEqual(['test/b.test.js'])
})
