import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import type { Build } from '../../../src/model/build.ts'
import { assign } from '../../../src/planning/assignment.ts'
import { plan } from '../../support/planning.ts'

const ROLE = 'arn:aws:iam::123456789012:role/integration'
const DEPLOYED = { stages: { master: 'dev' }, deploy: './deploy.sh' }

function assigned(
  values: JsonObject,
  global: JsonObject,
  {
    job = { identity: null },
    ...change
  }: Partial<Pick<Build, 'retryOf' | 'target'>> & { job?: Assigned['job'] } = {},
) {
  const build = { retryOf: null, target: null, ...change }
  const input = build.target ? { event: 'deploy' as const, target: build.target } : {}
  const { plan: planned } = plan(input, { ...DEPLOYED, ...values }, global)
  if (!planned.build) throw new Error(planned.reason)
  return assign(planned, { build, job }, [])
}
type Assigned = Parameters<typeof assign>[1]

test('the lead of a cmd runs it, and proposes the deploy', () => {
  const { draft, job, deploys } = assigned({ cmd: 'make' }, { jobRoles: { other: ROLE } })
  expect([job?.name, deploys]).toEqual(['build', false])
  expect(draft).toMatchObject({ leadRunsFirst: true, deploy: { stage: 'dev', error: null } })
  const without = assigned({ cmd: 'make', stages: { other: 'dev' } }, {})
  expect([without.draft, without.job?.name]).toEqual([null, 'build'])
})

const deployJob = (values: JsonObject): Assigned['job'] => ({
  identity: { name: 'deploy', cell: {}, shard: null },
  deploy: assigned(values, {}).draft?.deploy,
})

test('the deploy runs if its commit has the stage and the command that report has accepted', () => {
  const values = { cmd: 'make' }
  expect(assigned(values, {}, { job: deployJob(values) })).toEqual({ draft: null, job: null, deploys: true })
})

test.each<[string, JsonObject]>([
  ['another command', { deploy: './other.sh' }],
  ['another stage', { stages: { master: 'production' } }],
  ['another address', { stages: { master: { stage: 'dev', url: 'https://example.com/' } } }],
  ['another environment', { stages: { master: { stage: 'dev', env: { A: '1' } } } }],
  ['another time limit', { stages: { master: { stage: 'dev', timeout: 60 } } }],
  ['no stage', { stages: { other: 'dev' } }],
])('a deploy whose commit has %s does not run', (_, change) => {
  const accepted = deployJob({ cmd: 'make' })
  expect(() => assigned({ cmd: 'make', ...change }, {}, { job: accepted })).toThrow(
    'This commit does not have the deploy that was planned.',
  )
})

test.each<[string, JsonObject]>([
  ['a role', { jobRoles: { build: ROLE } }],
  ['a token', { jobToken: true }],
])('the lead of a cmd with %s runs nothing, and holds nothing of it', (_, global) => {
  const { draft, job, deploys } = assigned({ cmd: 'make' }, global)
  expect([job, deploys]).toEqual([null, false])
  expect(draft).toMatchObject({ leadRunsFirst: false, deploy: { stage: 'dev' }, jobs: [{ name: 'build' }] })
  expect(JSON.stringify(draft)).not.toContain(ROLE)
})

test('of several jobs, the lead runs the first one if only others have a role', () => {
  const jobs = { unit: 'make', integration: 'make it' }
  const other = assigned({ jobs }, { jobRoles: { integration: ROLE } })
  expect([other.draft?.leadRunsFirst, other.job?.name]).toEqual([true, 'unit'])
  const first = assigned({ jobs }, { jobRoles: { unit: ROLE } })
  expect([first.draft?.leadRunsFirst, first.job]).toEqual([false, null])
})

test('the lead of a deploy by hand proposes the jobs that it may need, and runs none', () => {
  const values = { cmd: 'make', artifacts: ['dist'], deploy: { cmd: './deploy.sh', artifacts: ['build'] } }
  const target = { stage: 'dev', of: 3 }
  const { draft, job, deploys } = assigned(values, {}, { target })
  expect([job, deploys]).toEqual([null, false])
  expect(draft).toMatchObject({
    ...{ leadRunsFirst: false, jobs: [{ name: 'build', artifacts: ['build'] }] },
    deploy: { stage: 'dev', artifacts: ['build'] },
  })
  // Pushed, the lead runs it.
  expect(assigned(values, {})).toMatchObject({ job: { name: 'build' }, draft: { leadRunsFirst: true } })
  const identity = { name: 'build', cell: {}, shard: null }
  expect(assigned(values, {}, { target, job: { identity } }).job).toMatchObject({ command: 'make' })
})

test.each<[string, string[] | undefined, string[], boolean]>([
  ['no secrets, and there are some', [], ['TOKEN'], true],
  ['one of two secrets', ['TOKEN'], ['TOKEN', 'OTHER'], true],
  ['all secrets', undefined, ['TOKEN'], false],
  ['no secrets, and there are none', [], [], false],
])('the process of the lead ends where the first job gets %s', (_, secrets, held, ends) => {
  const { plan: planned } = plan(
    {},
    { jobs: { lint: { cmd: 'make', ...(secrets && { secrets }) }, unit: 'make' } },
  )
  if (!planned.build) throw new Error(planned.reason)
  const { job, endsProcess } = assign(
    planned,
    { build: { retryOf: null, target: null }, job: { identity: null } },
    held,
  )
  expect([job === null, endsProcess]).toEqual([ends, ends])
})
