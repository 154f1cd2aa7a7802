import { expect, test } from 'vitest'
import { parseJson } from '../../../src/config/json.ts'
import { parseLayer } from '../../../src/config/layer.ts'
import { layerSchema } from '../../../src/config/schema.ts'

const NAME = '.lambci.json'
const parse = (stages: unknown) =>
  parseLayer(layerSchema, { name: NAME, path: [] }, parseJson(NAME, JSON.stringify({ stages }))).values.stages
const errorOf = (stages: unknown) => {
  try {
    parse(stages)
  } catch (error) {
    return (error as Error).message
  }
  return null
}

test.each<[string, unknown]>([
  ['a name', 'dev'],
  ['an object', { stage: 'dev', manual: true, verify: './check.sh' }],
  ['a list', ['staging', { stage: 'production', manual: true }]],
  ['a list with one stage', ['dev']],
])('a branch can have %s', (_, value) => {
  expect(parse({ main: value })).toEqual({ main: value })
})

test.each<[string, unknown, string]>([
  ['an empty list', [], 'stages.main must have at least one stage'],
  ['a list of lists', [['dev']], 'stages.main[0] must be a stage name or an object with "stage"'],
  ['eleven stages', Array.from({ length: 11 }, (_, at) => `s${at}`), 'must have at most 10 stages'],
  [
    'a stage twice',
    ['dev', { stage: 'dev', deploy: 'x' }],
    'stages.main must not name the stage "dev" twice',
  ],
  ['an invalid name in a list', ['dev', 'Über'], 'stages.main[1] must be a stage name'],
  ['a name with a group that its rule has not', ['dev', 'x-$1'], '"$1" stands for group 1 of the rule'],
  [
    'an address with one',
    ['dev', { stage: 'x', url: 'https://$2.x/' }],
    '"$2" stands for group 2 of the rule',
  ],
  [
    'a flag that is a word',
    ['dev', { stage: 'x', manual: 'yes' }],
    'stages.main[1].manual must be true or false',
  ],
  ['an unknown key', { stage: 'x', manuel: true }, 'did you mean "manual"'],
  ['an empty verification', { stage: 'x', verify: ' ' }, 'stages.main.verify must not be empty'],
])('a branch cannot have %s', (_, value, expected) => {
  expect(errorOf({ main: value })).toContain(expected)
})
