import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchingRules, ruleError } from '../../../src/config/branch-rules.ts'
import { nameStates, symbolOf } from '../../../src/config/name-automaton.ts'
import { isBranchName } from '../../../src/model/ref-name.ts'
import { runs } from '../../support/runs.ts'

test.each<[string, string]>([
  // Groups, alternatives, classes and escapes
  ['/a b|c d/', 'no name contains a space'],
  ['/^(main )$/', 'no name contains a space'],
  ['/^(release\\/\\*|hotfix\\/\\*)$/', 'no name contains "*"'],
  ['/[ ]/', 'no name contains a space'],
  ['/[:~^]/', 'no name contains "~"'],
  ['/\\x20+/', 'no name contains a space'],
  ['/\\t/', 'no name contains a tab'],
  ['/[[:cntrl:]]/', 'no name contains a tab, a line break or another control character'],
  ['/\\\\/', 'no name contains "\\\\"'],
  ['/\\Q*\\E/', 'no name contains "*"'],
  ['/( :)/', 'git allows no such name'],
  // The other rules for names
  ['/\\.\\./', 'no name contains ".."'],
  ['/a\\.+\\.b/', 'no name contains ".."'],
  ['/\\.lock$/', 'no name ends with ".lock", and no part of it'],
  ['/\\.lock\\/x/', 'no name ends with ".lock", and no part of it'],
  ['/\\/\\//', 'no name contains "//"'],
  ['/^\\./', 'no name begins with ".", and no part of it'],
  ['/x\\/\\.y/', 'no name begins with ".", and no part of it'],
  ['/\\.$/', 'no name ends with "."'],
  ['/^-/', 'no name begins with "-"'],
  ['/@\\{/', 'no name contains "@{"'],
  ['/^refs\\//', 'rules see its name without "refs/heads/"'],
  ['/^(refs\\/heads\\/main|refs\\/tags\\/.*)$/', 'rules see its name without "refs/heads/"'],
  ['/^(a|b)\\/$/', 'no name begins or ends with "/"'],
  // Contradictions
  ['/^$/', 'no name is empty'],
  ['/a^/', 'no text matches it'],
  ['/$a/', 'no text matches it'],
  ['/a\\bb/', 'no text matches it'],
  ['/[^\\x00-\\x{10FFFF}]/', 'no text matches it'],
  ['/^.{600}.{600}/', 'git allows no such name'],
  // What every name matches
  ...[
    '.*',
    '^',
    '.',
    '.+',
    '\\S',
    '[\\s\\S]',
    'a|',
    '(main|)',
    '^.*$',
    '\\w|\\W',
    '[^ ]',
    'x*',
    '^[^/].*[^/]$|^.$',
  ].map((source): [string, string] => [`!/${source}/`, 'matches no branch: every name matches']),
  ['!/^[^-\\/.]/', 'every name matches'],
  ['!/(?i)[a-z]|[^a-z]/', 'every name matches'],
  ['!/\\pL|\\PL/', 'every name matches'],
  ['!/(?i)é|[^éÉ]/', 'every name matches'],
])('matches no branch: %s', (rule, reason) => {
  expect(ruleError(rule)).toContain(reason)
})

test.each([
  ...[
    '/.*/',
    '/^[^a]/',
    '/[ a]/',
    '/( |a)/',
    '/\\.lock/',
    '/(?i)\\.lock$/',
    '/^refs/',
    '/refs\\//',
    '/^a\\b/',
  ],
  ...['/-$/', '/\\.[^.]/', '/@/', '/\\{/', '/\\s*x/', '/[^\\w]/', '/\\x{80}/', '/\\p{Cc}/', '/(?m)^main$/'],
  ...[
    '!/a b/',
    '!/main/',
    '!/^[a-z]/',
    '!/[a-zA-Z0-9]/',
    '!/\\w/',
    '!/[[:ascii:]]/',
    '!/^.$/',
    '!/^.{1,900}$/',
  ],
  ...['!/[^é]/', '!/\\b/', '!/^(?i:é)$|[^é-ï]|../'],
])('matches some branch: %s', rule => {
  expect(ruleError(rule)).toBeNull()
})

// Names beside the limits of git's rules, which random names hardly ever are.
const symbol = fc.constantFrom(
  ...'ab',
  ...'ab/.-@{lockrefs',
  '.lock',
  'refs/',
  ' ',
  '~',
  '\t',
  '_',
  '!',
  'é',
  'K',
  '🎉',
)
const branchName = fc.array(symbol, { minLength: 1, maxLength: 6 }).map(parts => parts.join(''))

test('names are read as isBranchName decides', () => {
  fc.assert(
    fc.property(branchName, name => {
      const states = nameStates()
      const end = [...name].reduce<number | undefined>((at, text) => {
        const read = symbolOf(text.codePointAt(0) ?? 0)
        return at === undefined ? at : states[at]?.edges.find(({ symbols }) => (symbols & read) !== 0)?.to
      }, 0)
      expect(end !== undefined && states[end]?.isEnd === true).toBe(isBranchName(name))
    }),
    runs(2000),
  )
})

test('a rule that matches some branch is never refused for matching none', () => {
  const piece = fc.constantFrom(
    ...[
      'a',
      'b',
      '.',
      '\\/',
      '/',
      '-',
      '\\.',
      ' ',
      '~',
      '@',
      '\\{',
      'lock',
      'refs',
      '^',
      '$',
      '\\b',
      '\\B',
      '|',
      '_',
    ],
    ...[
      '[ab]',
      '[^a]',
      '[^ -~]',
      '\\w',
      '\\W',
      '\\s',
      '\\S',
      '(?i)',
      '(?i)k',
      'é',
      '(?i)É',
      '\\pL',
      '(',
      ')',
      '(?:',
    ],
    ...['*', '+', '?', '{2}', '*?', '\\t', '[[:space:]]', '\\x20', '\\z', '\\A', '(?m)'],
  )
  const source = fc.array(piece, { minLength: 1, maxLength: 7 }).map(pieces => pieces.join(''))
  let matched = 0
  fc.assert(
    fc.property(
      source,
      fc.boolean(),
      fc.array(branchName, { minLength: 5, maxLength: 20 }),
      (text, isNegated, names) => {
        const rule = `${isNegated ? '!' : ''}/${text}/`
        const [found] = names.filter(name => isBranchName(name) && matchingRules([rule], name).length > 0)
        if (found === undefined) return
        matched += 1
        expect(ruleError(rule) ?? '', found).not.toContain('matches no branch')
      },
    ),
    runs(3000),
  )
  expect(matched).toBeGreaterThan(runs(500).numRuns)
})

// Deciding takes a limited number of steps; what takes more is accepted.
test.each([
  `/(${'ab '.repeat(160)}){1000}/`,
  `/${'[a-z]{1000}'.repeat(45)} /`,
  `!/${'\\pL{1000}'.repeat(30)}/`,
  '!/(.?){999}x/',
  '/(a?){500}a{500} $/',
  '!/^(a|b)*a(a|b){20}$|^(c|.*d.{30})/',
])('limited: %#', rule => {
  expect(ruleError(rule) ?? 'matches no branch').toContain('matches no branch')
})
