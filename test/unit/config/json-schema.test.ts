import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { configJsonSchema } from '../../../src/config/json-schema.ts'
import { readLambciJson } from '../../../src/config/layer.ts'
import { OVERRIDABLE } from '../../../src/config/schema.ts'
import { lambci } from '../../support/lambci.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')
const ajv = new Ajv({ strict: true, strictTypes: false, code: { optimize: false } })
const isValid = ajv.compile(JSON.parse(read('lambci.schema.json')))

const CLASSIC = {
  $schema: './lambci.schema.json',
  cmd: 'pip install --user tox && tox',
  branches: { master: true, qa: true, staging: true, production: true },
  stages: { master: 'dev', qa: 'qa', staging: 'staging', production: 'production' },
  deploy: 'zappa update $LAMBCI_STAGE',
  notifications: { sns: { topicArn: 'arn:aws:sns:us-east-1:123456789012:builds' } },
}

test('allowConfigOverrides may list exactly the keys that files may set', () => {
  const { properties } = JSON.parse(configJsonSchema()) as {
    properties: Record<string, { deprecated?: boolean }>
  }
  const keys = Object.keys(properties).filter(key => key !== '$schema' && !properties[key]?.deprecated)
  expect([...OVERRIDABLE].toSorted()).toEqual(keys.toSorted())
})

test('lambci.schema.json is up to date', () => {
  expect(read('lambci.schema.json'), 'run "npm run schema"').toBe(configJsonSchema())
})

test('the schema has an absolute id, under which a validator finds it and its own references', () => {
  const { $id } = JSON.parse(configJsonSchema())
  expect($id).toMatch(/^[a-z]+:\S+$/)
  const validate = ajv.getSchema($id)
  expect(validate?.({ branches: { main: { cmd: 'make' } } })).toBe(true)
  expect(validate?.({ branches: { main: { cmd: '' } } })).toBe(false)
})

test('lambci schema writes the file that examples and recipes name as their schema', async () => {
  const printed = await lambci(['schema'])
  expect(printed).toEqual({ exitCode: 0, stdout: configJsonSchema().trimEnd(), stderr: '' })
  const files = globSync(['examples/*/.lambci.json', 'docs/**/*.md', 'README.md', '.lambci.json.example'], {
    cwd: ROOT,
  })
  const named = files.flatMap(file =>
    [...read(file).matchAll(/"\$schema": *"([^"]*)"/g)].map(([, path]) => `${file}: ${path}`),
  )
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter(each => !each.endsWith(': ./lambci.schema.json'))).toEqual([])
  const examples = files.filter(file => file.endsWith('/.lambci.json'))
  expect(examples.filter(file => !named.includes(`${file}: ./lambci.schema.json`))).toEqual([])
})

test.each<[string, unknown]>([
  ['the classic configuration', CLASSIC],
  ['.lambci.json.example', JSON.parse(read('.lambci.json.example'))],
  ['an empty object', {}],
  ['booleans', { branches: true, pullRequests: false, notifications: { slack: false } }],
  ['rules', { branches: { '!/^x/': { cmd: 'make', env: { A: 1, B: null } } }, clearTmp: true }],
])('editors and the runner both accept %s', (_, value) => {
  expect(isValid(value), JSON.stringify(isValid.errors)).toBe(true)
  expect(() => readLambciJson(JSON.stringify(value))).not.toThrow()
})

test.each<[string, unknown]>([
  ['an unknown key', { brnaches: true }],
  ['an unknown key in a rule', { branches: { dev: { branches: true } } }],
  ['an empty command', { cmd: '' }],
  ['a stage in capitals', { stages: { master: 'Dev' } }],
  ['a long timeout', { timeout: 901 }],
  ['a key of the account', { topics: [] }],
])('editors and the runner both refuse %s', (_, value) => {
  expect(isValid(value)).toBe(false)
  expect(() => readLambciJson(JSON.stringify(value))).toThrow('.lambci.json: ')
})

test('every key has a description', () => {
  const { properties, definitions } = JSON.parse(configJsonSchema())
  const keys = { ...properties, ...definitions.overrides.properties, ...properties.notifications.properties }
  const undescribed = Object.keys(keys).filter(key => !keys[key].description)
  expect(undescribed).toEqual([])
})
