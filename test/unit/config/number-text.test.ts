import { expect, test } from 'vitest'
import { parseLayerJson } from '../../../src/config/json.ts'
import { configJsonSchema } from '../../../src/config/json-schema.ts'
import { readLambciJson, readPackageJson } from '../../../src/config/layer.ts'
import { parseSettings, readSettings } from '../../../src/config/settings.ts'

const NUMBERS = [
  ...['3.10', '1.0', '20', '0', '-0', '0.10', '1e3', '1E+3', '1e400', '-1.50e-7'],
  ...['123456789012345678', '12345678901234567890123', '0.1000000000000000055511151231257827'],
]

test.each(NUMBERS)('the variable %s keeps its text, in files and in settings', number => {
  const text = `{"env": {"V": ${number}}}`
  const expected = { env: { V: number } }
  expect(readLambciJson(text)?.values).toEqual(expected)
  expect(readPackageJson(`{"version": 1.10, "lambci": ${text}}`)?.values).toEqual(expected)
  const settings = readSettings('gh/o/r', { global: text, repository: text })
  // A build stores its settings as JSON.
  const stored: unknown = JSON.parse(JSON.stringify(settings))
  expect(parseSettings('gh/o/r', stored).map(({ values }) => values)).toEqual([expected, expected])
})

test('numbers elsewhere stay numbers', () => {
  expect(readLambciJson('{"timeout": 6e2, "branches": {"env": {"timeout": 60.0}}}')?.values).toEqual({
    timeout: 600,
    branches: { env: { timeout: 60 } },
  })
})

/** The paths of all `env` in the schema of files; `*` for any key. */
function pathsOfEnv(schema: SchemaNode, definitions: Record<string, SchemaNode>, path: string[]): string[][] {
  const node = schema.$ref ? definitions[schema.$ref.split('/').at(-1) ?? ''] : schema
  if (!node || path.length > 6) return []
  const below = (inner: SchemaNode, key: string) => pathsOfEnv(inner, definitions, [...path, key])
  return [
    ...(path.at(-1) === 'env' ? [path] : []),
    ...Object.entries(node.properties ?? {}).flatMap(([key, inner]) => below(inner, key)),
    ...(typeof node.additionalProperties === 'object' ? below(node.additionalProperties, '*') : []),
    ...(node.anyOf ?? []).flatMap(each => pathsOfEnv(each, definitions, path)),
    ...(node.allOf ?? []).flatMap(each => pathsOfEnv(each, definitions, path)),
  ]
}
type SchemaNode = {
  $ref?: string
  properties?: Record<string, SchemaNode>
  additionalProperties?: SchemaNode | boolean
  anyOf?: SchemaNode[]
  allOf?: SchemaNode[]
}

test('every "env" of the schema keeps numbers', () => {
  const schema = JSON.parse(configJsonSchema())
  const paths = pathsOfEnv(schema, schema.definitions, [])
  const found = [...new Set(paths.map(path => path.join('.')))]
  expect(found).toEqual(
    expect.arrayContaining(['env', 'branches.*.env', 'stages.*.env', 'branches.*.stages.*.env']),
  )
  for (const path of found.map(each => each.split('.'))) {
    const text = path.reduceRight((inner, key) => `{"${key}": ${inner}}`, '{"V": 3.10}')
    expect(JSON.stringify(parseLayerJson('a.json', text)), path.join('.')).toContain('"3.10"')
  }
})
