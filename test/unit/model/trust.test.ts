import { expect, test } from 'vitest'
import { trustOf } from '../../../src/model/trust.ts'
import { FORKED, makeBuild, PULL } from '../../support/records.ts'

const GROUP = { event: 'merge_group', checkoutBranch: 'gh-readonly-queue/master/pr-7' } as const

test.each([
  ['a push to a deploy branch', {}, 'protected'],
  ['a push to another branch', { branch: 'topic' }, 'branch'],
  ['a push by Dependabot to a deploy branch', { isDependabot: true }, 'fork'],
  ['a pull request of the repository itself into a deploy branch', PULL, 'branch'],
  ['a pull request from a fork', FORKED, 'fork'],
  ["Dependabot's pull request", { ...PULL, isDependabot: true }, 'fork'],
  ['a merge group', GROUP, 'branch'],
])('%s runs as %s', (_, change, trust) => {
  expect(trustOf(makeBuild(change), branch => branch === 'master')).toBe(trust)
})

test('without deploy branches nothing runs as protected', () => {
  expect(trustOf(makeBuild(), () => false)).toBe('branch')
})
