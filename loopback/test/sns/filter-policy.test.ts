import { expect, test } from 'vitest'
import { filterPolicySchema, matches } from '../../sns/filter-policy.ts'

const text = (Value: string) => ({ Type: 'String', Value })
const number = (Value: string) => ({ Type: 'Number', Value })
const array = (...values: unknown[]) => ({ Type: 'String.Array', Value: JSON.stringify(values) })

test.each([
  ['an exact string', { a: ['x'] }, { a: text('x') }, true],
  ['another string', { a: ['x'] }, { a: text('y') }, false],
  ['one of a list', { a: ['x', 'y'] }, { a: text('y') }, true],
  ['a missing attribute', { a: ['x'] }, { b: text('x') }, false],
  ['both of two names', { a: ['x'], b: ['y'] }, { a: text('x'), b: text('y') }, true],
  ['only one of two names', { a: ['x'], b: ['y'] }, { a: text('x'), b: text('z') }, false],
  ['an empty policy', {}, {}, true],
  ['a name that every object inherits', { constructor: ['x'] }, {}, false],
  ['an exact number', { a: [7] }, { a: number('7.0') }, true],
  ['a number against a text', { a: [7] }, { a: text('7') }, false],
  ['a text against a number', { a: ['7'] }, { a: number('7') }, false],
  ['one element of an array', { a: ['x'] }, { a: array('w', 'x') }, true],
  ['a boolean and a null in an array', { a: [true], b: [null] }, { a: array(true), b: array(null) }, true],
  ['an array that is not JSON', { a: ['x'] }, { a: { Type: 'String.Array', Value: 'x' } }, false],
  ['a binary attribute', { a: ['eA=='] }, { a: { Type: 'Binary', Value: 'eA==' } }, false],
  ['a prefix', { a: [{ prefix: 'mas' }] }, { a: text('master') }, true],
  ['another prefix', { a: [{ prefix: 'mas' }] }, { a: text('main') }, false],
  ['anything but a text', { a: [{ 'anything-but': 'x' }] }, { a: text('y') }, true],
  ['the text itself', { a: [{ 'anything-but': 'x' }] }, { a: text('x') }, false],
  ['anything but a list', { a: [{ 'anything-but': ['x', 'y'] }] }, { a: text('z') }, true],
  ['one of that list', { a: [{ 'anything-but': ['x', 'y'] }] }, { a: text('y') }, false],
  ['anything-but without an attribute', { a: [{ 'anything-but': 'x' }] }, {}, false],
  ['anything but a number', { a: [{ 'anything-but': [7] }] }, { a: number('7') }, false],
  ['anything but a prefix', { a: [{ 'anything-but': { prefix: 'x' } }] }, { a: text('xy') }, false],
  [
    'another element of an array, with anything-but',
    { a: [{ 'anything-but': ['x'] }] },
    { a: array('x', 'y') },
    true,
  ],
  ['an attribute that exists', { a: [{ exists: true }] }, { a: text('x') }, true],
  [
    'a binary attribute that exists',
    { a: [{ exists: true }] },
    { a: { Type: 'Binary', Value: 'eA==' } },
    true,
  ],
  ['an attribute that must exist but does not', { a: [{ exists: true }] }, {}, false],
  ['an attribute that must not exist', { a: [{ exists: false }] }, {}, true],
  ['an attribute that exists but must not', { a: [{ exists: false }] }, { a: text('x') }, false],
  ['missing or x', { a: [{ exists: false }, 'x'] }, { a: text('x') }, true],
  ['numeric =', { a: [{ numeric: ['=', 7] }] }, { a: number('7') }, true],
  ['numeric <', { a: [{ numeric: ['<', 7] }] }, { a: number('7') }, false],
  ['numeric <=', { a: [{ numeric: ['<=', 7] }] }, { a: number('7') }, true],
  ['within a range', { a: [{ numeric: ['>', 0, '<=', 7] }] }, { a: number('7') }, true],
  ['below a range', { a: [{ numeric: ['>', 0, '<=', 7] }] }, { a: number('0') }, false],
  ['above a range', { a: [{ numeric: ['>=', 0, '<', 7] }] }, { a: number('7') }, false],
  ['numeric against a text', { a: [{ numeric: ['>', 0] }] }, { a: text('7') }, false],
] as const)('%s', (_, policy, attributes, expected) => {
  expect(matches(filterPolicySchema.parse(policy), attributes)).toBe(expected)
})

test.each([
  ['a condition outside a list', { a: 'x' }],
  ['an empty list', { a: [] }],
  ['a nested policy', { a: { b: ['x'] } }],
  ['an unknown condition', { a: [{ suffix: 'x' }] }],
  ['two conditions in one object', { a: [{ prefix: 'x', exists: true }] }],
  ['an unknown comparison', { a: [{ numeric: ['!=', 7] }] }],
  ['a range with two upper bounds', { a: [{ numeric: ['<', 7, '<', 8] }] }],
  ['$or', { $or: [{ a: ['x'] }] }],
  ['more than five names', Object.fromEntries([...'abcdef'].map(name => [name, ['x']]))],
])('a policy with %s is rejected', (_, policy) => {
  expect(filterPolicySchema.safeParse(policy).success).toBe(false)
})
