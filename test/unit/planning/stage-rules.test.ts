import { expect, test } from 'vitest'
import { toConfig } from '../../../src/config/config.ts'
import { DEFAULTS } from '../../../src/config/defaults.ts'
import { chooseStages, noteOtherRule } from '../../../src/planning/stage-rules.ts'

/** Stage rules as in a configuration file. */
const rulesOf = (stages: object) => toConfig({ ...DEFAULTS, stages } as never).stages

test.each<[string, Record<string, string>, string, [string, string] | null]>([
  ['a name', { master: 'dev' }, 'master', ['dev', 'stages.master']],
  ['no rule', { master: 'dev' }, 'main', null],
  ['a regex', { '/^release\\//': 'staging' }, 'release/2', ['staging', 'stages["/^release\\\\//"]']],
  ['the name before a regex', { '/./': 'dev', qa: 'qa' }, 'qa', ['qa', 'stages.qa']],
  ['a negative regex', { '!/^(qa|x)$/': 'dev' }, 'master', ['dev', 'stages["!/^(qa|x)$/"]']],
  ['constructor', {}, 'constructor', null],
  ['groups', { '/^(\\w+)-(\\w+)$/': 's-$2-$1' }, 'a-b', ['s-b-a', 'stages["/^(\\\\w+)-(\\\\w+)$/"]']],
  ['a group that captured nothing', { '/^x(y)?$/': 'a$1' }, 'x', ['a', 'stages["/^x(y)?$/"]']],
  ['a group without a regex', { master: 'a$1' }, 'master', ['a', 'stages.master']],
])('%s', (_, stages, branch, expected) => {
  const [choice] = chooseStages(rulesOf(stages), branch)
  expect(choice ? [choice.name, choice.rule] : null).toEqual(expected)
})

test('of two rules the first wins, with a note', () => {
  const rules = rulesOf({ '/^m/': 'dev', '/r$/': 'qa' })
  expect(chooseStages(rules, 'master')).toMatchObject([{ name: 'dev', rule: 'stages["/^m/"]' }])
  expect(noteOtherRule(rules, 'master')).toBe(
    'Branch "master" maps to stage dev by stages["/^m/"]. stages["/r$/"] (stage qa) matches too, but the first rule wins.',
  )
})

test('two rules for the same stage give no note', () => {
  expect(noteOtherRule(rulesOf({ '/^m/': 'dev', '/r$/': 'dev' }), 'master')).toBeNull()
})

test('the stages of a list keep their order, and each has its own groups', () => {
  const rules = rulesOf({
    '/^release\\/(\\d+)$/': [
      'staging-$1',
      { stage: 'production', manual: true, url: 'https://$1.example.com/' },
    ],
  })
  expect(chooseStages(rules, 'release/7')).toMatchObject([
    { name: 'staging-7', overrides: { isManual: false } },
    { name: 'production', overrides: { isManual: true, url: 'https://7.example.com/' } },
  ])
  const other = { '/^m/': ['dev', 'qa'], '/r$/': 'dev' }
  expect(noteOtherRule(rulesOf(other), 'master')).toContain('stages["/r$/"] (stage dev) matches too')
})
