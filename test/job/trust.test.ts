import { expect, test } from 'vitest'
import { trustOf } from '../../src/job/trust.ts'
import { FORKED, jobOf, PULL } from '../records.ts'

const GROUP = { event: 'merge_group', checkoutBranch: 'gh-readonly-queue/master/pr-7' } as const

test.each([
  ['a push to a deploy branch', {}, 'deploy'],
  ['a push to another branch', { branch: 'topic' }, 'branch'],
  ['a push by Dependabot to a deploy branch', { isDependabot: true }, 'fork'],
  ['a pull request of the repository itself into a deploy branch', PULL, 'branch'],
  ['a pull request from a fork', FORKED, 'fork'],
  ["Dependabot's pull request", { ...PULL, isDependabot: true }, 'fork'],
  ['a merge group', GROUP, 'branch'],
])('%s runs as %s', (_, change, trust) => {
  expect(trustOf(jobOf(change), branch => branch === 'master')).toBe(trust)
})

test('nothing runs as deploy where no branch may', () => {
  expect(trustOf(jobOf(), () => false)).toBe('branch')
})
