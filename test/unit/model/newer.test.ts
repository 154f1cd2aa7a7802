import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Compare, headNameOf, isNewer } from '../../../src/model/newer.ts'
import { FORKED, makeBuild, PULL, unknownToGit } from '../../support/records.ts'

/** Commits are paths from the root: `ab` is a child of `a`. */
const relationOf = (base: string, head: string) => {
  if (base === head) return 'identical'
  if (head.startsWith(base)) return 'ahead'
  return base.startsWith(head) ? 'behind' : 'diverged'
}
const gitWith =
  (branch: string | null): Compare =>
  async (repository, base, head) => {
    expect(repository).toBe('ada/web')
    const commit = head === 'master' ? branch : head
    return commit === null ? null : relationOf(base, commit)
  }
const at = (commit: string, number: number, baseCommit: string | null = null) =>
  makeBuild({ commit, number, baseCommit })

test.each<[string, string | null, [string, number, string?], [string, number], boolean]>([
  ['the head is newer than its ancestor', 'ab', ['ab', 2], ['a', 1], true],
  ['the head is newer, though it arrived first', 'ab', ['ab', 1], ['a', 2], true],
  ['an ancestor of the head is older, though it arrived last', 'ab', ['a', 2], ['ab', 1], false],
  ['a descendant is newer while the head has moved on', 'abc', ['ab', 1], ['a', 2], true],
  ['an ancestor is older while the head has moved on', 'abc', ['a', 2], ['ab', 1], false],
  ['a branch that was set back is newer', 'a', ['a', 3], ['ab', 2], true],
  ['a commit that the branch was set back from is older', 'a', ['ab', 3], ['a', 1], false],
  ['a forced push replaces another line', 'ay', ['ay', 1], ['ax', 2], true],
  ['what a forced push replaced is older', 'ay', ['ax', 2], ['ay', 1], false],
  ['of two commits, the one on the branch is newer', 'ayz', ['ay', 1], ['ax', 2], true],
  ['of two commits, the one that left the branch is older', 'ayz', ['ax', 2], ['ay', 1], false],
  ['two that left the branch keep their order in git', 'b', ['aa', 1], ['a', 2], true],
  ['a deleted branch keeps its order in git', null, ['a', 2], ['ab', 1], false],
  ['a deleted branch that was set back is newer', null, ['a', 2, 'ab'], ['ab', 1], true],
  ['the same commit is newer by its number', 'a', ['a', 2], ['a', 1], true],
  ['the same commit is older by its number', 'a', ['a', 1], ['a', 2], false],
])('%s', async (_, branch, [commit, number, before], [otherCommit, otherNumber], expected) => {
  const other = { commit: otherCommit, number: otherNumber }
  expect(await isNewer(at(commit, number, before ?? null), other, gitWith(branch))).toBe(expected)
})

test('where git says nothing, the number decides', async () => {
  expect(await isNewer(at('a', 2), { commit: 'b', number: 1 }, unknownToGit)).toBe(true)
  expect(await isNewer(at('a', 1), { commit: 'b', number: 2 }, unknownToGit)).toBe(false)
})

test('the commit at the head is newer than every other one, and no other one is newer than it', async () => {
  const commit = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(commit, commit, fc.boolean(), async (head, other, isFirst) => {
      fc.pre(head !== other)
      const [mine, theirs] = isFirst ? [1, 2] : [2, 1]
      expect(await isNewer(at(head, mine), { commit: other, number: theirs }, gitWith(head))).toBe(true)
      expect(await isNewer(at(other, theirs), { commit: head, number: mine }, gitWith(head))).toBe(false)
    }),
    { numRuns: 500 },
  )
})

test('the branch of a fork is named with its owner', () => {
  expect(headNameOf(makeBuild())).toBe('master')
  expect(headNameOf(makeBuild(PULL))).toBe('topic')
  expect(headNameOf(makeBuild(FORKED))).toBe('stranger:topic')
  expect(headNameOf(makeBuild({ ...FORKED, cloneRepository: null }))).toBe('topic')
})
