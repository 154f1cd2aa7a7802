import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Draft, DraftedJob, PlannedDeploy } from '../../../src/records/plan-record.ts'
import { describeDifference, type Planned } from '../../../src/reporting/compare-plans.ts'
import { draftedJob, drafts, draftWith, PLANNED_DEPLOY, planOf } from '../../support/plans.ts'
import { endedRun } from '../../support/records.ts'

type LeadPlan = { mergeBase?: string | null; commonDigest?: string }
const digest = 'd'.repeat(16)
const planned = (draft: Draft, change: LeadPlan = {}): Planned => {
  const { plan } = endedRun()
  if (!plan) throw new Error('The run has no plan')
  return { plan: planOf(draft), lead: endedRun({ plan: { ...plan, commonDigest: digest, ...change } }) }
}
const job = (name: string, change: Partial<DraftedJob> = {}) => draftedJob(name, { digest, ...change })
const JOBS = [job('lint'), job('unit', { shards: 2, needs: ['lint'] })]
const draft = (jobs: DraftedJob[] = JOBS, change: Partial<Draft> = {}) => draftWith(jobs, change)

test('a plan is the same, whoever runs its first job', () => {
  fc.assert(
    fc.property(drafts, fc.boolean(), ({ jobs, leadRunsFirst, ...rest }, isFirst) => {
      const digested: Omit<Draft, 'leadRunsFirst'> = {
        ...rest,
        jobs: jobs.map(each => ({ ...each, digest })),
      }
      const [old, now] = [
        { ...digested, leadRunsFirst },
        { ...digested, leadRunsFirst: isFirst && leadRunsFirst },
      ]
      expect(describeDifference(planned(old), planned(now))).toBeNull()
    }),
  )
})

const other = 'e'.repeat(16)
const LINT = 'the job lint has another command, environment or setting'
test.each<[string, Draft, LeadPlan, string]>([
  ['a job less', draft([job('lint')]), {}, 'the job unit (1/2) is missing'],
  ['a job more', draft([...JOBS, job('e2e')]), {}, 'the job e2e is new'],
  [
    'a shard more',
    draft([job('lint'), job('unit', { shards: 3, needs: ['lint'] })]),
    {},
    'the job unit (1/2) is missing',
  ],
  [
    'a cell of another value',
    draft([job('lint', { cells: [{ A: '1' }] }), ...JOBS.slice(1).map(each => ({ ...each }))]),
    {},
    'the job lint is missing',
  ],
  ['a command', draft([job('lint', { digest: other }), ...JOBS.slice(1)]), {}, LINT],
  ['that a failure is allowed', draft([job('lint', { allowFailure: true }), ...JOBS.slice(1)]), {}, LINT],
  ['that it has secrets', draft([job('lint', { hasSecrets: false }), ...JOBS.slice(1)]), {}, LINT],
  [
    'what a job needs',
    draft([job('lint'), job('unit', { shards: 2 })]),
    {},
    'the job unit (1/2) has another command, environment or setting',
  ],
  [
    'whether it gets artifacts',
    draft([job('lint'), job('unit', { shards: 2, needs: ['lint'], withoutArtifacts: ['lint'] })]),
    {},
    'the job unit (1/2) has another command, environment or setting',
  ],
  ['a deploy', draft(JOBS, { deploys: [PLANNED_DEPLOY] }), {}, 'the job deploy is new'],
  [
    'what is left out',
    draft(JOBS, { leftOut: [{ name: 'docs', reason: 'r' }] }),
    {},
    'other jobs are left out',
  ],
  ['failFast', draft(JOBS, { failFast: true }), {}, '"failFast" is another one'],
  [
    'the environment of all',
    draft(),
    { commonDigest: other },
    'its "env", "git" or "inheritSecrets" is another one',
  ],
  [
    'the base branch',
    draft(),
    { mergeBase: 'b'.repeat(40) },
    'the base branch has moved on, so that another merge is tested',
  ],
])('plans differ by %s', (_, now, lead, expected) => {
  expect(describeDifference(planned(draft()), planned(now, lead))).toBe(expected)
})

test('plans with a deploy differ by what it runs, and by its stage', () => {
  const deploying = (change: Partial<PlannedDeploy> = {}) =>
    planned(draft(JOBS, { deploys: [{ ...PLANNED_DEPLOY, ...change }] }))
  expect(describeDifference(deploying(), deploying())).toBeNull()
  expect(describeDifference(deploying(), deploying({ digest: other }))).toBe(
    'its deploy or stage is another one',
  )
  expect(describeDifference(deploying(), planned(draft()))).toBe('the job deploy is missing')
})

test('the order of jobs counts, the reasons for leaving jobs out do not', () => {
  const [a, b] = [job('a'), job('b')]
  const leftOut = (reason: string) => ({ leftOut: [{ name: 'docs', reason }] })
  const old = planned(draft([a, b], leftOut('one')))
  expect(describeDifference(old, planned(draft([b, a])))).toBe('its jobs come in another order')
  expect(describeDifference(old, planned(draft([a, b], leftOut('other'))))).toBeNull()
})

test('what an earlier version has planned is not known well enough to be the same', () => {
  const { digest: _, ...without } = job('lint')
  const unknown = draft([without])
  expect(describeDifference(planned(unknown), planned(unknown))).toBe(LINT)
  const lead = endedRun()
  expect(describeDifference({ ...planned(draft()), lead }, { ...planned(draft()), lead })).toMatch(/"env"/)
})
