import { expect, test } from 'vitest'
import { describeSimilarName, isSimilarName } from '../../../src/config/file-names.ts'

test.each([
  ...['.lambci.js', '.lambci.cjs', '.lambci.ts', 'lambci.js', 'lambci.config.js'],
  ...[
    '.lambci.yml',
    '.lambci.yaml',
    'lambci.yml',
    '.lambci.toml',
    '.lambci.ini',
    '.lambci.conf',
    '.lambci-ci.yml',
  ],
  ...['lambci.json', '_lambci.json', '..lambci.json', '.lambci..json', '.lambci.json ', '.lambci.json.txt'],
  ...[
    '.lambci',
    '.lambcirc',
    '.lambcirc.json',
    '.lambci-json',
    '.lambci,json',
    '.lambcijson',
    '.lambci_config.json',
  ],
  ...['.lambci.jsonc', '.lambci.json5', '.lambci.jsno', '.lambci.jason', '.lambci.jsn'],
  ...['.Lambci.json', '.LAMBCI.JSON', 'Lambci.json'],
  ...[
    '.lamdci.json',
    '.lambic.json',
    '.labmci.json',
    '.lanbci.json',
    '.lambi.json',
    '.lamci.yml',
    '.lambcy.json',
  ],
  ...['.lambda-ci.json', '.lambdaci.yml'],
])('%s was meant as the configuration', name => {
  expect(isSimilarName(name)).toBe(true)
})

test.each([
  '.lambci.json',
  ...['.lambci.json.example', '.lambci.json.bak', '.lambci.json~', '.lambci.json.swp', '.lambci.json.orig'],
  ...[
    'lambci.schema.json',
    '.lambci.schema.json',
    '.lambci.md',
    'lambci',
    'lambci.sh',
    '.lambci.sh',
    'lambci-test.sh',
  ],
  ...[
    'lambda.js',
    'lambda.json',
    '.lambda.json',
    '.lambda.yml',
    'lambdas.json',
    '.lambdarc',
    'lamb.json',
    '.lambs.json',
  ],
  ...[
    'package.json',
    '.babelrc',
    '.lando.yml',
    '.lerna.json',
    '.samba.json',
    'labels.json',
    'lambada.json',
    'limbo.json',
  ],
])('%s is something else', name => {
  expect(isSimilarName(name)).toBe(false)
})

test.each([
  [
    '.lambci.js',
    '.lambci.js is not read, because configuration is data. Write what it exports to .lambci.json',
  ],
  [
    '.lambci.yml',
    '.lambci.yml is not read: the configuration is JSON. Write its settings to .lambci.json, such as {"cmd":',
  ],
  ['lambci.json', 'lambci.json is not read: the configuration is .lambci.json. Rename it to .lambci.json.'],
  ['.lambci.json.txt', 'Rename it to .lambci.json.'],
  ['.lambci.json\u0007', '".lambci.json\\u0007" is not read'],
])('what to write instead of %s', (name, expected) => {
  expect(describeSimilarName(name, '')).toContain(expected)
})
