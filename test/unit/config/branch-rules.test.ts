import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchingRules, ruleError } from '../../../src/config/branch-rules.ts'
import { CODE_POINT } from '../../support/code-points.ts'
import { runs } from '../../support/runs.ts'

test.each<[string, string[], string, string | undefined]>([
  ['a name', ['master'], 'master', 'master'],
  ['a name is not a prefix', ['master'], 'master2', undefined],
  ['a regex', ['/^test-/'], 'test-something', '/^test-/'],
  ['a regex is not anchored', ['/some/'], 'test-something', '/some/'],
  ['the exact name before a regex', ['/^test-/', 'test-something'], 'test-something', 'test-something'],
  ['regexes in the given order', ['/^test-r/', '/^test-s/', '/./'], 'test-something', '/^test-s/'],
  ['a negative regex that matches', ['!/^test-/'], 'test-something', undefined],
  ['a negative regex', ['!/^test-/'], 'hello', '!/^test-/'],
  ['slashes, escaped as in JavaScript', ['/^feature\\/x$/'], 'feature/x', '/^feature\\/x$/'],
  ['slashes, not escaped', ['/^feature/x$/'], 'feature/x', '/^feature/x$/'],
  ['the end is the end', ['/^a$/'], 'a\nb', undefined],
  ['a name that looks like a pattern', ['v1.0'], 'v1x0', undefined],
  ['constructor', ['master'], 'constructor', undefined],
  ['__proto__', ['/^__/'], '__proto__', '/^__/'],
  ['a branch named like an unterminated pattern', ['/^a/'], '/^a', undefined],
  ['an invalid rule matches nothing', ['/(/', '!/(/', '/(a)\\1/'], 'aa', undefined],
])('%s', (_, rules, branch, expected) => {
  expect(matchingRules(rules, branch)[0]).toBe(expected)
})

test.each([
  ['', 'must not be empty'],
  ['/(/', '"/(/" is not a valid regular expression: missing closing ): "("'],
  ['!/[/', '"!/[/" is not a valid regular expression: missing closing ]: "["'],
  ['/^dev', '"/^dev" is neither a branch name nor a regular expression'],
  ['/^dev/i', 'without flags'],
  ['//', 'is neither a branch name nor a regular expression'],
  [
    '/^(?!test-)/',
    'uses look-around, which is not supported (RE2 syntax); use "!/regex/" for branches that do not match',
  ],
  ['/(?<=a)b/', 'uses look-around'],
  ['/(?<!a)b/', 'uses look-around'],
  ['/(a)\\1/', 'uses a back-reference'],
  ['/(?<x>a)\\k<x>/', 'uses a back-reference'],
  ['/(a{1000}){1000}/', 'invalid repeat count'],
  [`/${'a'.repeat(500)}/`, 'is longer than 500 characters'],
])('refused: %s', (rule, reason) => {
  expect(ruleError(rule)).toContain(reason)
})

test.each([
  'master',
  'release/1.0',
  '/^v\\d+\\.\\d+$/',
  '!/^(gh-pages|docs)$/',
  '/(?<x>a)/',
  '/[(?=]/',
  '/\\(?=x/',
  '/\\\\1|x/',
  '/(?:a|b)+/',
])('valid: %s', rule => {
  expect(ruleError(rule)).toBeNull()
})

// Git allows these, odd as they are.
test.each([
  'release/1,master',
  'main|develop',
  'origin/main',
  'master;dev',
  '(x)',
  '/^main( x)?$/',
  '!/ /',
  '/a ?b/',
  '/[ a]/',
  '/^\\w*$/',
  '/(?:a|b):?/',
  '/^\\/?release/',
  '/x\\/?$/',
])('possible: %s', rule => {
  expect(ruleError(rule)).toBeNull()
})

// A backtracking engine would never finish these.
test.each(['/(a+)+$/', '/^(a|a)*$/', '/(.*)*x/', '/^(([a-z])+.)+[A-Z]([a-z])+$/', '/(a?){500}a{500}$/'])(
  'linear: %s',
  rule => {
    const branch = `${'a'.repeat(5_000)}!`
    expect(ruleError(rule)).toBeNull()
    expect(matchingRules([rule], branch)).toEqual([])
  },
)

test('matching never throws, and the exact name always comes first', () => {
  const regex = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'ab()[]{}|*+?.^$\\/1k<>=!:-,') }))
  const rule = fc.oneof(
    fc.string(),
    regex.map(source => `/${source}/`),
    regex.map(source => `!/${source}/`),
  )
  const branch = fc.oneof(
    fc.string({ unit: CODE_POINT }),
    fc.constantFrom('__proto__', 'constructor', 'toString'),
  )
  fc.assert(
    fc.property(fc.array(rule), branch, (rules, name) => {
      const matching = matchingRules(rules, name)
      expect(rules).toEqual(expect.arrayContaining(matching))
      expect(matchingRules([...rules, name], name)[0]).toBe(name)
    }),
    runs(1000),
  )
})
