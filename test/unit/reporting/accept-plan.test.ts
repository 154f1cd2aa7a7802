import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Trust } from '../../../src/model/build.ts'
import { titleOf } from '../../../src/model/job.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import {
  type Draft,
  type DraftedJob,
  draftSchema,
  planRecordSchema,
  readPlan,
} from '../../../src/records/plan-record.ts'
import { acceptDraft, recordPlan } from '../../../src/reporting/accept-plan.ts'
import { scheduleJobs } from '../../../src/reporting/schedule.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import {
  draftedJob,
  drafts,
  draftWith,
  OTHER_DEPLOY,
  PLANNED_DEPLOY,
  planOf,
  stateWith,
} from '../../support/plans.ts'
import { makeBuild } from '../../support/records.ts'
import { runs } from '../../support/runs.ts'

const job = draftedJob
const accept = (draft: Draft, trust: Trust = 'protected', maxJobs = 50) =>
  acceptDraft({ trust }, draft, maxJobs)

test('each cell and each shard is a job, in the order of the draft', () => {
  const draft = draftWith(
    [
      job('lint', { allowFailure: true, hasSecrets: false }),
      job('docs'),
      job('node', {
        cells: [{ NODE: '22' }, { NODE: '24', OS: 'linux' }],
        shards: 2,
        needs: ['lint', 'docs'],
        withoutArtifacts: ['lint'],
      }),
    ],
    {
      failFast: true,
      maxParallel: 3,
      cancelSuperseded: true,
      leftOut: [{ name: 'e2e', reason: 'Nothing changed.' }],
    },
  )
  const { jobs, ...rest } = planOf(draft)
  expect(jobs.map(each => [each.key, titleOf(each)])).toEqual([
    [1, 'lint'],
    [2, 'docs'],
    [3, 'node (NODE=22, 1/2)'],
    [4, 'node (NODE=22, 2/2)'],
    [5, 'node (NODE=24, OS=linux, 1/2)'],
    [6, 'node (NODE=24, OS=linux, 2/2)'],
  ])
  expect(jobs[0]).toMatchObject({ allowFailure: true, hasSecrets: false, needs: [], isDeploy: false })
  const needs = [
    { job: 'lint', hasArtifacts: false },
    { job: 'docs', hasArtifacts: true },
  ]
  expect(jobs[5]).toMatchObject({ needs, hasSecrets: true })
  const { failFast, maxParallel, cancelSuperseded, leftOut } = draft
  expect(rest).toEqual({ failFast, maxParallel, cancelSuperseded, leftOut, deploys: [] })
})

test('the first job has the ordinal of the lead, if the lead runs it', () => {
  const keys = (draft: Draft) => planOf(draft).jobs.map(({ key }) => key)
  expect(keys(draftWith([job('lint'), job('unit')], { leadRunsFirst: true }))).toEqual([0, 1])
  expect(keys(draftWith([job('lint'), job('unit')]))).toEqual([1, 2])
})

test('the deploy comes last, and needs all jobs', () => {
  const { jobs } = planOf(draftWith([job('lint'), job('unit', { shards: 2 })], { deploys: [PLANNED_DEPLOY] }))
  expect(jobs.at(-1)).toEqual({
    key: 4,
    name: 'deploy',
    cell: {},
    shard: null,
    needs: [
      { job: 'lint', hasArtifacts: true },
      { job: 'unit', hasArtifacts: true },
    ],
    allowFailure: false,
    hasSecrets: true,
    isDeploy: true,
    stage: 'production',
  })
})

const UNUSABLE = 'The plan of this build cannot be used: '
type Row = [string, Draft, string]
test.each<Row>([
  [
    'two jobs of the same name',
    draftWith([job('lint'), job('unit'), job('lint')]),
    'two of its jobs are called lint',
  ],
  [
    'the same name, so that a part of it would come after what needs it',
    draftWith([job('a'), job('b', { needs: ['a'] }), job('a', { needs: ['b'] })]),
    'two of its jobs are called a',
  ],
  [
    'the same cell twice',
    draftWith([job('node', { cells: [{ NODE: '22' }, { NODE: '22' }] })]),
    'two of its jobs are node (NODE=22)',
  ],
  [
    'two cells that look the same',
    draftWith([job('node', { cells: [{ A: '1, B=2' }, { A: '1', B: '2' }] })]),
    'two of its jobs are node (A=1, B=2)',
  ],
  [
    'a need that is no job',
    draftWith([job('unit', { needs: ['lint'] })]),
    'unit needs lint, which does not come before it',
  ],
  [
    'a need that comes later',
    draftWith([job('unit', { needs: ['lint'] }), job('lint')]),
    'unit needs lint, which does not come before it',
  ],
  [
    'itself as a need',
    draftWith([job('unit', { needs: ['unit'] })]),
    'unit needs unit, which does not come before it',
  ],
  [
    'a circle',
    draftWith([job('a', { needs: ['b'] }), job('b', { needs: ['a'] })]),
    'a needs b, which does not come before it',
  ],
  [
    'a need that is named twice',
    draftWith([job('lint'), job('unit', { needs: ['lint', 'lint'] })]),
    'unit needs the same job twice',
  ],
  ['a job called deploy', draftWith([job('deploy')]), 'a job is called deploy'],
  [
    'a job called deploy before the deploy',
    draftWith([job('deploy')], { deploys: [PLANNED_DEPLOY] }),
    'a job is called deploy',
  ],
  [
    'a need of the deploy',
    draftWith([job('unit', { needs: ['deploy'] })], { deploys: [PLANNED_DEPLOY] }),
    'unit needs deploy, which does not come before it',
  ],
  ['a lead that runs nothing', draftWith([], { leadRunsFirst: true }), 'it has no first job'],
  [
    'a title that nobody could read',
    draftWith([job('node', { cells: [{ A: 'x'.repeat(200), B: 'x'.repeat(200), C: 'x'.repeat(200) }] })]),
    'the title of a job has 617 characters, and 500 are allowed',
  ],
])('%s is refused', (_, draft, error) => {
  expect(draftSchema.parse(draft)).toEqual(draft)
  expect(accept(draft)).toEqual({ refused: `${UNUSABLE}${error}` })
})

test.each<[Trust, boolean]>([
  ['protected', true],
  ['branch', false],
  ['fork', false],
])('a build of trust %s: may it deploy? %s', (trust, mayDeploy) => {
  const draft = draftWith([job('lint')], { deploys: [PLANNED_DEPLOY] })
  const refused = { refused: `${UNUSABLE}builds of this branch or pull request do not deploy` }
  const accepted = accept(draft, trust)
  if (mayDeploy) expect(accepted).toHaveProperty('plan')
  else expect(accepted).toEqual(refused)
  expect(accept({ ...draft, deploys: [] }, trust)).toHaveProperty('plan')
})

const shards = (count: number) => draftWith([job('unit', { shards: count })])
const names = (count: number) => draftWith(Array.from({ length: count }, (_, at) => job(`j${at}`)))
const cells = (count: number) =>
  draftWith([job('node', { cells: Array.from({ length: count }, (_, at) => ({ N: `${at}` })) })])

test.each([shards, names, cells])('the number of jobs is limited, and never cut (%#)', draftOf => {
  const allows = (most: number) => `and the account allows at most ${most}`
  expect(accept(draftOf(50))).toHaveProperty('plan')
  expect(accept(draftOf(51))).toEqual({ refused: `The build has 51 jobs, ${allows(50)}` })
  expect(accept(draftOf(10_000))).toEqual({ refused: `The build has 10000 jobs, ${allows(50)}` })
  expect(accept(draftOf(256), 'protected', 256)).toHaveProperty('plan')
  expect(accept(draftOf(257), 'protected', 256)).toEqual({
    refused: `The build has 257 jobs, ${allows(256)}`,
  })
  expect(accept(draftOf(5), 'fork')).toHaveProperty('plan')
  const forks = 'The build has 6 jobs, and one for a fork may have at most 5'
  expect(accept(draftOf(6), 'fork')).toEqual({ refused: forks })
  expect(accept(draftOf(5), 'fork', 3)).toEqual({
    refused: 'The build has 5 jobs, and one for a fork may have at most 3',
  })
})

test('the deploy does not count as a job', () => {
  expect(accept({ ...shards(50), deploys: [PLANNED_DEPLOY] })).toHaveProperty('plan')
})

test('a product of cells and shards is counted, not computed', () => {
  const draft = draftWith([
    job('unit', { cells: Array.from({ length: 1000 }, (_, at) => ({ N: `${at}` })), shards: 1_000_000 }),
  ])
  expect(accept(draft)).toEqual({
    refused: 'The build has 1000000000 jobs, and the account allows at most 50',
  })
})

/** Drafts with jobs in any order, with needs of anything. */
const hostileDrafts: fc.Arbitrary<Draft> = fc.record({
  jobs: fc.array(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'deploy', 'verify-deploy'),
      cells: fc.array(fc.constantFrom<DraftedJob['cells'][number]>({}, { N: '1' }, { N: '2' }), {
        minLength: 1,
        maxLength: 3,
      }),
      shards: fc.constantFrom(null, 1, 2, 30),
      needs: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'deploy'), { maxLength: 3 }),
      withoutArtifacts: fc.constant([]),
      allowFailure: fc.boolean(),
      hasSecrets: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
  leftOut: fc.constant([{ name: 'a', reason: 'It is left out.' }]),
  failFast: fc.boolean(),
  maxParallel: fc.constantFrom(null, 1),
  cancelSuperseded: fc.boolean(),
  leadRunsFirst: fc.boolean(),
  deploys: fc.constantFrom(
    [],
    [PLANNED_DEPLOY],
    [PLANNED_DEPLOY, PLANNED_DEPLOY],
    [
      { ...PLANNED_DEPLOY, hasVerify: true },
      { ...OTHER_DEPLOY, isManual: true },
    ],
  ),
})

test('whatever is accepted is recorded as it is, and can be scheduled to its end', () => {
  const seen = { accepted: 0, refused: 0 }
  const trusts = fc.constantFrom<Trust>('fork', 'branch', 'protected')
  fc.assert(
    fc.property(fc.oneof(hostileDrafts, drafts), trusts, (draft, trust) => {
      const accepted = accept(draft, trust)
      seen['plan' in accepted ? 'accepted' : 'refused'] += 1
      if ('refused' in accepted) {
        expect(accepted.refused).toMatch(/^The (plan of this build|build has) /)
        return
      }
      const { plan } = accepted
      expect(planRecordSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan)
      const { jobs } = plan
      const tests = jobs.filter(({ isDeploy }) => !isDeploy)
      expect(tests.length).toBeLessThanOrEqual(trust === 'fork' ? 5 : 50)
      expect(new Set(jobs.map(titleOf)).size).toBe(jobs.length)
      expect(jobs.map(({ key }) => key)).toEqual(jobs.map((_, at) => at + (draft.leadRunsFirst ? 0 : 1)))
      const automatic = draft.deploys.filter(({ isManual }) => !isManual)
      const verified = automatic.filter(({ hasVerify }) => hasVerify)
      expect(jobs.length - tests.length).toBe(automatic.length + verified.length)
      expect(jobs.slice(tests.length).every(({ isDeploy }) => isDeploy)).toBe(true)
      if (draft.deploys.length > 0) expect(trust).toBe('protected')
      // Each that is ready passes at once.
      let states = jobs.map(({ key }) => stateWith(key))
      for (const _ of jobs) {
        const { ready } = scheduleJobs(plan, states, null)
        const keys = new Set(ready.map(each => each.job.key))
        states = states.map(state =>
          keys.has(state.key) ? stateWith(state.key, { publications: 1, conclusion: 'passed' }) : state,
        )
      }
      expect(states.filter(({ conclusion }) => conclusion !== 'passed')).toEqual([])
    }),
    runs(1000),
  )
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(runs(100).numRuns)
})

test('the first plan on record counts', async () => {
  const store = openMemoryStore()
  const build = makeBuild()
  const [first, later] = [draftWith([job('lint')]), draftWith([job('unit'), job('e2e')])].map(planOf) as [
    ReturnType<typeof planOf>,
    ReturnType<typeof planOf>,
  ]
  expect(await recordPlan(store, build, first)).toEqual(first)
  expect(await recordPlan(store, build, later)).toEqual(first)
  expect(await readPlan(store, build)).toEqual(first)
  expect((await store.list(buildKeys(build).prefix)).map(({ key }) => key)).toEqual([buildKeys(build).plan])
})

test('a deploy by hand has no other stage than the one that was requested', () => {
  const target = { stage: 'production', of: 3, by: 'ada' }
  const byHand = (...deploys: Draft['deploys']) =>
    acceptDraft({ trust: 'protected', target }, draftWith([], { deploys }), 50)
  expect(byHand(PLANNED_DEPLOY)).toHaveProperty('plan')
  for (const deploys of [[OTHER_DEPLOY], [PLANNED_DEPLOY, OTHER_DEPLOY]])
    expect(byHand(...deploys)).toEqual({
      refused:
        'The plan of this build cannot be used: it deploys to another stage than production, which was requested',
    })
})
