import { expect, test } from 'vitest'
import type { Trust } from '../../../src/model/build.ts'
import { jobTrustSchema, trustOf, trustOfJob } from '../../../src/model/trust.ts'
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

const identity = (name: string) => ({ name, cell: {}, shard: null })

test.each<[string, Trust, string | null, string]>([
  ['the lead', 'protected', null, 'protected'],
  ['a job', 'protected', 'unit', 'protected'],
  ['a job whose name begins like the deploy', 'protected', 'deploys', 'protected'],
  ['the deploy', 'protected', 'deploy', 'deploy'],
  ['a job of a branch', 'branch', 'unit', 'branch'],
  ['the lead of a fork', 'fork', null, 'fork'],
])('%s of a build of trust %s has a sandbox of its own kind', (_, trust, name, expected) => {
  const own = trustOfJob({ trust }, name === null ? null : identity(name))
  expect(own).toBe(expected)
  expect(jobTrustSchema.parse(own)).toBe(own)
})

test('no job but the deploy runs where deploys run, and the deploy nowhere else', () => {
  for (const trust of ['protected', 'branch', 'fork'] as const) {
    expect(trustOfJob({ trust }, identity('deploy'))).toBe('deploy')
    expect(trustOfJob({ trust }, identity('unit'))).not.toBe('deploy')
    expect(trustOfJob({ trust }, null)).not.toBe('deploy')
  }
})
