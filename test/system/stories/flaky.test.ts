import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jsonOf } from '../../../src/records/json-view.ts'
import { branchKey } from '../../../src/records/keys.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { readTestHistory } from '../../../src/records/test-history.ts'
import type { View } from '../../../src/records/view.ts'
import { lambci } from '../../support/lambci.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const onTestSystem = (...args: string[]) => lambci([...args, '--data', join(ci.directory, 'data')])
const files = (config: object) => ({
  '.lambci.json': JSON.stringify({ branches: { '/.*/': true }, failFast: false, ...config }),
})
const buildOf = (repository: string, number: number) => ({ project: `gh/${repository}`, number })
const endsOf = ({ jobs }: View) => jobs.map(({ title, status }) => `${title}: ${status}`)
const pageOf = async (path: string) => (await fetch(`${ci.system.addresses.url}/${path}`)).text()

/** A command that fails as often as is said, and passes from then on, in whatever sandbox it runs. */
function failing(name: string, times: number) {
  const path = join(ci.directory, `failing-${name}-`)
  const numbers = Array.from({ length: times }, (_, at) => at + 1).join(' ')
  return `for n in ${numbers}; do mkdir '${path}'$n 2>/dev/null && echo "failure $n" && exit 1; done; true`
}

test('a command that passes at the second try is "passed (flaky)", everybody hears it, and both logs can be read', async () => {
  const repository = 'flaky/once'
  const test = '<testcase name="total"><failure message="got 5"/></testcase>'
  const report = `mkdir r; if [ -e left ]; then echo left over; exit 9; fi; touch left`
  const write = (xml: string) => `echo '<testsuite name="cart">${xml}</testsuite>' > r/junit.xml`
  const at = await ci.write(
    files({
      ...{ cmd: `${report}; ${write(test)}; ${failing('once', 1)} && ${write('<testcase name="total"/>')}` },
      ...{ tests: ['r/*.xml'], retry: 1 },
    }),
  )
  const commit = await ci.push(at, repository, 'master')
  const view = await ci.ended(buildOf(repository, 1))
  expect(view).toMatchObject({
    ...{ status: 'passed', isFlaky: true, reason: null, failure: null },
    jobs: [{ status: 'passed', isFlaky: true, tests: { passed: 1, failed: 0 } }],
  })
  expect((await ci.statuses(repository, commit)).at(-1)).toMatch(
    /^success lambci\/push: Passed \(flaky\) in \d/,
  )
  const { text, subject } =
    (await ci.until('the mail', async () => ci.mails.find(mail => mail.subject?.includes(repository)))) ?? {}
  expect(subject).toBe(`passed (flaky): ${repository} #1 (master)`)
  expect(text).toMatch(/^Passed \(flaky\) in .*\n[\s\S]*Result: +passed \(flaky\)\n/)
  expect(jsonOf(view)).toMatchObject({ isFlaky: true, jobs: [{ isFlaky: true, attempt: 2 }] })

  const page = await pageOf(`${view.project}/builds/1`)
  expect(page).toContain('passed (flaky) · flaky/once #1')
  expect(page).toContain(`<a href="/${view.project}/builds/1/jobs/0/attempts/1">see its log</a>`)
  const first = await pageOf(`${view.project}/builds/1/jobs/0/attempts/1`)
  expect(first).toContain('failure 1')
  const log = await ci.log(view)
  expect(log).toMatch(
    /attempt 1: failed ──\n[\s\S]*failure 1\n[\s\S]*build: passed \(flaky\) ──\n[\s\S]*▸ Passed after/,
  )
  expect((await onTestSystem('logs', `${repository}#1`, 'build', '--attempt', '1')).stdout).toContain(
    'failure 1',
  )
  const { stdout, stderr } = await onTestSystem('logs', `${repository}#1`)
  expect(stdout).not.toContain('failure 1')
  expect(stderr).toContain('attempt 1 of build failed. Its log: --attempt 1')
})

test('a command that fails each time is red; a job that needs none waits for no retry; a deploy has none', async () => {
  const repository = 'flaky/always'
  const jobs = {
    lint: 'true',
    unit: { cmd: failing('always', 2), retry: 1 },
    end: { cmd: 'true', needs: 'unit' },
  }
  const deploy = `${failing('deploy', 1)}; echo deployed`
  await ci.push(await ci.write(files({ jobs })), repository, 'topic')
  const view = await ci.ended(buildOf(repository, 1))
  expect(endsOf(view)).toEqual(['lint: passed', 'unit: failed', 'end: skipped'])
  expect(view).toMatchObject({ status: 'failed', isFlaky: false })
  const report = await readReport(ci.system.store, view)
  expect(report?.jobs.find(({ failed }) => failed)).toMatchObject({ attempt: 2, failed: [1] })

  const released = 'flaky/deploy'
  const at = await ci.write(files({ cmd: 'true', retry: 2, deploy, stages: { master: 'dev' } }))
  await ci.push(at, released, 'master')
  const second = await ci.ended(buildOf(released, 1))
  expect(second).toMatchObject({ status: 'failed', deploys: [{ stage: 'dev', status: 'failed' }] })
})

test('a test that failed and passed at one commit is flaky, and where it fails again, its name says so', async () => {
  const repository = 'flaky/history'
  const xml = (inner: string) =>
    `<testsuite name="cart"><testcase name="total">${inner}</testcase></testsuite>`
  const cmd = `mkdir r; if [ $LAMBCI_BUILD_NUM = 2 ]; then cp green.xml r/; else cp red.xml r/; exit 1; fi`
  const at = await ci.write({
    ...files({ cmd, tests: ['r/*.xml'] }),
    'green.xml': xml(''),
    'red.xml': xml('<failure message="got 5"/>'),
  })
  await ci.push(at, repository, 'master')
  expect((await ci.ended(buildOf(repository, 1))).failure).toMatchObject({ flakiness: null })
  await onTestSystem('rebuild', `${repository}#1`)
  expect(await ci.ended(buildOf(repository, 2))).toMatchObject({ status: 'passed', isFlaky: false })
  await ci.push(at, repository, 'master')
  const third = await ci.ended(buildOf(repository, 3))
  const words = 'cart › total, flaky: failed 2 of the last 3 builds of master'
  expect(await pageOf(`${third.project}/builds/3`)).toContain(words)
  expect(jsonOf(third).failure).toMatchObject({ flakiness: { branch: 'master', failed: 2, of: 3 } })
  const mail = await ci.until('the mail', async () => ci.mails.find(({ text }) => text?.includes(words)))
  expect(mail.subject).toBe(`failed: ${repository} #3 (master)`)
})

test('lambci flaky says how often a job fails, and changes nothing of its commit', async () => {
  const repository = 'flaky/repeated'
  const path = join(ci.directory, 'repeated-')
  const xml = (inner: string) =>
    `<testsuite name="cart"><testcase name="total">${inner}</testcase></testsuite>`
  // The first run fails, and one of the later ones.
  const fails = `for n in 1 2; do mkdir '${path}'$n 2>/dev/null && cp red.xml r/ && exit 1; done; cp green.xml r/`
  const jobs = {
    build: { cmd: 'mkdir dist; echo content > dist/file', artifacts: ['dist'] },
    unit: { cmd: `mkdir r; cat dist/file; ${fails}`, needs: 'build', tests: ['r/*.xml'], retry: 0 },
  }
  const at = await ci.write({
    ...files({ jobs }),
    'green.xml': xml(''),
    'red.xml': xml('<failure message="got 5"/>'),
  })
  await ci.system.store.put('config/gh/flaky/repeated.json', '{"maxJobs": 3}', 'application/json')
  const commit = await ci.push(at, repository, 'master')
  const first = await ci.ended(buildOf(repository, 1))
  expect(endsOf(first)).toEqual(['build: passed', 'unit: failed'])
  const [statuses, mails] = [await ci.statuses(repository, commit), ci.mails.length]

  const { exitCode, stdout, stderr } = await onTestSystem('flaky', `${repository}#1`, '-n', '5')
  expect(stderr).toContain('no more jobs than that')
  expect(stdout).toMatch(
    /^Build #2 runs unit of #1 3 times: http\S+\nunit of #1 failed 1 of 3\n +1 × cart › total$/,
  )
  expect(exitCode).toBe(0)
  const second = await ci.ended(buildOf(repository, 2))
  expect(second.jobs.map(({ title }) => title)).toEqual([
    'build',
    ...[1, 2, 3].map(run => `unit (run ${run}/3)`),
  ])
  expect(second.jobs[0]).toMatchObject({ status: 'passed', passedIn: 1 })
  expect(await ci.view(buildOf(repository, 1))).toEqual(first)
  expect(await ci.statuses(repository, commit)).toEqual(statuses)
  expect(ci.mails.slice(mails).filter(({ text }) => text?.includes(repository))).toEqual([])
  const summary = await ci.system.store.get(branchKey(first.project, 'master'))
  expect(JSON.parse(Buffer.from(summary?.body ?? '').toString())).toMatchObject({
    number: 1,
    status: 'failed',
  })
  const history = await readTestHistory(ci.system.store, first.project, 'master')
  expect(history.builds.map(({ number }) => number)).toEqual([1])

  expect(await pageOf(`${first.project}/builds/2`)).toContain('</b> 3 runs: 2 passed, 1 failed')
  for (const command of ['flaky', 'rebuild'])
    expect(await onTestSystem(command, repository)).toMatchObject({
      ...{ exitCode: 2, stderr: expect.stringContaining('only repeats unit of #1') },
    })
})
