import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import { assign } from '../../../src/planning/assignment.ts'
import { plan } from '../../support/planning.ts'

const ROLE = 'arn:aws:iam::123456789012:role/integration'
const DEPLOYED = { stages: { master: 'dev' }, deploy: './deploy.sh' }

function assigned(values: JsonObject, global: JsonObject, retryOf: number | null = null) {
  const { plan: planned } = plan({}, { ...values, ...DEPLOYED }, global)
  if (!planned.build) throw new Error(planned.reason)
  return assign(planned, { build: { retryOf }, job: { identity: null } }, [])
}

test('the lead of a cmd runs and deploys it', () => {
  const { draft, job, deploys } = assigned({ cmd: 'make' }, { jobRoles: { other: ROLE } })
  expect([draft, job?.name, deploys]).toEqual([null, 'build', true])
})

test.each<[string, JsonObject]>([
  ['a role', { jobRoles: { build: ROLE } }],
  ['a token', { jobToken: true }],
])('the lead of a cmd with %s runs nothing, and holds nothing of it', (_, global) => {
  const { draft, job, deploys } = assigned({ cmd: 'make' }, global)
  expect([job, deploys]).toEqual([null, false])
  expect(draft).toMatchObject({ leadRunsFirst: false, deploys: true, jobs: [{ name: 'build' }] })
  expect(JSON.stringify(draft)).not.toContain(ROLE)
})

test('of several jobs, the lead runs the first one if only others have a role', () => {
  const jobs = { unit: 'make', integration: 'make it' }
  const other = assigned({ jobs }, { jobRoles: { integration: ROLE } })
  expect([other.draft?.leadRunsFirst, other.job?.name]).toEqual([true, 'unit'])
  const first = assigned({ jobs }, { jobRoles: { unit: ROLE } })
  expect([first.draft?.leadRunsFirst, first.job]).toEqual([false, null])
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
  const { job, endsProcess } = assign(planned, { build: { retryOf: null }, job: { identity: null } }, held)
  expect([job === null, endsProcess]).toEqual([ends, ends])
})
