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
  }: Partial<Pick<Build, 'retryOf' | 'target' | 'repeats'>> & { job?: Assigned['job'] } = {},
) {
  const build = { retryOf: null, target: null, repeats: null, ...change }
  const input = build.target ? { event: 'deploy' as const, target: build.target } : {}
  const { plan: planned } = plan(input, { ...DEPLOYED, ...values }, global)
  if (!planned.build) throw new Error(planned.reason)
  return assign(planned, { build, job }, [])
}
type Assigned = Parameters<typeof assign>[1]

test('the lead of a cmd runs it, and proposes the deploy', () => {
  const { draft, job, deploy } = assigned({ cmd: 'make' }, { jobRoles: { other: ROLE } })
  expect([job?.name, deploy]).toEqual(['build', null])
  expect(draft).toMatchObject({ leadRunsFirst: true, deploys: [{ stage: 'dev', error: null }] })
  const without = assigned({ cmd: 'make', stages: { other: 'dev' } }, {})
  expect([without.draft, without.job?.name]).toEqual([null, 'build'])
})

const deployJob = (values: JsonObject): Assigned['job'] => ({
  identity: { name: 'deploy', cell: {}, shard: null },
  deploy: assigned(values, {}).draft?.deploys[0],
})

test('the deploy runs if its commit has the stage and the command that report has accepted', () => {
  const values = { cmd: 'make' }
  expect(assigned(values, {}, { job: deployJob(values) })).toEqual({
    draft: null,
    job: null,
    deploy: expect.objectContaining({ stage: 'dev', command: './deploy.sh' }),
  })
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

const PROMOTED = {
  cmd: 'make',
  setup: 'npm ci',
  stages: {
    master: ['staging', { stage: 'production', verify: 'curl "$STAGE_URL"', url: 'https://example.com/' }],
  },
}
/** The job that deploys or verifies this stage, after those that report says. */
const jobOf = (name: 'deploy' | 'verify-deploy', stage: string, after: string[]): Assigned['job'] => {
  const planned = assigned(PROMOTED, {}).draft?.deploys.find(each => each.stage === stage)
  return { identity: { name, cell: { stage }, shard: null }, deploy: planned && { ...planned, after } }
}

test('each of several deploys is the one of its own stage', () => {
  for (const [stage, after] of [
    ['staging', []],
    ['production', ['staging']],
  ] as const) {
    const { deploy, job } = assigned(PROMOTED, {}, { job: jobOf('deploy', stage, [...after]) })
    expect([deploy?.stage, job]).toEqual([stage, null])
  }
})

test.each<[string, string[]]>([
  ['before the stage that comes first', []],
  ['after another stage', ['dev']],
  ['after a stage that comes later', ['staging', 'production']],
])('a deploy %s does not run', (_, after) => {
  expect(() => assigned(PROMOTED, {}, { job: jobOf('deploy', 'production', after) })).toThrow(
    'This commit does not have the deploy that was planned.',
  )
})

test('what verifies a deploy is an ordinary job, which knows its stage', () => {
  const { deploy, job } = assigned(PROMOTED, {}, { job: jobOf('verify-deploy', 'production', ['staging']) })
  expect(deploy).toBeNull()
  expect(job).toMatchObject({
    ...{ name: 'verify-deploy', command: 'curl "$STAGE_URL"', setup: 'npm ci', isStrict: true },
    env: { STAGE: 'production', LAMBCI_STAGE: 'production', STAGE_URL: 'https://example.com/' },
    access: { role: null, token: null },
  })
})

test.each<[string, object]>([
  ['only people deploy to', { manual: true }],
  ['something else verifies', { verify: 'true' }],
])('a deploy to a stage that %s at this commit does not run', (_, change) => {
  const job = jobOf('deploy', 'production', ['staging'])
  const [first, second] = PROMOTED.stages.master as [string, object]
  const values = { ...PROMOTED, stages: { master: [first, { ...second, ...change }] } }
  expect(() => assigned(values, {}, { job })).toThrow(
    'This commit does not have the deploy that was planned.',
  )
})

test.each<[string, JsonObject]>([
  ['a role', { jobRoles: { build: ROLE } }],
  ['a token', { jobToken: true }],
])('the lead of a cmd with %s runs nothing, and holds nothing of it', (_, global) => {
  const { draft, job, deploy } = assigned({ cmd: 'make' }, global)
  expect([job, deploy]).toEqual([null, null])
  expect(draft).toMatchObject({
    leadRunsFirst: false,
    deploys: [{ stage: 'dev' }],
    jobs: [{ name: 'build' }],
  })
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
  const target = { stage: 'dev', of: 3, by: null }
  const { draft, job, deploy } = assigned(values, {}, { target })
  expect([job, deploy]).toEqual([null, null])
  expect(draft).toMatchObject({
    ...{ leadRunsFirst: false, jobs: [{ name: 'build', artifacts: ['build'] }] },
    deploys: [{ stage: 'dev', artifacts: ['build'] }],
  })
  // Pushed, the lead runs it.
  expect(assigned(values, {})).toMatchObject({ job: { name: 'build' }, draft: { leadRunsFirst: true } })
  const identity = { name: 'build', cell: {}, shard: null }
  expect(assigned(values, {}, { target, job: { identity } }).job).toMatchObject({ command: 'make' })
})

test('the lead of a build that only repeats a job only plans, also if that is the job of a cmd', () => {
  const repeats = { job: 'build', times: 3 }
  const { draft, job, deploy } = assigned({ cmd: 'make', stages: { other: 'dev' } }, {}, { repeats })
  expect([job, deploy]).toEqual([null, null])
  expect(draft).toMatchObject({ leadRunsFirst: false, jobs: [{ name: 'build' }] })
})

test('the job of a cmd that may be run again is proposed, because report starts its next attempt', () => {
  const values = { cmd: 'make', stages: { other: 'dev' } }
  expect(assigned(values, {})).toMatchObject({ job: { name: 'build' }, draft: null })
  const { draft, job } = assigned({ ...values, retry: 1 }, {})
  expect(job).toMatchObject({ name: 'build', retry: 1 })
  expect(draft).toMatchObject({ leadRunsFirst: true, jobs: [{ name: 'build', retry: 1 }] })
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
    { build: { retryOf: null, target: null, repeats: null }, job: { identity: null } },
    held,
  )
  expect([job === null, endsProcess]).toEqual([ends, ends])
})
