import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLog } from '../../../src/log/reader.ts'
import { type BuildRef, buildKeys, jobKeys } from '../../../src/records/keys.ts'
import type { View } from '../../../src/records/view.ts'
import { lambci } from '../../support/lambci.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const files = (config: object) => ({
  '.lambci.json': JSON.stringify({ branches: { '/.*/': true }, ...config }),
})
const push = async (repository: string, config: object, branch = 'topic') => {
  const commit = await ci.push(await ci.write(files(config)), repository, branch)
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  return { commit, view, statuses: await ci.statuses(repository, commit) }
}
const endsOf = (view: View) => view.jobs.map(({ title, status }) => `${title}: ${status}`)
const logOf = async (view: View, title: string) => {
  const job = view.jobs.find(each => each.title === title)
  if (!job?.ref) throw new Error(`${title} has no log`)
  const { bytes } = await readLog(ci.system.store, jobKeys(view, job.ref).log, 0, 100_000)
  return Buffer.from(bytes).toString()
}

test('jobs, shards and cells of a matrix run, and one status tells their end', async () => {
  const { view, statuses } = await push('jobs/all', {
    env: { WHO: 'all' },
    setup: 'SET=up',
    jobs: {
      lint: 'echo linted by $WHO, $SET',
      unit: { cmd: 'echo part $LAMBCI_SHARD of $LAMBCI_SHARDS of $LAMBCI_JOB', shards: 2 },
      node: { cmd: 'echo on $NODE', matrix: { NODE: ['22', '24'] } },
    },
  })
  const passed = ['lint', 'unit (1/2)', 'unit (2/2)', 'node (NODE=22)', 'node (NODE=24)']
  expect(endsOf(view)).toEqual(passed.map(title => `${title}: passed`))
  expect(view.status).toBe('passed')
  expect(view.cost).toBeGreaterThan(0)
  expect(await logOf(view, 'lint')).toMatch(/^linted by all, up$/m)
  expect(await logOf(view, 'unit (2/2)')).toMatch(/^part 2 of 2 of unit$/m)
  expect(await logOf(view, 'node (NODE=24)')).toMatch(/^on 24$/m)
  expect(statuses).toEqual([
    expect.stringMatching(/^pending /),
    expect.stringMatching(/^success .*Passed in/),
  ])
})

test('red: what failed is named, what needs it is skipped, what may fail is done, and nothing is deployed', async () => {
  const config = {
    failFast: false,
    jobs: {
      optional: { cmd: 'exit 3', allowFailure: true },
      unit: { cmd: 'test $LAMBCI_SHARD = 1', shards: 2 },
      after: { cmd: 'echo after', needs: 'unit' },
      last: { cmd: 'echo last', needs: 'after' },
      free: { cmd: 'echo free', needs: 'optional' },
    },
    stages: { master: 'dev' },
    deploy: 'echo deployed',
  }
  const { view, statuses } = await push('jobs/red', config, 'master')
  expect(endsOf(view)).toEqual([
    ...['optional: failed', 'unit (1/2): passed', 'unit (2/2): failed'],
    ...['after: skipped', 'last: skipped', 'free: passed', 'deploy: skipped'],
  ])
  expect(view.jobs.find(({ name }) => name === 'last')?.reason).toBe('unit (2/2) failed')
  expect(view).toMatchObject({ status: 'failed', deploy: null })
  expect(statuses.at(-1)).toMatch(/^failure .*1 of 6 jobs failed: unit \(2\/2\)/)
})

test('a job that fails ends the others at once', async () => {
  const { view } = await push('jobs/fast', {
    jobs: { slow: 'sleep 600', wrong: 'exit 1', later: { cmd: 'echo later', needs: 'slow' } },
  })
  expect(endsOf(view)).toEqual(['slow: cancelled', 'wrong: failed', 'later: skipped'])
  expect(view.reason).toBe('1 of 3 jobs failed: wrong')
})

test('artifacts reach the jobs that need them, and nothing else does', async () => {
  const { view } = await push('jobs/artifacts', {
    jobs: {
      other: 'mkdir dist; echo wrong > dist/other.txt',
      build: { cmd: 'mkdir -p dist/sub; echo built > dist/sub/file.txt; touch left', artifacts: ['dist'] },
      parts: {
        cmd: 'mkdir r; echo $LAMBCI_SHARD > r/$LAMBCI_SHARD.txt',
        shards: 2,
        artifacts: { reports: ['r'] },
      },
      use: {
        cmd: 'test ! -e left; test ! -e dist/other.txt; cat dist/sub/file.txt r/1.txt r/2.txt',
        needs: ['build', 'parts'],
      },
      without: { cmd: 'test ! -e dist && echo nothing', needs: [{ job: 'build', artifacts: [] }] },
    },
  })
  expect(view.reason).toBeNull()
  expect(view.status).toBe('passed')
  expect(await logOf(view, 'use')).toMatch(/built\n1\n2\n/)
  expect(await logOf(view, 'without')).toMatch(/^nothing$/m)
})

test('a deploy runs once all jobs are green, with the artifacts that it names', async () => {
  const { view, statuses } = await push(
    'jobs/deployed',
    {
      jobs: {
        unit: 'echo tested',
        build: { cmd: 'mkdir dist; echo site > dist/index.html', artifacts: ['dist'] },
      },
      stages: { master: 'dev' },
      deploy: { cmd: 'cat dist/index.html; echo to $LAMBCI_STAGE', artifacts: ['build'] },
    },
    'master',
  )
  expect(endsOf(view)).toEqual(['unit: passed', 'build: passed', 'deploy: passed'])
  expect(view).toMatchObject({ status: 'passed', deploy: { stage: 'dev', status: 'succeeded' } })
  expect(await logOf(view, 'deploy')).toMatch(/site\nto dev/)
  expect(statuses.at(-1)).toMatch(/^success .*deployed to dev/)
})

const onTestSystem = (...args: string[]) => lambci([...args, '--data', join(ci.directory, 'data')])
const isStarted = (build: BuildRef, ...titles: string[]) =>
  ci.until(`the start of ${titles}`, async () => {
    const jobs = (await ci.view(build))?.jobs ?? []
    const logs = await Promise.all(titles.map(title => logSoFar(build, jobs, title)))
    return logs.every(log => log.includes('begun'))
  })
const logSoFar = async (build: BuildRef, jobs: View['jobs'], wanted: string) => {
  const ref = jobs.find(({ title }) => title === wanted)?.ref
  if (!ref) return ''
  const { bytes } = await readLog(ci.system.store, jobKeys(build, ref).log, 0, 100_000)
  return Buffer.from(bytes).toString()
}
const LONG = {
  one: 'echo begun; sleep 600',
  two: 'echo begun; sleep 600',
  three: { cmd: 'true', needs: 'one' },
}

test('a request to cancel reaches all jobs', async () => {
  const build = { project: 'gh/jobs/cancelled', number: 1 }
  await ci.push(await ci.write(files({ jobs: LONG })), 'jobs/cancelled', 'topic')
  await isStarted(build, 'one', 'two')
  expect(await onTestSystem('cancel', 'jobs/cancelled#1')).toMatchObject({ exitCode: 0 })
  const view = await ci.ended(build)
  expect(endsOf(view)).toEqual(['one: cancelled', 'two: cancelled', 'three: cancelled'])
  expect(view).toMatchObject({ status: 'cancelled', reason: expect.stringMatching(/^by /) })
})

test('a newer commit ends all jobs of the build before', async () => {
  const build = { project: 'gh/jobs/superseded', number: 1 }
  const at = await ci.write(files({ jobs: LONG }))
  await ci.push(at, 'jobs/superseded', 'topic')
  await isStarted(build, 'one', 'two')
  await ci.push(at, 'jobs/superseded', 'topic', files({ cmd: 'true' }))
  expect(await ci.ended(build)).toMatchObject({ status: 'cancelled', reason: 'Superseded by #2' })
  expect(await ci.ended({ ...build, number: 2 })).toMatchObject({ status: 'passed' })
})

test('a build whose lead has ended is neither passed nor out of reach of a newer commit', async () => {
  const build = { project: 'gh/jobs/led', number: 1 }
  const at = await ci.write(files({ jobs: { first: 'true', long: 'echo begun; sleep 600' } }))
  await ci.push(at, 'jobs/led', 'topic')
  await isStarted(build, 'long')
  await ci.until('the end of the lead', async () => (await ci.view(build))?.jobs[0]?.status === 'passed')
  expect(await ci.view(build)).toMatchObject({ status: 'running', endedAt: null })
  await ci.push(at, 'jobs/led', 'topic', files({ cmd: 'true' }))
  expect(await ci.ended(build)).toMatchObject({ status: 'cancelled', reason: 'Superseded by #2' })
})

test('a shard that died gets one more attempt; another job that died is an error', async () => {
  const dies = (flag: string) => `test -e ${flag} || { touch ${flag}; kill -9 $PPID; }`
  const [shard, single] = [join(ci.directory, 'shard-died'), join(ci.directory, 'job-died')]
  const again = { unit: { cmd: `test $LAMBCI_SHARD = 1 || ${dies(shard)}`, shards: 2 } }
  const { view } = await push('jobs/dead-shard', { jobs: again })
  expect(endsOf(view)).toEqual(['unit (1/2): passed', 'unit (2/2): passed'])
  expect(view.jobs.map(({ ref }) => ref?.attempt)).toEqual([1, 2])
  const logs = (...more: string[]) =>
    lambci(['logs', 'jobs/dead-shard', 'unit (2/2)', ...more, '--data', join(ci.directory, 'data')])
  const counted = await logs()
  expect(counted.stdout).toContain('Passed after')
  expect(counted.stderr).toContain('Note: attempt 1 of unit (2/2) died. Its log: --attempt 1')
  const died = await logs('--attempt', '1')
  expect(died).toMatchObject({ exitCode: 0, stderr: '' })
  expect(died.stdout).toMatch(/▸ The job died: its process was killed.*\n▸ It was given another attempt$/)
  expect(await logs('--attempt', '3')).toMatchObject({
    exitCode: 2,
    stderr: 'lambci: There is no attempt 3 of this job.',
  })
  const other = await push('jobs/dead-job', { jobs: { lint: 'true', unit: dies(single) } })
  expect(endsOf(other.view)).toEqual(['lint: passed', 'unit: errored'])
  expect(other.view).toMatchObject({
    status: 'errored',
    reason: expect.stringMatching(
      /^1 of 2 jobs ended in an error: unit\. The job died: its process was killed/,
    ),
  })
  const whole = await ci.system.store.get(buildKeys(other.view).log)
  expect(Buffer.from(whole?.body ?? '').toString()).toMatch(/lint: passed.*unit: errored/s)
})

test('more jobs than allowed are an error with counts, and none of them runs', async () => {
  const { view, statuses } = await push('jobs/many', { jobs: { unit: { cmd: 'true', shards: 60 } } })
  expect(view).toMatchObject({ status: 'errored', jobs: [] })
  expect(statuses.at(-1)).toMatch(/^error .*60 .*50/)
})

test('jobs that do not take part are left out; if none does, the status says so', async () => {
  const { view } = await push('jobs/some', {
    jobs: { one: 'true', two: { cmd: 'true', on: 'pullRequest' }, three: 'true' },
  })
  expect(endsOf(view)).toEqual(['one: passed', 'three: passed', 'two: left-out'])
  const none = await push('jobs/none', { jobs: { two: { cmd: 'true', on: 'pullRequest' } } })
  expect(none.view.status).toBe('passed')
  expect(none.statuses.at(-1)).toMatch(/^success lambci\/push: No job applies/)
})
