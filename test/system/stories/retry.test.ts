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
  expect(page).toMatch(/Retry of <a href="\/gh\/retry\/parts\/builds\/2">#2<\/a>/)
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

test('a retry never deploys; what failed to deploy is deployed by hand, with what the tests have left', async () => {
  const repository = 'retry/deployed'
  const [passes, works] = [condition('unit-passes'), condition('deploy-works')]
  const count = join(ci.directory, 'runs-of-site')
  const at = await ci.write(
    files({
      jobs: {
        unit: `echo tested here; ${passes.isMet}`,
        site: { cmd: `echo run >> '${count}'; mkdir dist; echo site > dist/index.html`, artifacts: ['dist'] },
      },
      stages: { master: 'dev' },
      deploy: { cmd: `cat dist/index.html; ${works.isMet}`, artifacts: ['site'] },
    }),
  )
  const commit = await ci.push(at, repository, 'master')
  const first = await ci.ended(buildOf(repository, 1))
  expect(endsOf(first)).toEqual(['unit: failed', 'site: passed', 'deploy: skipped'])
  await passes.meet()
  expect(await retry(repository, '--follow')).toMatchObject({
    ...{ exitCode: 0, stdout: expect.stringMatching(/site +passed in #1/) },
  })
  const second = await ci.ended(buildOf(repository, 2))
  expect(endsOf(second)).toEqual(['unit: passed', 'site: passed in #1', 'deploy: skipped'])
  expect(second).toMatchObject({
    ...{ status: 'passed', deploy: { stage: 'dev', status: 'cancelled', reason: 'A rebuild only tests' } },
  })
  expect((await ci.statuses(repository, commit)).at(-1)).toMatch(
    /^success .*not deployed to dev: a rebuild only tests/,
  )
  const command = `lambci deploy ${repository} dev --build 2`
  expect(await ci.log(second)).toContain(`To deploy it: ${command}\n`)
  expect(await retry(repository)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(
      `Nothing has failed in build #2 of ${repository}, and it was not deployed. To deploy it: ${command}`,
    ),
  })
  // It fails, and is requested once more.
  const deploy = () => onTestSystem('deploy', repository, 'dev', '--build', '2', '--follow')
  expect(await deploy()).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('site\n') })
  await works.meet()
  const deployed = await deploy()
  expect(deployed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('site\n') })
  expect(deployed.stdout).not.toContain('tested here')
  expect(await ci.ended(buildOf(repository, 4))).toMatchObject({
    ...{ commit, target: { of: 2 }, deploy: { status: 'succeeded' } },
  })
  expect(await readFile(count, 'utf8')).toBe('run\n')
})

test('a retry is refused, or an error, if what has passed would not be what passes now', async () => {
  const repository = 'retry/refused'
  const jobs = {
    build: { cmd: 'mkdir dist; echo x > dist/x', artifacts: ['dist'] },
    unit: { cmd: 'test -e dist/x; exit 1', needs: 'build' },
  }
  const commit = await ci.push(await ci.write(files({ jobs })), repository, 'topic')
  await ci.ended(buildOf(repository, 1))
  const { store } = ci.system
  const set = (settings: object) =>
    store.put(`config/gh/${repository}.json`, JSON.stringify(settings), 'application/json')
  const refused = async (build: string) => {
    const { exitCode, stderr } = await retry(build)
    expect(exitCode).not.toBe(0)
    return stderr
  }

  await set({ env: { NEW: '1' } })
  const changed = await retry(`${repository}#1`, '--follow')
  expect(changed.exitCode).toBe(1)
  const second = await ci.ended(buildOf(repository, 2))
  const reason = `The plan is no longer that of #1: its "env", "git" or "inheritSecrets" is another one. Rebuild it whole: lambci rebuild ${repository}#1`
  expect(second).toMatchObject({ status: 'errored', reason, jobs: [] })
  expect((await ci.statuses(repository, commit)).at(-1)).toMatch(/^error .*The plan is no longer that of #1/)
  expect(await refused(`${repository}#2`)).toMatch(
    /Build #2 of retry\/refused has no plan of several jobs\. Rebuild/,
  )

  await set({ deployBranches: ['topic'] })
  expect(await refused(`${repository}#1`)).toMatch(/ran with trust "branch", and would now have "protected"/)

  await set({})
  for (const { key } of await store.list(`out/gh/${repository}/1/`)) await store.remove(key)
  expect(await refused(`${repository}#1`)).toMatch(/The artifacts of build from build #1 are no longer there/)
  expect(await ci.view(buildOf(repository, 3))).toBeNull()
})
