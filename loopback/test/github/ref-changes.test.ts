import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseDefaultBranch, compareRefs, NO_COMMIT } from '../../github/ref-changes.ts'

const refs = fc.dictionary(
  fc.constantFrom('refs/heads/a', 'refs/heads/b', 'refs/tags/a'),
  fc.constantFrom('1', '2'),
)
const asMap = (record: Record<string, string>) => new Map(Object.entries(record))

test('applying the changes to the old refs yields the new refs, with at most one change per ref', () => {
  fc.assert(
    fc.property(refs.map(asMap), refs.map(asMap), (before, after) => {
      const changes = compareRefs(before, after)
      const result = new Map(before)
      for (const change of changes) {
        expect(change.before).toBe(before.get(change.ref) ?? NO_COMMIT)
        if (change.after === NO_COMMIT) result.delete(change.ref)
        else result.set(change.ref, change.after)
      }
      expect(result).toEqual(after)
      expect(new Set(changes.map(({ ref }) => ref)).size).toBe(changes.length)
    }),
  )
})

test.each([
  ['main', [], 'main'],
  ['main', ['refs/heads/master'], 'master'],
  ['main', ['refs/heads/main', 'refs/heads/master'], 'main'],
  ['master', ['refs/heads/main', 'refs/heads/master'], 'master'],
  ['main', ['refs/heads/a', 'refs/tags/main'], 'a'],
])('with the default branch %s and the refs %j, %s becomes the default', (current, names, chosen) => {
  expect(chooseDefaultBranch(current, new Map(names.map(name => [name, '1'])))).toBe(chosen)
})
