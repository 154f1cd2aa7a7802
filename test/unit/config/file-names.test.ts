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
  ...['.lambda-ci.json', '.lambdaci.yml', '.lamb-ci.json', '.lamba-ci.json'],
  // Formats of configuration, and of programs that make one
  ...['.lambci.mts', '.lambci.cts', '.lambci.jsx', '.lambci.tsx', '.lambci.coffee', 'lambci.config.mts'],
  ...['.lambci.properties', '.lambci.hcl', '.lambci.jsonnet', '.lambci.cson', '.lambci.pkl', '.lambci.plist'],
  ...['lambci.ini', 'lambci.conf', 'lambci.cfg', 'lambci.config', 'lambci.properties', 'lambci.hcl'],
  // Misspelled formats
  ...[
    '.lambci.ymal',
    '.lambci.yam',
    '.lambci.yl',
    '.lambci.ymll',
    '.lambci.tml',
    '.lambci.jason5',
    'lambci.ymal',
  ],
  // Without a dot, or with too many
  ...[
    'lambciyml',
    '.lambciyml',
    'lambcirc',
    'lambci.rc',
    'lambcijson',
    '.lambci.json.',
    '.lambci.',
    'lambci.json.',
  ],
  // Saved as text, and copies
  ...['lambci.json.txt', 'lambci.yml.txt', '.lambci.json.rtf', '.lambci copy.json', '.lambci (1).json'],
  ...[
    '.lambci.json (1)',
    'lambci (2).json',
    'Copy of .lambci.json',
    '.lambci - Copy.json',
    '.lambci-copy.yml',
  ],
  ...['.lambci 2.json', '-lambci.json', '.lambci.json\u200b', '․lambci.json', '．lambci．json'],
  // One for each environment
  ...['.lambci.prod.json', '.lambci.test.json', '.lambci-prod.json', 'lambci.dev.yml', 'lambci-local.json'],
  ...['.lambci.production.yaml', '.lambci_staging.json', '.lambci.ci.json', '.lambci.main.json'],
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
  ...['lambci.md', 'lambci-notes.txt', 'lambci.txt', 'lambci.log', '.lambci.log', 'lambci.png', 'lambci.pdf'],
  ...[
    'lambci.go',
    'lambci.py',
    '.lambci.py',
    'lambci.rb',
    'lambci.tf',
    'lambci.html',
    'lambci.css',
    'lambci.ml',
    'lambci.xml',
    'lambci.eml',
    'lambci.html',
  ],
  ...['lambci.lock', 'lambci.zip', 'lambci.json.gz', '.lambci.json.gpg', '.lambci.json.j2', '.lambci.env'],
  ...[
    'lambci.test.js',
    '.lambci.test.js',
    'lambci.spec.ts',
    'lambci.d.ts',
    '.lambci.js.map',
    'lambci.min.js',
  ],
  ...[
    'lambci-events.json',
    'lambci-results.json',
    'lambci.package.json',
    '.lambci.sample.json',
    'lambci-deploy.yml',
  ],
  ...[
    '.lambci.json.off',
    '.lambci.json.disabled',
    '.lambci.json.old',
    '.lambci.yml.bak',
    '.lambci.json.example.txt',
  ],
  ...['copy.json', 'json', '.json', 'config.json', 'Copy of notes.json', '1.json', '.yml'],
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
  ['.lambci.prod.json', '.lambci.prod.json is not read: the configuration is .lambci.json. Rename it'],
  ['.lambci (1).json', 'Rename it to .lambci.json.'],
  ['.lambci.json.', 'Rename it to .lambci.json.'],
  ['lambcijson', 'Rename it to .lambci.json.'],
  ['lambci.ymal', 'the configuration is JSON. Write its settings to .lambci.json'],
  ['.lambci.mts', 'because configuration is data. Write what it exports to .lambci.json'],
  ['.lambci.tsx', 'because configuration is data.'],
  ['.lambci.json.js', 'because configuration is data.'],
  ['.lambci.json.txt', 'Rename it to .lambci.json.'],
  ['.lambci.json\u0007', '".lambci.json\\u0007" is not read'],
])('what to write instead of %s', (name, expected) => {
  expect(describeSimilarName(name, '')).toContain(expected)
})
