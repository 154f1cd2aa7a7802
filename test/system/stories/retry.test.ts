import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildKeys } from '../../../src/records/keys.ts'
import { readReport } from '../../../src/records/read-records.ts'
import type { View } from '../../../src/records/view.ts'
import { lambci } from '../../support/lambci.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const files = (config: object) => ({
  '.lambci.json': JSON.stringify({ branches: { '/.*/': true }, failFast: false, ...config }),
})
const onTestSystem = (...args: string[]) => lambci([...args, '--data', join(ci.directory, 'data')])
const retry = (build: string, ...more: string[]) => onTestSystem('rebuild', '--failed', build, ...more)
const endsOf = ({ jobs }: View) =>
  jobs.map(
    ({ title, status, passedIn }) => `${title}: ${status}${passedIn === null ? '' : ` in #${passedIn}`}`,
  )
const buildOf = (repository: string, number: number) => ({ project: `gh/${repository}`, number })
const textOf = async (key: string) => Buffer.from((await ci.system.store.get(key))?.body ?? '').toString()
/** A condition that a test makes true. */
const condition = (name: string) => {
  const path = join(ci.directory, name)
  return { isMet: `test -e '${path}'`, meet: () => writeFile(path, '') }
}

test('only what has not passed runs again, with what the others left; a retry of a retry names the builds that ran them', async () => {
  const repository = 'retry/parts'
  const [shard, end] = [condition('shard-passes'), condition('end-passes')]
  const count = join(ci.directory, 'runs-of-build')
  const at = await ci.write(
    files({
      jobs: {
        build: {
          cmd: `echo built once; echo run >> '${count}'; mkdir dist; echo content > dist/file.txt`,
          artifacts: ['dist'],
        },
        unit: { cmd: `test $LAMBCI_SHARD = 1 || ${shard.isMet}`, shards: 2 },
        end: { cmd: `cat dist/file.txt; ${end.isMet}`, needs: 'build' },
        last: { cmd: 'cat dist/file.txt', needs: ['build', 'unit', 'end'] },
      },
    }),
  )
  const commit = await ci.push(at, repository, 'topic')
  const first = await ci.ended(buildOf(repository, 1))
  expect(endsOf(first)).toEqual([
    ...['build: passed', 'unit (1/2): passed', 'unit (2/2): failed', 'end: failed', 'last: skipped'],
  ])

  await shard.meet()
  expect(await retry(repository)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^Build #2 of retry\/parts, a retry of #1: http/),
  })
  const second = await ci.ended(buildOf(repository, 2))
  expect(endsOf(second)).toEqual([
    ...['build: passed in #1', 'unit (1/2): passed in #1', 'unit (2/2): passed', 'end: failed'],
    'last: skipped',
  ])
  expect(second.reason).toBe('1 of 5 jobs failed: end')

  await end.meet()
  const { stdout } = await retry(`${repository}#2`, '--json')
  const { url, retryOf } = JSON.parse(stdout)
  expect(retryOf).toBe(2)
  const third = await ci.ended(buildOf(repository, 3))
  expect(endsOf(third)).toEqual([
    ...['build: passed in #1', 'unit (1/2): passed in #1', 'unit (2/2): passed in #2', 'end: passed'],
    'last: passed',
  ])
  expect(third).toMatchObject({ status: 'passed', retryOf: 2 })
  expect(await readFile(count, 'utf8')).toBe('run\n')
  expect((await ci.statuses(repository, commit)).at(-1)).toMatch(/^success .*Passed/)
  const report = await readReport(ci.system.store, third)
  const started = report?.jobs.filter(({ publications }) => publications > 0)
  expect(started).toHaveLength(2)
  expect(report?.jobs.filter(({ cost }) => cost !== null)).toHaveLength(2)

  const log = await textOf(buildKeys(third).log)
  expect(log).toMatch(
    /── build: passed in #1 ──.*built once.*── unit \(2\/2\): passed in #2 ──.*── last: passed ──.*content/s,
  )
  const printed = await onTestSystem('logs', url, 'build')
  expect(printed.stdout).toContain('built once')
  const list = await onTestSystem('logs', `${repository}#3`)
  expect(list.stdout).toMatch(/5 passed \(3 earlier\).*build +passed in #1/s)
  const page = await (await fetch(url)).text()
  expect(page).toMatch(/Retry of<\/dt><dd>.*#2/)
  expect(page).toContain('passed in #1')
  const json = await (await fetch(url, { headers: { accept: 'application/json' } })).json()
  const [build] = (json as { jobs: { log: string }[] }).jobs
  expect(build).toMatchObject({ name: 'build', status: 'passed', passedIn: 1, attempt: 1, cost: null })
  expect(await (await fetch(new URL(build?.log ?? '', url))).text()).toContain('built once')

  const nothing = await retry(url)
  expect(nothing).toMatchObject({ exitCode: 2 })
  expect(nothing.stderr).toContain(
    'Nothing has failed in build #3 of retry/parts. To run all of it again: lambci rebuild retry/parts#3',
  )
})
