import { expect, test } from 'vitest'
import { nonceOf } from '../../../src/admission/job-nonce.ts'
import type { JobFailure } from '../../../src/model/failure.ts'
import { costOf } from '../../../src/records/cost.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import { jobKeys } from '../../../src/records/keys.ts'
import { listJobs } from '../../../src/records/listed-jobs.ts'
import { type JobState, jobStateSchema } from '../../../src/records/report-record.ts'
import { refreshJobs } from '../../../src/reporting/refresh-jobs.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY, planOf, stateWith } from '../../support/plans.ts'
import { after, endedRun, makeBuild, RUNNER_SECRETS, reportOf, runOf } from '../../support/records.ts'

const build = makeBuild()
const plan = planOf(draftWith([draftedJob('lint'), draftedJob('unit', { shards: 2 })]))
const runFunctions = {
  ...{ memoryMb: 2048, storageMb: 2048, timeoutSeconds: 900, architecture: 'arm64' },
  mostJobs: 4,
}
const { linkKey } = RUNNER_SECRETS
/** Lambda reports that an attempt of a job died. */
const failureOf = (job: number, attempt = 1) => ({
  ...{ job, attempt, nonce: nonceOf(build, { key: job, attempt }, linkKey) },
  ...{ requestId: 'request-1', reason: 'its process was killed' },
})
const running = (key: number, change: Partial<JobState> = {}) =>
  stateWith(key, { publications: 1, latestEnd: build.latestEnd, ...change })

/** A build of lint and of unit in two parts, which are the jobs 1 to 3. */
function openBuild() {
  const store = openMemoryStore(() => after(60))
  const lists: string[] = []
  const reads: string[] = []
  const watched = {
    ...store,
    getRange: (key: string, from: number, length: number) => {
      reads.push(key)
      return store.getRange(key, from, length)
    },
    list: (prefix: string, options = {}) => {
      lists.push(prefix)
      return store.list(prefix, options)
    },
  }
  return {
    store,
    lists,
    reads,
    write: (key: number, attempt: number, name: 'claim' | 'end', change: Partial<JobRun> = {}) =>
      store.put(
        jobKeys(build, { key, attempt }).record(name),
        JSON.stringify(name === 'claim' ? runOf({ phase: 'claimed', plan: null }) : endedRun(change)),
        'application/json',
      ),
    put: (key: string) => store.put(key, '{}', 'application/json'),
    refresh: async (
      states: JobState[],
      change: Partial<Parameters<typeof refreshJobs>[0]> = {},
      now = after(60),
    ) => {
      const recordsOf = await listJobs(watched, build)
      const lead = { run: null, record: null, objects: [] }
      const known = { build, plan, lead, report: reportOf(), recordsOf, request: null, ...change }
      return refreshJobs(known, states, {
        ...{ store: watched, runFunctions, linkKey, now: () => now },
      })
    },
  }
}
const namesOf = (states: readonly JobState[]) =>
  states.map(
    ({ attempt, publications, conclusion }) =>
      `${attempt}: ${publications ? (conclusion ?? 'runs') : 'waits'}`,
  )

test('one request lists all jobs, and only those that have written more than their claim are read', async () => {
  const { write, refresh, lists, reads } = openBuild()
  await write(1, 1, 'claim')
  await write(2, 1, 'claim')
  await write(2, 1, 'end')
  const found = await refresh([running(1), running(2), running(3)])
  expect(namesOf(found.states)).toEqual(['1: runs', '1: passed', '1: runs'])
  expect([found.ended, found.lost]).toEqual([[2], []])
  expect(found.states.map(({ startedAt }) => startedAt)).toEqual([
    after(60).toISOString(),
    after(2).toISOString(),
    null,
  ])
  expect(reads).toEqual([jobKeys(build, { key: 2, attempt: 1 }).record('end')])
  expect(lists).toEqual([`gh/ada/web/builds/7/jobs/`, jobKeys(build, { key: 2, attempt: 1 }).prefix])
})

test('a job that a report started before it died is known by what it has written', async () => {
  const { write, refresh } = openBuild()
  await write(1, 1, 'claim')
  await write(2, 1, 'claim')
  await write(2, 1, 'end')
  const found = await refresh([stateWith(1), stateWith(2), stateWith(3)])
  expect(namesOf(found.states)).toEqual(['1: runs', '1: passed', '1: waits'])
  expect(found.ended).toEqual([2])
})

test('so is a second attempt', async () => {
  const { write, refresh } = openBuild()
  await write(2, 1, 'claim')
  await write(2, 2, 'claim')
  await write(2, 2, 'end')
  const report = reportOf({ failures: [failureOf(2)] })
  const found = await refresh([running(1), running(2), running(3)], { report })
  expect(namesOf(found.states)).toEqual(['1: runs', '2: passed', '1: runs'])
  expect(found.ended).toEqual([2])
})

test('an attempt that died costs what it may have run, and its job costs both attempts', async () => {
  const { write, refresh } = openBuild()
  await write(2, 1, 'claim')
  const cost = async (states: JobState[], now: Date) => {
    const found = await refresh(states, {}, now)
    return { states: found.states, cost: found.states[1]?.cost ?? 0 }
  }
  // Claimed after a minute, dead after 15 more, found another minute later: as long as its function may run.
  const died = await cost([running(1), running(2), running(3)], after(17 * 60 + 1))
  expect(namesOf(died.states)[1]).toBe('2: waits')
  const ofFirst = costOf({ ...runFunctions, seconds: 900, segments: 0, bytes: 0 }, false)
  expect(died.cost).toBeCloseTo(ofFirst, 6)
  // Another look measures nothing twice.
  expect((await cost(died.states, after(17 * 60 + 1))).cost).toBe(died.cost)
  await write(2, 2, 'claim')
  await write(2, 2, 'end')
  const passed = await cost(died.states, after(18 * 60))
  expect(namesOf(passed.states)[1]).toBe('2: passed')
  const ofSecond = costOf({ ...runFunctions, seconds: 0, segments: 0, bytes: 0 }, false)
  expect(passed.cost).toBeCloseTo(ofFirst + ofSecond, 6)
})

test('jobs that do not fit into the list, because one has written thousands of objects, are read', async () => {
  const { write, put, refresh } = openBuild()
  for (let count = 0; count < 3000; count++) await put(`gh/ada/web/builds/7/jobs/1/1/a${count}.json`)
  await write(2, 1, 'claim')
  await write(2, 1, 'end')
  const found = await refresh([running(1), running(2), running(3)])
  expect(namesOf(found.states)).toEqual(['1: runs', '1: passed', '1: runs'])
})

/** A build of one job, whose deploy is the job 2. */
const deploying = planOf(draftWith([draftedJob('build')], { deploys: [PLANNED_DEPLOY] }))
const PASSED = stateWith(1, { publications: 1, conclusion: 'passed' })
const OVERDUE = after(3301)

test.each<
  [string, { failures?: object[]; isStarted?: boolean; publications?: number; now?: Date }, object, number[]]
>([
  [
    'whose process was killed',
    { failures: [failureOf(2)] },
    { conclusion: 'failed', reason: 'The job died: its process was killed' },
    [],
  ],
  [
    'that reported no end',
    { now: OVERDUE },
    { conclusion: 'failed', reason: 'The job died: it did not report its end in time' },
    [],
  ],
  ['that runs', {}, { conclusion: null }, []],
  [
    'of which another message says that it died',
    { failures: [{ ...failureOf(2), nonce: build.nonce }] },
    { conclusion: null },
    [],
  ],
  ['whose message was lost', { isStarted: false, now: OVERDUE }, { conclusion: null, publications: 1 }, [2]],
  [
    'that never started',
    { isStarted: false, publications: 3, now: OVERDUE },
    { conclusion: 'errored', reason: 'The job never started, after 3 attempts: no function has run its job' },
    [],
  ],
])('a deploy %s', async (_, { failures = [], isStarted = true, publications = 1, now }, expected, lost) => {
  const { write, refresh } = openBuild()
  if (isStarted) await write(2, 1, 'claim')
  const report = reportOf({ failures: failures as ReturnType<typeof failureOf>[] })
  const found = await refresh([PASSED, running(2, { publications })], { plan: deploying, report }, now)
  expect(found.states[1]).toMatchObject(expected)
  expect(found.lost).toEqual(lost)
})

test('a cancel request ends no deploy whose message is on its way, but any other job', async () => {
  const request = { by: 'ada', why: 'by ada', supersededBy: null, at: after(3).toISOString() }
  const { refresh } = openBuild()
  const found = await refresh([running(1), running(2)], { plan: deploying, request })
  expect(found.states.map(({ conclusion }) => conclusion)).toEqual(['cancelled', null])
})

const FAILURE: JobFailure = {
  ...{ source: 'log', test: 'cart › adds', excerpt: ['5 !== 6'], file: 'cart.js', line: 3, logLine: 12 },
}
const FAILED = {
  conclusion: 'failed',
  exit: { kind: 'exited', code: 1 },
  reason: 'cart › adds failed',
} as const

test.each<[string, Partial<JobRun>, true | undefined]>([
  ['the output names what failed', { ...FAILED, failure: FAILURE }, true],
  ['a report names what failed', { ...FAILED, failure: { ...FAILURE, source: 'report' } }, true],
  [
    'nothing but the end of the output is known',
    { ...FAILED, failure: { ...FAILURE, source: 'end' } },
    undefined,
  ],
  ['nothing is known', FAILED, undefined],
  ['it claims to have passed', { failure: FAILURE }, undefined],
  [
    'it was killed',
    { ...FAILED, exit: { kind: 'signalled', signal: 'SIGKILL' }, failure: FAILURE },
    undefined,
  ],
])('of a job that has failed, its state has whether its reason names it: %s', async (_, change, isNamed) => {
  const { write, refresh } = openBuild()
  await write(1, 1, 'claim')
  await write(1, 1, 'end', change)
  const { states } = await refresh([running(1)])
  expect(states.map(state => jobStateSchema.parse(state).isNamed)).toEqual([isNamed])
})

test('the first job of a build is run again if it failed, and its second attempt is read as any other', async () => {
  const { refresh, store } = openBuild()
  const own = planOf(draftWith([draftedJob('unit', { retry: 1 })], { leadRunsFirst: true }))
  const failed = endedRun({ conclusion: 'failed', exit: { kind: 'exited', code: 1 } })
  const lead = { run: failed, record: 'end' as const, objects: [] }
  const again = await refresh([running(0)], { plan: own, lead })
  expect(namesOf(again.states)).toEqual(['2: waits'])
  expect(again.states[0]).toMatchObject({ failed: [1], conclusion: null, exit: null, reason: null })
  expect([again.ended, again.lost]).toEqual([[], []])
  const key = jobKeys(build, { key: 0, attempt: 2 }).record('end')
  await store.put(key, JSON.stringify(endedRun()), 'application/json')
  const passed = await refresh([{ ...running(0), attempt: 2, failed: [1] }], { plan: own, lead })
  expect(passed.states[0]).toMatchObject({ attempt: 2, failed: [1], conclusion: 'passed' })
})

test('a newer commit that ends no build of this plan keeps no job from being run again', async () => {
  const { write, refresh } = openBuild()
  const [unit] = planOf(draftWith([draftedJob('unit', { retry: 1 })])).jobs
  await write(1, 1, 'end', { conclusion: 'failed', exit: { kind: 'exited', code: 1 } })
  const request = { by: 'lambci', why: 'Superseded by #9', supersededBy: 9, at: after(3).toISOString() }
  const refreshed = (cancelSuperseded: boolean) =>
    refresh([running(1)], { request, plan: { ...plan, cancelSuperseded, jobs: unit ? [unit] : [] } })
  expect((await refreshed(false)).states).toMatchObject([{ attempt: 2, failed: [1], conclusion: null }])
  expect((await refreshed(true)).states).toMatchObject([{ attempt: 1, conclusion: 'failed' }])
})

test('nor does it end a job of a pull request that is not claimed yet', async () => {
  const request = { by: 'lambci', why: 'Superseded by #9', supersededBy: 9, at: after(3).toISOString() }
  const refreshed = (cancelSuperseded: boolean) =>
    openBuild().refresh([running(1)], {
      ...{ request, build: makeBuild({ pullRequest: 5 }), plan: { ...plan, cancelSuperseded } },
    })
  expect((await refreshed(false)).states).toMatchObject([{ conclusion: null }])
  expect((await refreshed(true)).states).toMatchObject([{ conclusion: 'cancelled' }])
})
