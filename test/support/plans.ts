import fc from 'fast-check'
import type { Draft, DraftedJob, PlannedDeploy, PlanRecord } from '../../src/records/plan-record.ts'
import { type JobState, stateBeforeStart } from '../../src/records/report-record.ts'
import { acceptDraft } from '../../src/reporting/accept-plan.ts'
import { makeBuild } from './records.ts'

/** A job of a draft: one that needs nothing, without a matrix and shards. */
export const draftedJob = (name: string, change: Partial<DraftedJob> = {}): DraftedJob => ({
  name,
  cells: [{}],
  shards: null,
  needs: [],
  withoutArtifacts: [],
  allowFailure: false,
  hasSecrets: true,
  ...change,
})
export const draftWith = (jobs: DraftedJob[], change: Partial<Draft> = {}): Draft => ({
  leftOut: [],
  failFast: false,
  maxParallel: null,
  cancelSuperseded: false,
  jobs,
  leadRunsFirst: false,
  deploys: [],
  ...change,
})

/** The plan that report makes of a draft, in a build that may deploy and have any number of jobs. */
export function planOf(draft: Draft): PlanRecord {
  const accepted = acceptDraft(makeBuild(), draft, 256)
  if ('refused' in accepted) throw new Error(accepted.refused)
  return accepted.plan
}

export const stateWith = (key: number, change: Partial<JobState> = {}): JobState => ({
  ...stateBeforeStart(key),
  ...change,
})

/** What a lead proposes to deploy. */
export const PLANNED_DEPLOY: PlannedDeploy = {
  stage: 'production',
  url: null,
  error: null,
  isManual: false,
  hasVerify: false,
  digest: 'digest-of-deploy',
  artifacts: [],
}

/** One to another stage. */
export const OTHER_DEPLOY: PlannedDeploy = {
  ...PLANNED_DEPLOY,
  stage: 'europe',
  digest: 'digest-of-other-deploy',
}

const NAMES = ['lint', 'unit', 'node', 'build', 'e2e', 'docs']

const CELLS: DraftedJob['cells'][] = [[{}], [{ NODE: '22' }], [{ NODE: '22' }, { NODE: '24' }]]

/** Any draft that is all right: jobs that need others before them, with cells and shards. */
export const drafts: fc.Arbitrary<Draft> = fc.subarray(NAMES).chain(names =>
  fc.record({
    jobs: fc.tuple(
      ...names.map((name, at) =>
        fc.record({
          name: fc.constant(name),
          cells: fc.constantFrom(...CELLS),
          shards: fc.constantFrom(null, null, 1, 2, 3),
          needs: fc.subarray(names.slice(0, at)),
          withoutArtifacts: fc.subarray(names),
          allowFailure: fc.boolean(),
          hasSecrets: fc.boolean(),
        }),
      ),
    ),
    failFast: fc.boolean(),
    maxParallel: fc.constantFrom(null, null, 1, 2, 3),
    cancelSuperseded: fc.boolean(),
    leadRunsFirst: names.length > 0 ? fc.boolean() : fc.constant(false),
    deploys: fc.constantFrom([], [PLANNED_DEPLOY], [{ ...PLANNED_DEPLOY, hasVerify: true }, OTHER_DEPLOY]),
    leftOut: fc.constant([]),
  }),
)
