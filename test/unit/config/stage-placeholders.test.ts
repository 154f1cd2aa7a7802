import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ruleError } from '../../../src/config/branch-rules.ts'
import { toConfig } from '../../../src/config/config.ts'
import { DEFAULTS } from '../../../src/config/defaults.ts'
import { placeholderError, stageTemplateError } from '../../../src/config/stage-placeholders.ts'
import { isBranchName } from '../../../src/model/ref-name.ts'
import { chooseStages } from '../../../src/planning/stage-rules.ts'
import { resolve } from '../../support/resolving.ts'
import { runs } from '../../support/runs.ts'

test.each<[object, string]>([
  [
    { main: '$1' },
    '.lambci.json: stages.main: "$1" stands for group 1 of the rule, but only a /regex/ has groups.',
  ],
  [{ main: 'a$1' }, 'Write a name without "$", such as "production".'],
  [{ '!/^r/': '$1' }, 'but only a /regex/ has groups'],
  [{ '/^r/': '$1' }, 'which has no group. Put what names the stage in parentheses, such as "/^release'],
  [{ '/^r\\/(.*)$/': '$2' }, '"$2" stands for group 2 of the rule, which has only 1. Write "$1", or put'],
  [{ '/^(?:r)\\/(?<name>.*)$/': 'a-$1-$2' }, 'which has only 1'],
  [{ main: { stage: '$1' } }, 'stages.main: "$1" stands for'],
  [{ main: { stage: 'dev', url: 'https://$1.example.com' } }, 'stages.main: "$1" stands for'],
  [{ '/^r(.*)$/': { stage: 'dev', url: 'https://$2.example.com' } }, '"$2" stands for group 2'],
  [{ '/^(.*)$/': '1-$1' }, 'must be a stage name such as "dev"'],
  [{ '/^(.*)$/': '-$1' }, 'must be a stage name such as "dev"'],
  [{ '/^(feature\\/.+)$/': '$1' }, '"$1" never gives a valid stage name (lower-case letters'],
  [{ '/^v(\\d+)$/': { stage: '$1' } }, 'Capture only a part that can be one'],
])('a stage that can never be filled is refused: %j', (stages, expected) => {
  expect(() => resolve({ head: { deploy: 'x', stages } })).toThrow(expected)
  expect(() => resolve({ head: { deploy: 'x', branches: { main: { stages } } } })).toThrow(
    expected.slice(-20),
  )
  expect(() => resolve({ global: { deploy: 'x', stages } })).toThrow(expected.slice(-20))
})

test.each([
  ['/^([A-Z]+)$/', '$1'],
  ['/^(_.*)$/', '$1'],
  ['/^([^a-z]+)$/', '$1'],
  ['/^(é+)$/', 'x$1'],
  ['/^x(Y)?$/', '$1-a'],
  ['/^(a)?(B)$/', '$1$2'],
  ['/()x/', '$1-'],
  ['/^(?:a(B))+$/', 'x$1'],
  ['/^(.+)$/', `${'a'.repeat(41)}$1`],
])('%s never gives a valid name: %s', (rule, template) => {
  expect(stageTemplateError(rule, template)).toContain('never gives a valid stage name')
})

test.each([
  ['/^r\\/(.*)$/', '$1'],
  ['/^(?i)([A-Z]+)$/', '$1'],
  ['/^v(\\d+)$/', 'v$1'],
  ['/^x(Y)?$/', 'a$1'],
  ['/^x(Y)?$/', '$1a'],
  ['/^(?:([a-z])|[A-Z])*$/', '$1'],
  ['/^((a)|B)+$/', '$1'],
  ['/^(a){3}$/', '$1'],
  ['/^(\\w+)-(\\w+)$/', '$2-$1'],
  ['/^(.+)\\/([^\\/]+)$/', '$1'],
  ['/(.*)/', '$1'],
])('%s may give a valid name: %s', (rule, template) => {
  expect(stageTemplateError(rule, template)).toBeNull()
  expect(placeholderError(rule, `https://${template}.example.com/$`)).toBeNull()
})

test('a rule that gives some branch a valid stage name is never refused', () => {
  const unit = fc.constantFrom(
    'a',
    'A',
    '-',
    '_',
    '\\/',
    '.',
    '[a-z]',
    '[^a]',
    '\\d',
    '\\w',
    '|',
    'a*',
    '.+',
    '(?:A|b)?',
  )
  const part = fc.array(unit, { maxLength: 2 }).map(units => units.join(''))
  const group = fc
    .tuple(part, fc.constantFrom('', '', '*', '+', '?'), part)
    .map(([inner, repeat, after]) => `(${inner})${repeat}${after}`)
  const loop = fc.tuple(group, part).map(([inner, other]) => `(?:${inner}|${other})+`)
  const source = fc
    .tuple(
      fc.constantFrom('', '^'),
      part,
      fc.oneof(group, loop),
      fc.oneof(group, part),
      fc.constantFrom('', '$'),
    )
    .map(parts => parts.join(''))
  const name = fc
    .string({ unit: fc.constantFrom(...'ab1A-_/'), minLength: 1, maxLength: 6 })
    .filter(isBranchName)
  const template = fc.constantFrom('$1', 'x$1', '$1x', '$1-$2', '$2', '$1$2')
  let valid = 0
  fc.assert(
    fc.property(source, template, fc.array(name, { minLength: 5 }), (text, stage, names) => {
      const rule = `/${text}/`
      if (ruleError(rule) !== null || placeholderError(rule, stage) !== null) return
      const rules = toConfig({ ...DEFAULTS, stages: { [rule]: stage } } as never).stages
      const found = names.find(each => chooseStages(rules, each)[0]?.error === null)
      if (found === undefined) return
      valid += 1
      expect(stageTemplateError(rule, stage), found).toBeNull()
    }),
    runs(2000),
  )
  expect(valid).toBeGreaterThan(runs(300).numRuns)
})
