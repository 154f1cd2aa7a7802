import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import { merge } from '../../../src/config/merge.ts'

test.each<[string, JsonObject, JsonObject, JsonObject]>([
  ['objects deeply', { a: { b: 1, c: 2 } }, { a: { c: 3 } }, { a: { b: 1, c: 3 } }],
  ['a list replaces', { a: [1, 2] }, { a: [3] }, { a: [3] }],
  [
    'a boolean over an object',
    { pullRequests: { x: true } },
    { pullRequests: false },
    { pullRequests: false },
  ],
  ['an object over a boolean', { branches: true }, { branches: { dev: true } }, { branches: { dev: true } }],
  ['null over an object', { a: { b: 1 } }, { a: null }, { a: null }],
  ['an object over a list', { a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
  ['names of Object.prototype', { a: 1 }, { constructor: { b: 1 } }, { a: 1, constructor: { b: 1 } }],
])('%s', (_, under, over, expected) => {
  expect(merge(under, over)).toEqual(expected)
})

test('an own key __proto__ stays an ordinary key and pollutes no prototype', () => {
  const hostile: JsonObject = JSON.parse(
    '{"__proto__": {"polluted": true}, "a": {"__proto__": {"polluted": true}}}',
  )
  const merged = merge(merge({ a: {} }, hostile), hostile)
  expect(Object.hasOwn(merged, '__proto__')).toBe(true)
  expect(({} as JsonObject).polluted).toBeUndefined()
  expect((merged.a as JsonObject).polluted).toBeUndefined()
})

test('merging changes neither prototypes nor its arguments', () => {
  const names = fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'a', 'b')
  const { tree } = fc.letrec(tie => ({
    tree: fc.dictionary(
      names,
      fc.oneof({ depthSize: 'small' }, fc.boolean(), fc.array(fc.nat()), tie('tree')),
    ),
  }))
  // JSON.parse creates an own key __proto__.
  const parsed = tree.map(value => JSON.stringify(value))
  fc.assert(
    fc.property(parsed, parsed, (under, over) => {
      const before = Object.getOwnPropertyNames(Object.prototype).join()
      const [low, high]: JsonObject[] = [JSON.parse(under), JSON.parse(over)]
      const merged = merge(low!, high!)
      expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(before)
      expect(JSON.stringify([low, high])).toBe(
        `[${JSON.stringify(JSON.parse(under))},${JSON.stringify(JSON.parse(over))}]`,
      )
      expect(new Set(Object.keys(merged))).toEqual(new Set([...Object.keys(low!), ...Object.keys(high!)]))
    }),
  )
})
