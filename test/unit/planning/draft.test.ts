import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import { titleOf } from '../../../src/model/job.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { DRAFT_LIMIT, draftOf } from '../../../src/planning/draft.ts'
import type { PlanInput } from '../../../src/planning/reason.ts'
import { parseJobRun, RUN_RECORD_LIMIT } from '../../../src/records/job-run.ts'
import { draftSchema, type PlanRecord } from '../../../src/records/plan-record.ts'
import { acceptDraft } from '../../../src/reporting/accept-plan.ts'
import { plan } from '../../support/planning.ts'
import { runOf } from '../../support/records.ts'
import { runs } from '../../support/runs.ts'

const ALLOWED: JsonObject = { maxJobs: 256 }

function planned(values: JsonObject, build: Partial<PlanInput> = {}) {
  const { plan: found } = plan(build, values, ALLOWED)
  if (!found.build) throw new Error(found.reason)
  return found
}
const drafted = (values: JsonObject, heldSecrets: string[] = [], build: Partial<PlanInput> = {}) =>
  draftOf(planned(values, build), heldSecrets)

function acceptedOf(values: JsonObject): PlanRecord {
  const accepted = acceptDraft({ trust: 'protected' }, drafted(values), 256)
  if ('refused' in accepted) throw new Error(accepted.refused)
  return accepted.plan
}

test('a draft has what report needs of each job, once for all of its cells and shards', () => {
  const values = {
    failFast: false,
    maxParallel: 4,
    deploy: { cmd: 'make deploy', artifacts: ['build'] },
    stages: { master: 'dev' },
    jobs: {
      lint: { cmd: 'npm run lint', allowFailure: true, secrets: [] },
      build: { cmd: 'make', artifacts: ['dist'] },
      unit: {
        cmd: 'npm test',
        shards: 3,
        needs: ['build', { job: 'lint', artifacts: [] }],
        secrets: ['TOKEN'],
      },
      node: { cmd: 'npm test', matrix: { NODE: ['22', '24'] }, shards: 2 },
      docs: { cmd: 'make docs', on: 'pullRequest' },
    },
  }
  const digest = expect.stringMatching(/^[0-9a-f]{16}$/)
  const none = { shards: null, needs: [], withoutArtifacts: [] }
  const common = { ...none, allowFailure: false, hasSecrets: true, digest }
  expect(drafted(values)).toEqual({
    leftOut: [{ name: 'docs', reason: 'jobs.docs.on is for pull requests only.' }],
    failFast: false,
    maxParallel: 4,
    cancelSuperseded: false,
    jobs: [
      { ...common, name: 'lint', cells: [{}], allowFailure: true, hasSecrets: false },
      { ...common, name: 'build', cells: [{}], artifacts: ['build'] },
      {
        ...common,
        name: 'unit',
        cells: [{}],
        shards: 3,
        needs: ['build', 'lint'],
        withoutArtifacts: ['lint'],
      },
      { ...common, name: 'node', cells: [{ NODE: '22' }, { NODE: '24' }], shards: 2 },
    ],
    leadRunsFirst: true,
    deploys: [
      {
        stage: 'dev',
        url: null,
        error: null,
        isManual: false,
        hasVerify: false,
        artifacts: ['build'],
        digest,
      },
    ],
  })
})

test.each<[string, string[] | undefined, string[], boolean]>([
  ['all, and the lead holds some', undefined, ['A', 'B'], true],
  ['those that the lead holds', ['A', 'B', 'C'], ['A', 'B'], true],
  ['fewer than the lead holds', ['A'], ['A', 'B'], false],
  ['none, and the lead holds some', [], ['A'], false],
  ['none, and the lead holds none', [], [], true],
])(
  'the lead runs the first job if that gets all that the lead holds: %s',
  (_, secrets, held, leadRunsFirst) => {
    const jobs = { lint: { cmd: 'make', ...(secrets && { secrets }) }, unit: 'npm test' }
    expect(drafted({ jobs }, held)).toMatchObject({ leadRunsFirst })
  },
)

test('without jobs that take part, the lead runs none', () => {
  const draft = drafted({ jobs: { docs: { cmd: 'make', on: 'pullRequest' } } })
  expect(draft).toMatchObject({ jobs: [], leadRunsFirst: false })
  expect(acceptDraft({ trust: 'protected' }, draft, 50)).toHaveProperty('plan')
})

/** The record of a lead that fills it as far as it can. */
const fullRun = (values: JsonObject) =>
  runOf({
    plan: {
      build: true,
      reason: 'ä'.repeat(500),
      cmd: '€'.repeat(2000),
      stage: 'production',
      merge: 'a'.repeat(40),
      mergeBase: 'b'.repeat(40),
      commonDigest: 'c'.repeat(16),
    },
    draft: drafted(values),
    notifications: { on: 'change', slack: { channel: '#'.repeat(80) }, sns: { topicArn: 'a'.repeat(500) } },
  })
const nameOf = (at: number, length: number) => `j${at}-`.padEnd(length, 'x')

test.each([
  ['all of them jobs of the file', 256, {}, 28],
  ['shards, of a job that needs as many', 26, { shards: 231 }, 30],
  [
    'cells, of a job that needs as many',
    26,
    { matrix: { NODE: Array.from({ length: 231 }, (_, at) => `${at}`) } },
    30,
  ],
])('256 jobs with 25 needs each fit into the records: %s', (_, count, last, length) => {
  const names = Array.from({ length: count }, (__, at) => nameOf(at, length))
  const jobs = Object.fromEntries(
    names.map((name, at) => [
      name,
      { cmd: 'x', needs: names.slice(Math.max(0, at - 25), at), ...(at === count - 1 && last) },
    ]),
  )
  const run = fullRun({ jobs })
  const body = Buffer.from(JSON.stringify(run))
  expect(body.length).toBeLessThanOrEqual(RUN_RECORD_LIMIT)
  expect(parseJobRun(body)).toEqual(run)
  const accepted = acceptedOf({ jobs })
  expect(accepted.jobs.length).toBe(256)
  expect(accepted.jobs.filter(({ needs }) => needs.length === 25).length).toBeGreaterThan(230)
  expect(JSON.stringify(accepted).length).toBeLessThan(512 * 1024)
})

test.each<[string, JsonObject, RegExp]>([
  [
    'names and needs',
    Object.fromEntries(
      Array.from({ length: 256 }, (_, at) => [
        nameOf(at, 30),
        { cmd: 'x', needs: Array.from({ length: Math.min(at, 30) }, (__, before) => nameOf(before, 30)) },
      ]),
    ),
    /^The plan of this build is too large: its 256 jobs take 2\d\d KB, and 232 KB are allowed\. Use shorter names, /,
  ],
  [
    'the values of a matrix',
    {
      node: { cmd: 'x', matrix: Object.fromEntries(['A', 'B', 'C'].map(name => [name, ['x'.repeat(200)]])) },
    },
    /^The values of a matrix are too long: the title of the job node \(A=x{92}… has 617 characters, and 500 are allowed\./,
  ],
])('a plan that is too large is an error for people: %s', (_, jobs, message) => {
  expect(() => drafted({ jobs })).toThrow(UserError)
  expect(() => drafted({ jobs })).toThrow(message)
})

test('a reason for leaving a job out is shortened', () => {
  const leftOut = [{ name: 'docs', reason: `${'x'.repeat(298)}\u{1f30d}.` }]
  const draft = draftOf({ ...planned({ jobs: { lint: 'make' } }), leftOut }, [])
  expect(draft.leftOut).toEqual([{ name: 'docs', reason: `${'x'.repeat(298)}\ufffd…` }])
  expect(draftSchema.parse(draft)).toEqual(draft)
})

const NAMES = ['lint', 'unit', 'build', 'e2e']
const files = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 }).chain(names =>
  fc.record({
    failFast: fc.boolean(),
    jobs: fc
      .tuple(
        ...names.map((name, at) =>
          fc
            .record(
              {
                cmd: fc.constant('make'),
                needs: fc.subarray(names.slice(0, at)),
                shards: fc.integer({ min: 1, max: 5 }),
                matrix: fc.constantFrom({ NODE: ['22', '24'] }, { A: ['ä', '"'], B: [' '] }),
                include: fc.constantFrom([{ EXTRA: '1' }], [{ NODE: '26', OS: 'a, b=c' }]),
                secrets: fc.constantFrom([], ['TOKEN']),
                on: fc.constantFrom('push', 'pullRequest'),
                allowFailure: fc.boolean(),
              },
              { requiredKeys: ['cmd'] },
            )
            .map(job => [name, job] as const),
        ),
      )
      .map(Object.fromEntries),
  }),
)

test('report accepts each draft of a plan, and finds the jobs of the plan in it', () => {
  fc.assert(
    fc.property(files, fc.subarray(['TOKEN', 'OTHER']), (values, held) => {
      const own = planned(values as JsonObject)
      const draft = draftOf(own, held)
      expect(draftSchema.parse(JSON.parse(JSON.stringify(draft)))).toEqual(draft)
      expect(Buffer.byteLength(JSON.stringify(draft))).toBeLessThan(DRAFT_LIMIT)
      const accepted = acceptDraft({ trust: 'protected' }, draft, 256)
      if ('refused' in accepted) throw new Error(accepted.refused)
      const expected = own.jobs.map(job => ({
        ...{ name: job.name, cell: job.cell, shard: job.shard, allowFailure: job.allowFailure },
        hasSecrets: job.secrets === null || job.secrets.length > 0,
        needs: job.needs.map(need => ({ job: need.job, hasArtifacts: need.artifacts?.length !== 0 })),
        isDeploy: false,
      }))
      expect(accepted.plan.jobs.map(({ key, digest, ...job }) => job)).toEqual(expected)
      expect(accepted.plan.jobs.map(titleOf)).toEqual(own.jobs.map(titleOf))
    }),
    runs(200),
  )
})
