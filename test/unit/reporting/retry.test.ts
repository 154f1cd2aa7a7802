import { beforeEach, expect, test, vi } from 'vitest'
import { artifactKey, artifactListKey } from '../../../src/model/artifact.ts'
import type { Build } from '../../../src/model/build.ts'
import { titleOf } from '../../../src/model/job.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import { buildKeys, outPrefix } from '../../../src/records/keys.ts'
import { type Draft, readPlan } from '../../../src/records/plan-record.ts'
import { readReport } from '../../../src/records/read-records.ts'
import type { JobState } from '../../../src/records/report-record.ts'
import { draftedJob, draftWith, planOf, stateWith } from '../../support/plans.ts'
import { AT, endedRun, reportOf } from '../../support/records.ts'
import { ReportWorld } from '../../support/report-world.ts'

const PROJECT = 'gh/ada/web'
const OLD = { project: PROJECT, number: 6 }
const RETRY = { project: PROJECT, number: 7 }
const digest = 'd'.repeat(16)
const job = (name: string, change = {}) => draftedJob(name, { digest, ...change })
const DRAFT = draftWith([job('build'), job('unit', { shards: 2 }), job('e2e', { needs: ['build'] })], {
  leadRunsFirst: true,
})
const ARTIFACT = {
  name: 'dist',
  bytes: 1,
  sha256: 'a'.repeat(64),
  unpackedBytes: 1,
  files: 1,
  paths: ['dist'],
}
const PLAN = { build: true, reason: 'r', cmd: 'make', stage: null, merge: null, commonDigest: digest }
const leadOf = (draft: Draft | null, change: Partial<JobRun> = {}) =>
  endedRun({ plan: PLAN, draft, artifacts: draft?.leadRunsFirst ? [ARTIFACT] : [], ...change })

// Report logs every refusal.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

type Change = { old?: Partial<Build>; retry?: Partial<Build>; states?: Partial<JobState>[] }

/** Build #6, whose second shard failed as well as `e2e`, which had the artifacts of `build`; and #7, which is to repeat that. */
async function worldWith(lead: JobRun, { old, retry, states = [] }: Change = {}): Promise<ReportWorld> {
  const world = new ReportWorld('a')
  await world.build(6, 'a', leadOf(DRAFT), old)
  const plan = planOf(DRAFT)
  await world.put(buildKeys(OLD).plan, plan)
  const passed = { publications: 1, conclusion: 'passed', startedAt: AT, endedAt: AT, cost: 1 } as const
  const failed = {
    publications: 1,
    conclusion: 'failed',
    exit: { kind: 'exited', code: 1 },
    cost: 1,
  } as const
  const jobs = [passed, passed, failed, failed].map((state, key) =>
    stateWith(key, { ...state, ...states[key] }),
  )
  const end = { conclusion: 'failed', reason: null, deploy: null, endedAt: AT } as const
  await world.put(buildKeys(OLD).report, reportOf({ end, jobs, isClosed: true }))
  const prefix = outPrefix(OLD, { key: 0, attempt: 1 })
  await world.put(artifactListKey(prefix), [ARTIFACT])
  await world.put(artifactKey(prefix, ARTIFACT), 'archive')
  await world.build(7, 'a', lead, { retryOf: 6, ...retry })
  return world
}
const AGAIN = leadOf({ ...DRAFT, leadRunsFirst: false })
const started = ({ jobs }: ReportWorld) =>
  jobs.map(({ job: { identity, needs } }) => [identity && titleOf(identity), needs])

test('what has passed is neither started nor paid for, and what runs gets artifacts from where they are', async () => {
  const world = await worldWith(AGAIN)
  await world.report(7)
  expect(started(world)).toEqual([
    ['unit (2/2)', []],
    ['e2e', [{ build: 6, key: 0, attempt: 1, title: 'build' }]],
  ])
  const report = await readReport(world.store, RETRY)
  expect(report?.jobs.map(({ conclusion, publications, cost }) => [conclusion, publications, cost])).toEqual([
    ...[
      ['passed', 0, null],
      ['passed', 0, null],
    ],
    ...[
      [null, 1, null],
      [null, 1, null],
    ],
  ])
  const plan = await readPlan(world.store, RETRY)
  expect(plan?.jobs.map(({ passedIn }) => passedIn && [passedIn.build, passedIn.key])).toEqual([
    ...[[6, 0], [6, 1], undefined, undefined],
  ])
})

/** Report dies before or after its nth conditional write. Returns whether there was one. */
async function interrupt(world: ReportWorld, nth: number, when: 'before' | 'after'): Promise<boolean> {
  const { putIf } = world.store
  let writes = 0
  world.store.putIf = async (...write) => {
    writes += 1
    if (writes === nth && when === 'after') await putIf(...write)
    if (writes >= nth) throw new Error('killed')
    return putIf(...write)
  }
  await world.report(7).catch(() => {})
  world.store.putIf = putIf
  return writes >= nth
}

test('a report that is interrupted before or after any of its writes is continued by the next one: with the same plan, and nothing else is started', async () => {
  for (const when of ['before', 'after'] as const)
    for (let nth = 1; ; nth += 1) {
      const world = await worldWith(AGAIN)
      if (!(await interrupt(world, nth, when))) {
        expect(nth).toBeGreaterThan(4)
        break
      }
      world.at(5)
      await world.report(7)
      const titles = started(world).map(([title]) => title)
      expect(new Set(titles), `${when} write ${nth}`).toEqual(new Set(['unit (2/2)', 'e2e']))
      const plan = await readPlan(world.store, RETRY)
      expect(plan?.jobs.map(({ passedIn }) => passedIn?.key)).toEqual([0, 1, undefined, undefined])
      const report = await readReport(world.store, RETRY)
      expect(report?.jobs.map(({ conclusion }) => conclusion)).toEqual(['passed', 'passed', null, null])
    }
})

test('a lead that claims where jobs have passed is not heard', async () => {
  const passedIn = { build: 5, key: 3, attempt: 1, startedAt: AT, endedAt: AT }
  const forged = { ...DRAFT, leadRunsFirst: false, jobs: DRAFT.jobs.map(each => ({ ...each, passedIn })) }
  const world = await worldWith(leadOf(forged))
  await world.report(7)
  expect(started(world).map(([title]) => title)).toEqual(['unit (2/2)', 'e2e'])
  const ordinary = new ReportWorld('a')
  await ordinary.build(7, 'a', leadOf(forged))
  await ordinary.report(7)
  expect(started(ordinary).map(([title]) => title)).toEqual(['build', 'unit (1/2)', 'unit (2/2)'])
})

const whole = 'Rebuild it whole: lambci rebuild ada/web#6'
const CHANGED = { ...DRAFT, leadRunsFirst: false, jobs: DRAFT.jobs.slice(0, 2) }
test.each<[string, JobRun, Change, string]>([
  [
    'whose plan is another one',
    leadOf(CHANGED),
    {},
    `The plan is no longer that of #6: the job e2e is missing. ${whole}`,
  ],
  [
    'of another commit',
    AGAIN,
    { retry: { commit: 'f'.repeat(40) } },
    'There is no build #6 of this commit. Rebuild it whole: lambci rebuild ada/web#7',
  ],
  [
    'of another branch',
    AGAIN,
    { retry: { trigger: 'push/topic' } },
    'There is no build #6 of this commit. Rebuild it whole: lambci rebuild ada/web#7',
  ],
  [
    'of a build that is not there',
    AGAIN,
    { retry: { retryOf: 4 } },
    'There is no build #4 of this commit. Rebuild it whole: lambci rebuild ada/web#7',
  ],
  [
    'whose trust is lower by now',
    AGAIN,
    { retry: { trust: 'branch' } },
    `Build #6 of ada/web ran with trust "protected", and would now have "branch": nothing that passed there can be taken over. ${whole}`,
  ],
  [
    'of a fork, of a build of the branch',
    AGAIN,
    { old: { trust: 'branch' }, retry: { trust: 'fork' } },
    `Build #6 of ada/web ran with trust "branch", and would now have "fork": nothing that passed there can be taken over. ${whole}`,
  ],
  [
    'of what has passed',
    AGAIN,
    { states: [{}, {}, { conclusion: 'passed' }, { conclusion: 'passed' }] },
    'Nothing has failed in build #6 of ada/web. To run all of it again: lambci rebuild ada/web#6',
  ],
  [
    'whose lead has planned no jobs',
    leadOf(null, { reason: 'No job applies' }),
    {},
    `The plan is no longer that of #6: it has no jobs (No job applies). ${whole}`,
  ],
  [
    'that its files skip by now',
    leadOf(null, { conclusion: 'skipped', reason: 'The branch is not built.' }),
    {},
    `The plan is no longer that of #6: it has no jobs (The branch is not built.). ${whole}`,
  ],
])('a retry %s is an error, and everybody is told', async (_, lead, change, reason) => {
  const world = await worldWith(lead, change)
  await world.report(7)
  expect(await world.endOf(7)).toMatchObject({ conclusion: 'errored', reason })
  expect(started(world)).toEqual([])
  expect(world.statuses.at(-1)).toMatchObject({ state: 'error' })
  expect(await readPlan(world.store, RETRY)).toBeNull()
})

test.each([
  ['the archive', artifactKey(outPrefix(OLD, { key: 0, attempt: 1 }), ARTIFACT)],
  ['their list', artifactListKey(outPrefix(OLD, { key: 0, attempt: 1 }))],
])('a retry whose jobs need artifacts of which %s has expired is an error', async (_, key) => {
  const world = await worldWith(AGAIN)
  await world.store.remove(key)
  await world.report(7)
  const reason = expect.stringMatching(
    /^The artifacts of build from build #6 are no longer there: artifacts are kept for 30 days\. Rebuild it whole/,
  )
  expect(await world.endOf(7)).toMatchObject({ conclusion: 'errored', reason })
  expect(started(world)).toEqual([])
})

test('artifacts that no job needs may have expired', async () => {
  const world = await worldWith(AGAIN, { states: [{}, {}, {}, { conclusion: 'passed' }] })
  await world.store.remove(artifactListKey(outPrefix(OLD, { key: 0, attempt: 1 })))
  await world.report(7)
  expect(started(world).map(([title]) => title)).toEqual(['unit (2/2)'])
})

test('a lead of a retry that fails by itself says why', async () => {
  const world = await worldWith(
    leadOf(null, { conclusion: 'errored', reason: 'GitHub does not have the commit' }),
  )
  await world.report(7)
  expect(await world.endOf(7)).toMatchObject({
    conclusion: 'errored',
    reason: 'GitHub does not have the commit',
  })
})
