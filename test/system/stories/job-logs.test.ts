import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lambci } from '../../support/lambci.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const command = (...args: string[]) => lambci([...args, '--data', join(ci.directory, 'data')])

test('the logs of several jobs are followed, listed and printed by title', async () => {
  const gate = ci.gate()
  const jobs = {
    first: { cmd: `echo first begins; ${gate.wait}; printf 'first ends'` },
    unit: { cmd: 'echo part $LAMBCI_SHARD; test $LAMBCI_SHARD = 1', shards: 2 },
    last: { cmd: 'echo last', needs: 'unit' },
  }
  const config = { branches: { '/.*/': true }, failFast: false, jobs }
  await ci.push(await ci.write({ '.lambci.json': JSON.stringify(config) }), 'jobs/logs', 'topic')
  const build = { project: 'gh/jobs/logs', number: 1 }
  await ci.until('the build', async () => (await ci.view(build)) !== null)
  const [all, one] = [
    command('logs', '-f', 'jobs/logs#1'),
    command('logs', '-f', 'jobs/logs#1', 'unit (1/2)'),
  ]
  await ci.until('the failure', async () =>
    (await ci.view(build))?.jobs.some(({ title, status }) => title === 'unit (2/2)' && status === 'failed'),
  )
  await gate.open()
  await ci.ended(build)

  const followed = await all
  expect([followed.exitCode, followed.stderr]).toEqual([1, ''])
  for (const line of [
    'first      | first begins',
    'first      | first ends',
    'unit (1/2) | part 1',
    'unit (2/2) | part 2',
  ])
    expect(followed.stdout.split('\n')).toContain(line)
  expect(followed.stdout).toMatch(
    /\n {2}unit \(2\/2\) {2}failed .*\n {2}last {8}skipped .*unit \(2\/2\) failed$/,
  )
  expect((await one).exitCode).toBe(0)
  expect((await one).stdout).toMatch(/^part 1$/m)

  const list = await command('logs', 'jobs/logs')
  expect(list.stdout).toMatch(
    /^Build #1 of jobs\/logs has 4 jobs: 2 passed, 1 failed, 1 skipped\.\n {2}first {7}passed/,
  )
  expect(list.stdout).toContain('To print the log of one: lambci logs jobs/logs#1 "unit (2/2)"')
  expect((await command('logs', 'jobs/logs#1', 'unit (2/2)')).stdout).toMatch(/^part 2$/m)
  const parts = (await command('logs', 'jobs/logs', 'unit')).stdout
  expect(parts).toMatch(/^unit \(1\/2\) \| part 1$[\s\S]*^unit \(2\/2\) \| part 2$/m)
  const skipped = await command('logs', 'jobs/logs', 'last')
  expect([skipped.exitCode, skipped.stderr]).toEqual([
    2,
    'lambci: last has no log: it is skipped (unit (2/2) failed).',
  ])
  expect((await command('builds', 'jobs/logs')).stdout).toMatch(/failed {5}2\/4 jobs/)
  const [view] = JSON.parse((await command('builds', 'jobs/logs', '--json')).stdout)
  expect(view.jobs.map(({ key, log }: { key: number; log: string }) => [key, log])).toEqual([
    ...[0, 1, 2].map(key => [key, `/gh/jobs/logs/builds/1/jobs/${key}/log`]),
    [3, null],
  ])
})
