import { expect, test } from 'vitest'
import { toConfig } from '../../../src/config/config.ts'
import { DEFAULTS } from '../../../src/config/defaults.ts'
import { chooseStage } from '../../../src/planning/stage-rules.ts'

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
  const choice = chooseStage(rulesOf(stages), branch)
  expect(choice && [choice.name, choice.rule]).toEqual(expected)
})

test('of two rules the first wins, with a note', () => {
  expect(chooseStage(rulesOf({ '/^m/': 'dev', '/r$/': 'qa' }), 'master')).toMatchObject({
    name: 'dev',
    rule: 'stages["/^m/"]',
    note: 'Branch "master" maps to stage dev by stages["/^m/"]. stages["/r$/"] (stage qa) matches too, but the first rule wins.',
  })
})

test('two rules for the same stage give no note', () => {
  expect(chooseStage(rulesOf({ '/^m/': 'dev', '/r$/': 'dev' }), 'master')?.note).toBeNull()
})
