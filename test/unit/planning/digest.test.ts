import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import { draftOf } from '../../../src/planning/draft.ts'
import { recordOf } from '../../../src/planning/record.ts'
import { plan } from '../../support/planning.ts'

const JOBS = { lint: { cmd: 'make lint' }, unit: { cmd: 'make test', shards: 2 } }
const FILE = { jobs: JOBS, stages: { master: 'dev' }, deploy: { cmd: 'make deploy' } }

/** The digests of a plan: of each job, of the deploy, and of what all have in common. */
function digestsOf(change: JsonObject = {}, global: JsonObject = {}) {
  const { plan: planned, resolved } = plan({}, { ...FILE, ...change }, global)
  if (!planned.build) throw new Error(planned.reason)
  const {
    jobs,
    deploys: [proposed],
  } = draftOf(planned, [])
  const { plan: record } = recordOf(planned, resolved, text => text)
  const ofJobs = jobs.map(({ name, digest }) => [name, digest])
  return { ...Object.fromEntries(ofJobs), deploy: proposed?.digest, common: record?.commonDigest }
}
const lint = (change: JsonObject) => ({ jobs: { ...JOBS, lint: { ...JOBS.lint, ...change } } })

test.each<[string, JsonObject, JsonObject, string[]]>([
  ['nothing', {}, {}, []],
  ['a command', lint({ cmd: 'make lint ' }), {}, ['lint']],
  ['a variable of a job', lint({ env: { A: '1' } }), {}, ['lint']],
  ['a time limit', lint({ timeout: 60 }), {}, ['lint']],
  ['artifacts', lint({ artifacts: ['dist'] }), {}, ['lint']],
  ['test reports', lint({ tests: ['r.xml'] }), {}, ['lint']],
  ['a cache', lint({ cache: ['node_modules'] }), {}, ['lint']],
  ['secrets', lint({ secrets: [] }), {}, ['lint']],
  ['a role of the account', {}, { jobRoles: { unit: 'arn:aws:iam::123456789012:role/x' } }, ['unit']],
  ['a command for all', { setup: 'make setup' }, {}, ['lint', 'unit', 'deploy']],
  ['the deploy', { deploy: { cmd: 'make other' } }, {}, ['deploy']],
  ['the stage', { stages: { master: 'qa' } }, {}, ['deploy']],
  ['a variable for all', { env: { A: '1' } }, {}, ['common']],
  ['a variable of the account', {}, { env: { A: '1' } }, ['common']],
  ['the history that is fetched', {}, { git: { depth: 7 } }, ['common']],
  ['that there are secrets', { inheritSecrets: false }, {}, ['common']],
  ['notifications', { notifications: { on: 'failure' } }, {}, []],
])('what changes by %s has another digest', (_, change, global, expected) => {
  const [before, after]: Record<string, string | undefined>[] = [digestsOf(), digestsOf(change, global)]
  const names = ['lint', 'unit', 'deploy', 'common']
  expect(names.filter(name => before?.[name] !== after?.[name])).toEqual(expected)
  for (const name of names) expect(after?.[name]).toMatch(/^[0-9a-f]{16}$/)
})

test('the record has the base of the merge that is tested', () => {
  const { plan: planned, resolved } = plan({}, FILE)
  if (!planned.build) throw new Error(planned.reason)
  const merge = { commit: 'a'.repeat(40), base: 'b'.repeat(40) }
  const record = recordOf(planned, { ...resolved, merge }, text => text)
  expect(record.plan).toMatchObject({ merge: merge.commit, mergeBase: merge.base })
  expect(recordOf(planned, resolved, text => text).plan?.mergeBase).toBeNull()
})
