import { expect, test } from 'vitest'
import { parseAccount } from '../../../src/account/settings.ts'
import type { JsonObject } from '../../../src/config/json.ts'

const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`
const accountWith = (global: JsonObject, repository?: JsonObject) =>
  parseAccount('gh/ada/web', { global, ...(repository && { repository }) })

const PINNED = {
  deployRole: role('any'),
  pinnedStages: {
    production: { branches: ['main', '/^release-/'], role: role('production') },
    qa: { branches: ['qa'] },
  },
}

test.each<[string, string | null]>([
  ['production', role('production')],
  ['qa', role('any')],
  ['dev', role('any')],
  // No setting, but a property of every object.
  ['constructor', role('any')],
])('a deploy to %s assumes one role, which no other stage decides', (stage, expected) => {
  expect(accountWith(PINNED).deployRole(stage)).toBe(expected)
})

test('without a role for every deploy, only a pinned stage with its own has one', () => {
  const { deployRole } = accountWith({ pinnedStages: PINNED.pinnedStages })
  expect(['production', 'qa', 'dev', 'constructor'].map(deployRole)).toEqual([
    role('production'),
    ...[null, null, null],
  ])
})

test('the settings of a repository replace the role of every deploy', () => {
  const { deployRole } = accountWith(PINNED, { deployRole: role('web') })
  expect(['production', 'qa', 'dev'].map(deployRole)).toEqual([role('production'), role('web'), role('web')])
})

test.each<[string, string, boolean]>([
  ['main', 'production', true],
  ['release-2', 'production', true],
  ['qa', 'production', false],
  ['not-release-2', 'production', false],
  ['main', 'qa', false],
  ['qa', 'qa', true],
  ['feature', 'dev', true],
  ['main', 'constructor', true],
])('branch %s may deploy to %s, as far as the account reserves it: %j', (branch, stage, may) => {
  const why = accountWith(PINNED).explainWrongStage(branch, stage)
  expect(why === null).toBe(may)
  if (!may) expect(why).toMatch(/^the account's settings reserve it for (main, \/\^release-\/|qa)$/)
})

test('a stage that the account does not reserve is pinned to no branch: it belongs to the first that deploys there', () => {
  const { pinnedBranches } = accountWith(PINNED)
  expect(['production', 'qa', 'dev', 'constructor'].map(pinnedBranches)).toEqual([
    ['main', '/^release-/'],
    ['qa'],
    ...[null, null],
  ])
  expect(accountWith({}).pinnedBranches('production')).toBeNull()
})
