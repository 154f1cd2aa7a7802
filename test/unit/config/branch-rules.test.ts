import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchingRules, ruleError } from '../../../src/config/branch-rules.ts'
import { isBranchName } from '../../../src/model/ref-name.ts'

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
  '/\\\\1/',
  '/(?:a|b)+/',
])('valid: %s', rule => {
  expect(ruleError(rule)).toBeNull()
})

test.each<[string, string | null]>([
  // Globs
  ['release/*', '/^release\\/.*$/'],
  ['release/**', '/^release\\/.*$/'],
  ['feature-?', '/^feature-.$/'],
  ['*', '/.*/'],
  ['**', '/.*/'],
  ['*-hotfix', '/^.*-hotfix$/'],
  ['v1.*', '/^v1\\..*$/'],
  ['feature/[!abc]*', '/^feature\\/[^abc].*$/'],
  ['release/{1,2}*', '/^release\\/(1|2).*$/'],
  ['dependabot/**/x', '/^dependabot\\/(.*\\/)?x$/'],
  ['!release/*', '!/^release\\/.*$/'],
  ['/release/*', '/^release\\/.*$/'],
  ['/release/**/', '/^release\\/.*$/'],
  ['/*/', '/.*/'],
  ['release/', '/^release\\//'],
  // Names
  ['release/1 ', 'release/1'],
  [' main', 'main'],
  ['main\t', 'main'],
  ['refs/heads/release/1', 'release/1'],
  ['refs/heads/release/*', '/^release\\/.*$/'],
  ['!main', '!/^main$/'],
  ['main, develop', '/^(main|develop)$/'],
  // Regular expressions
  ['^release/.*$', '/^release\\/.*$/'],
  ['hotfix/.*', '/^hotfix\\/.*$/'],
  ['(main|dev.*)', '/^(main|dev.*)$/'],
  ['/^dev/i', '/(?i)^dev/'],
  ['/^dev', '/^dev/'],
  ['/^refs\\/heads\\/main$/', '/^main$/'],
  ['!/^refs/heads/rel/', '!/^rel/'],
  ['/^(?!gh-pages$).*$/', '!/^gh-pages$/'],
  ['/^\\/release/', '/^release/'],
  ['/^release\\/$/', '/^release\\//'],
  // What was meant is not clear.
  ['/^release\\/\\*$/', null],
  ['/^a~1$/', null],
  ['/a\\sb/', null],
  ['/a:b/', null],
  ['refs/tags/v1', null],
  ['release:1', null],
  ['a..b', null],
  ['x.lock', null],
  ['-x', null],
  ['HEAD~1', null],
  ['/^main $/', null],
  [' ', null],
  ['!', null],
  ['/', null],
])('%j can match no branch, and is refused with what to write: %j', (rule, expected) => {
  const [, suggestion] = /Write ("(?:[^"\\]|\\.)*")$/.exec(ruleError(rule) ?? 'no error') ?? []
  expect(ruleError(rule)).not.toBeNull()
  expect(suggestion === undefined ? null : JSON.parse(suggestion)).toBe(expected)
  if (expected !== null) expect(ruleError(expected)).toBeNull()
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

test('every rule can match a branch or is refused, and what is suggested is valid', () => {
  const name = fc.string({ unit: fc.constantFrom(...'ab/-.*?[]!^$~: \\@{},|()+'), maxLength: 12 })
  fc.assert(
    fc.property(name, rule => {
      const error = ruleError(rule)
      if (error === null) expect(/^!?\/.+\/$/s.test(rule) || isBranchName(rule)).toBe(true)
      const [, suggestion] = /Write ("(?:[^"\\]|\\.)*")$/.exec(error ?? '') ?? []
      if (suggestion !== undefined) expect(ruleError(JSON.parse(suggestion))).toBeNull()
    }),
    { numRuns: 1000 },
  )
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
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', 'constructor', 'toString'),
  )
  fc.assert(
    fc.property(fc.array(rule), branch, (rules, name) => {
      const matching = matchingRules(rules, name)
      expect(rules).toEqual(expect.arrayContaining(matching))
      expect(matchingRules([...rules, name], name)[0]).toBe(name)
    }),
    { numRuns: 1000 },
  )
})
