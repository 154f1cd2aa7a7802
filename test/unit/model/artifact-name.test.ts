import fc from 'fast-check'
import { expect, test } from 'vitest'
import { artifactNameOf } from '../../../src/model/artifact-name.ts'

test.each([
  [{}, null, 'dist'],
  [{ NODE: '22' }, null, 'dist/NODE-22'],
  [{}, { index: 3, count: 8 }, 'dist/3-of-8'],
  [{ NODE: '22.1', OS: 'linux' }, { index: 1, count: 2 }, 'dist/NODE-22.1_OS-linux_1-of-2'],
])('%j, shard %j: %s', (cell, shard, expected) => {
  expect(artifactNameOf('dist', { cell, shard })).toBe(expected)
})

test.each([
  [{ FLAGS: '--fast -j 4' }, /^dist\/FLAGS-fast-j-4--[0-9a-f]{12}$/],
  [{ FLAGS: '' }, /^dist\/FLAGS---[0-9a-f]{12}$/],
  [{ URL: '../../x' }, /^dist\/URL-..-..-x--[0-9a-f]{12}$/],
  [{ A: 'ü'.repeat(200) }, /^dist\/A-[-]?--[0-9a-f]{12}$/],
])('%j is made safe', (cell, expected) => {
  expect(artifactNameOf('dist', { cell, shard: null })).toMatch(expected)
})

test('names are safe in keys, short, and different for different cells and shards', () => {
  const value = fc.oneof(
    fc.stringMatching(/^[a-z0-9._=,-]{0,4}$/),
    fc.string({ unit: 'grapheme', maxLength: 200 }),
  )
  const cell = fc.dictionary(fc.stringMatching(/^[A-C_]{1,3}$/), value, { maxKeys: 3 })
  const shard = fc.option(fc.record({ index: fc.integer({ min: 1, max: 3 }), count: fc.constant(3) }))
  const identity = fc.record({ cell, shard })
  fc.assert(
    fc.property(identity, identity, (one, other) => {
      const [first, second] = [one, other].map(each => artifactNameOf('a', each))
      expect(first).toMatch(/^a(\/[A-Za-z0-9._-]{1,74})?$/)
      expect(first).not.toMatch(/\/\.{1,2}$/)
      const isSame =
        JSON.stringify([Object.entries(one.cell), one.shard]) ===
        JSON.stringify([Object.entries(other.cell), other.shard])
      expect(first === second).toBe(isSame)
    }),
    { numRuns: 500 },
  )
})
