import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchingRules, ruleError } from '../../../src/config/branch-rules.ts'
import { isBranchName } from '../../../src/model/ref-name.ts'
import { runs } from '../../support/runs.ts'

/** The suggestion for a rule that is refused. Null if there is none. */
function suggestionFor(rule: string): string | null {
  const [, suggestion] = /Write ("(?:[^"\\]|\\.)*")$/.exec(ruleError(rule) ?? '') ?? []
  return suggestion === undefined ? null : JSON.parse(suggestion)
}

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
  ['/^(?!main|dev)/', '!/^(main|dev)/'],
  ['!/^(?!main$).*$/', '/^main$/'],
  [' /^main/', '/^main/'],
  ['/main/ ', '/main/'],
  ['! /main/', '!/main/'],
  ['main|release/.*', '/^(main|release\\/.*)$/'],
  ['/^refs\\/heads\\/a|^refs\\/heads\\/b/', '/^a|^b/'],
  ['!(main)', '!/^main$/'],
  ['!(main|release/*)', '!/^(main|release\\/.*)$/'],
  ['!(main|dev.+)', null],
  ['!(dev.+)', null],
  ['main,dev/.*', null],
  ['main,release/*', '/^(main|release\\/.*)$/'],
  ['{main,release/*}', '/^(main|release\\/.*)$/'],
  ['*/*', '/^.*\\/.*$/'],
  // What was meant is not clear.
  ...[
    '/^\\//',
    '/\\/$/',
    '/^.*\\/$/',
    '/\\?/',
    '/\\*/',
    '/[*]/',
    '!*',
    '!**',
    '!/.*/',
    '!/x*/',
    'a\\b',
    'release\\dev',
  ].map((rule): [string, null] => [rule, null]),
  ...[
    '/(?!x)/',
    '/a(?=b)/',
    '/^(?!x)$/',
    '/^(?!x)y/',
    '/(?#c)/',
    '/a{1001}/',
    '/about/us',
    '?(a)',
    '{a*',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as other systems write it
    '${{ x }}',
    'a@{*',
  ].map((rule): [string, null] => [rule, null]),
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
  expect(ruleError(rule)).not.toBeNull()
  expect(suggestionFor(rule)).toBe(expected)
  if (expected !== null) expect(ruleError(expected)).toBeNull()
})

test('every rule can match a branch or is refused, and what is suggested is valid', () => {
  const name = fc.string({ unit: fc.constantFrom(...'ab/-.*?[]!^$~: \\@{},|()+'), maxLength: 12 })
  fc.assert(
    fc.property(name, rule => {
      const error = ruleError(rule)
      if (error === null) expect(/^!?\/.+\/$/s.test(rule) || isBranchName(rule)).toBe(true)
      const suggestion = suggestionFor(rule)
      if (suggestion !== null) expect(ruleError(suggestion)).toBeNull()
    }),
    runs(1000),
  )
})

/** Whether a glob matches a name, one character at a time. */
function globMatches(glob: string, name: string): boolean {
  if (glob.startsWith('**/')) {
    const rest = glob.slice(3)
    return (
      [...name].some((each, at) => each === '/' && globMatches(rest, name.slice(at + 1))) ||
      globMatches(rest, name)
    )
  }
  if (glob.startsWith('*')) {
    const rest = glob.replace(/^\*+/, '')
    return Array.from({ length: name.length + 1 }).some((_, at) => globMatches(rest, name.slice(at)))
  }
  if (glob === '' || name === '') return glob === name
  return (glob[0] === '?' || glob[0] === name[0]) && globMatches(glob.slice(1), name.slice(1))
}

const plainName = fc
  .string({ unit: fc.constantFrom(...'ab/-.'), minLength: 1, maxLength: 8 })
  .filter(isBranchName)

test('what is suggested for a glob matches what the glob does', () => {
  const glob = fc
    .array(fc.constantFrom('a', 'b', '/', '-', '.', '*', '**', '**/', '?'), { minLength: 1, maxLength: 6 })
    .map(parts => parts.join(''))
  let suggested = 0
  fc.assert(
    fc.property(
      glob,
      fc.boolean(),
      fc.array(plainName, { minLength: 10, maxLength: 15 }),
      (text, isNegated, names) => {
        if (text.startsWith('/') || text.endsWith('/') || /(^|[^\w*?])\.\*/.test(text)) return
        const suggestion = suggestionFor(isNegated ? `!${text}` : text)
        if (suggestion === null) return
        suggested += 1
        for (const name of names)
          expect([name, matchingRules([suggestion], name).length > 0]).toEqual([
            name,
            globMatches(text, name) !== isNegated,
          ])
      },
    ),
    runs(800),
  )
  expect(suggested).toBeGreaterThan(runs(200).numRuns)
})

test('what is suggested for a name, a list, a ref or look-ahead matches those names', () => {
  const forms: readonly [
    form: (one: string, other: string) => string,
    isMeant: (name: string, one: string, other: string) => boolean,
  ][] = [
    [one => ` ${one}`, (name, one) => name === one],
    [one => `!${one}`, (name, one) => name !== one],
    [one => `!(${one})`, (name, one) => name !== one],
    [one => `refs/heads/${one}`, (name, one) => name === one],
    [one => `${one}/`, (name, one) => name.startsWith(`${one}/`)],
    [one => `/^refs/heads/${one}/`, (name, one) => new RegExp(`^${one}`).test(name)],
    [one => `/^(?!${one})/`, (name, one) => new RegExp(`^(?!${one})`).test(name)],
    [one => `/^(?!${one}$).*$/`, (name, one) => new RegExp(`^(?!${one}$).*$`).test(name)],
    [one => `/^${one}/i`, (name, one) => new RegExp(`^${one}`, 'i').test(name)],
    [one => `^${one}$`, (name, one) => new RegExp(`^${one}$`).test(name)],
    [(one, other) => `${one}, ${other}`, (name, one, other) => name === one || name === other],
    [(one, other) => `!(${one}|${other})`, (name, one, other) => name !== one && name !== other],
    [
      (one, other) => `/^(?!${one}|${other})/`,
      (name, one, other) => new RegExp(`^(?!${one}|${other})`).test(name),
    ],
  ]
  let suggested = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...forms),
      plainName,
      plainName,
      fc.array(plainName),
      ([form, isMeant], one, other, names) => {
        const suggestion = suggestionFor(form(one, other))
        if (suggestion === null) return
        suggested += 1
        for (const name of [one, other, `${one}/a`, `${one}${other}`, ...names].filter(isBranchName))
          expect([name, matchingRules([suggestion], name).length > 0]).toEqual([
            name,
            isMeant(name, one, other),
          ])
      },
    ),
    runs(500),
  )
  expect(suggested).toBeGreaterThan(runs(250).numRuns)
})
