import { expect, test } from 'vitest'
import { type Files, NO_FILES } from '../../../src/config/files.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { planBuild } from '../../../src/planning/plan.ts'
import { FORK, PULL, PUSH, type Subject } from '../../support/resolving.ts'

type Case = {
  build?: Partial<Subject>
  head?: Partial<Files>
  base?: Partial<Files>
  account?: object | null
}

const LINK = { reason: 'is a symbolic link', advice: 'Replace it with the file itself.' }

function resolve({ build, head, base, account = {} }: Case) {
  const subject = { ...PUSH, checkoutBranch: PUSH.branch, pullRequest: null, target: null, ...build }
  const files = { base: { ...NO_FILES, ...base }, head: { ...NO_FILES, ...head } }
  const resolved = resolveConfig({ build: subject, account, ...files })
  return { resolved, plan: planBuild(subject, resolved) }
}

const errorOf = (parts: Case) => {
  try {
    resolve(parts)
  } catch (error) {
    return (error as Error).message
  }
  return null
}

const similar = (...similarNames: string[]) => ({ packageJson: '{}', similarNames })
const onlyEnv = { global: { allowConfigOverrides: ['env'] } }

test.each<[string, Case, string]>([
  ['.lambci.js', { head: similar('.lambci.js') }, '.lambci.js is not read, because configuration is data.'],
  ['.lambci.yml', { head: similar('.lambci.yml') }, '.lambci.yml is not read: the configuration is JSON.'],
  ['two of them', { head: similar('.lambci.yml', 'lambci.json') }, 'lambci.json is not read'],
  [
    'one, beside the key "lambci" of package.json',
    { head: { ...similar('.lambci.js'), packageJson: '{"lambci": {"cmd": "make"}}' } },
    '.lambci.js is not read',
  ],
  [
    "one, although the account's settings have a command",
    { head: similar('.lambci.js'), account: { global: { cmd: 'make' } } },
    '.lambci.js is not read',
  ],
  ['one, in a pull request', { build: PULL, head: similar('.lambci.js') }, '.lambci.js is not read'],
  [
    "one at a fork's base",
    { build: FORK, base: similar('.lambci.js'), head: { packageJson: '{}' } },
    '.lambci.js at the base commit is not read',
  ],
  ["one of a fork's own", { build: FORK, head: similar('lambci.json') }, 'lambci.json at the head commit is'],
])('what was meant as .lambci.json is an error, not the default command: %s', (_, parts, expected) => {
  expect(errorOf(parts)).toContain(expected)
})

test.each<[string, Case, string[]]>([
  [
    'beside a .lambci.json',
    { head: { ...similar('.lambci.yml'), lambciJson: '{"cmd": "make"}' } },
    ['.lambci.yml is ignored: only .lambci.json is read. Move its settings there, or remove it.'],
  ],
  [
    'where files may set nothing',
    { head: similar('.lambci.yml'), account: { global: { allowConfigOverrides: false, cmd: 'make' } } },
    ['.lambci.yml is ignored: only .lambci.json is read. Move its settings there, or remove it.'],
  ],
  [
    'of a fork, where the base has a .lambci.json',
    { build: FORK, base: { lambciJson: '{"cmd": "make"}' }, head: similar('.lambci.yml') },
    [],
  ],
  [
    'at the base, where the fork adds a .lambci.json',
    { build: FORK, base: similar('.lambci.yml'), head: { lambciJson: '{"cmd": "make"}' } },
    ['.lambci.yml is ignored: only .lambci.json is read. Move its settings there, or remove it.'],
  ],
])('it is at most a note %s', (_, parts, notes) => {
  expect(resolve(parts).resolved.notes).toEqual(notes)
})

test.each<[string, Case, string]>([
  ['no files', {}, 'There is neither a .lambci.json nor a package.json, so the default command'],
  ['no files, in a pull request', { build: PULL }, 'Add a .lambci.json such as {"cmd": "make test"}.'],
  ['no files of a fork', { build: FORK, base: { packageJson: '{}' } }, 'There is neither'],
  ['no command', { head: { lambciJson: '{"env": {"A": 1}}' } }, '.lambci.json sets no "cmd", and without a'],
  [
    'no command that files may set',
    { head: { lambciJson: '{"cmd": "x"}' }, account: onlyEnv },
    'lambci config set',
  ],
  ['no files, and unknown settings', { account: null }, "The account's settings are not known here"],
])('the default command needs a package.json: %s', (_, parts, expected) => {
  expect(errorOf(parts)).toContain(expected)
})

test.each<[string, Case]>([
  ['a package.json', { head: { packageJson: '{}' } }],
  ['a command in package.json', { head: { packageJson: '{"lambci": {"cmd": "make"}}' } }],
  ['a command', { head: { lambciJson: '{"cmd": "make"}' } }],
  [
    'a command in a rule',
    { head: { lambciJson: '{"branches": {"master": {"build": true, "cmd": "make"}}}' } },
  ],
  ["the account's command", { account: { repository: { cmd: 'make' } } }],
  ["a fork's command", { build: FORK, head: { lambciJson: '{"cmd": "make"}' } }],
  ["the base's command", { build: FORK, base: { lambciJson: '{"cmd": "make"}' } }],
  ['a branch that is not built', { build: { branch: 'x' } }],
])('nothing is missing with %s', (_, parts) => {
  expect(errorOf(parts)).toBeNull()
})

const UNUSED_DEPLOY = '{"cmd": "make", "deploy": "./deploy.sh"}'
const MASTER_OFF = '{"branches": {"master": false}, "env": {"A": 1}}'

test.each<[string, Case, string]>([
  [
    '.lambci.yml',
    { build: { branch: 'x' }, head: similar('.lambci.yml') },
    'no rule in "branches" matches it',
  ],
  ['a link', { build: { branch: 'x' }, head: { packageJson: LINK } }, 'no rule in "branches" matches it'],
  ['an empty package.json', { build: { branch: 'x' }, head: { packageJson: '' } }, 'no rule in "branches"'],
  ['a link, and the branch is off', { head: { packageJson: LINK, lambciJson: MASTER_OFF } }, 'disables it'],
  [
    'an unused "deploy"',
    { build: { branch: 'x' }, head: { lambciJson: UNUSED_DEPLOY } },
    'no rule in "branches"',
  ],
  ['no files', { build: { branch: 'x' } }, 'no rule in "branches" matches it'],
  [
    'a pull request that is off',
    { build: PULL, head: similar('.lambci.js'), account: { global: { pullRequests: false } } },
    'disables all pull requests',
  ],
  [
    "a fork's pull request that is off",
    { build: FORK, head: { packageJson: LINK }, account: { global: { pullRequests: false } } },
    'disables all pull requests',
  ],
])('what is not built is skipped, not errored: %s', (_, parts, reason) => {
  const { plan } = resolve(parts)
  expect(plan.build).toBe(false)
  expect(plan.reason).toContain(reason)
})

test('a push that changes nothing relevant is skipped, not errored', () => {
  const account = { global: { paths: { exclude: ['docs'] } } }
  const { resolved } = resolve({ head: { lambciJson: '{"cmd": "make"}' }, account })
  const changed = { ...resolved, changedFiles: ['docs/x.md'], filesError: '.lambci.yml is not read.' }
  const build = { ...PUSH, checkoutBranch: 'master', pullRequest: null, target: null }
  expect(planBuild(build, changed)).toMatchObject({ build: false })
  expect(() => planBuild(build, { ...changed, changedFiles: ['x'] })).toThrow('.lambci.yml is not read.')
})

test('what is not built says which file was not read', () => {
  expect(resolve({ build: { branch: 'x' }, head: similar('.lambci.yml') }).resolved.notes).toEqual([
    '.lambci.yml is ignored: only .lambci.json is read. Move its settings there, or remove it.',
  ])
})

test.each<[string, Case['head'], string]>([
  ['.lambci.yml', similar('.lambci.yml'), '.lambci.yml is not read'],
  ['a link', { packageJson: LINK }, 'package.json is a symbolic link.'],
])('a deploy by hand needs files that can be read: %s', (_, head, expected) => {
  const subject = { ...PUSH, checkoutBranch: 'master', pullRequest: null, target: { stage: 'dev' } as never }
  const account = { global: { stages: { master: 'dev' }, deploy: './deploy.sh' } }
  const resolved = resolveConfig({ build: subject, account, base: NO_FILES, head: { ...NO_FILES, ...head } })
  expect(() => planBuild(subject, resolved)).toThrow(expected)
})

const COMMAND = { lambciJson: '{"cmd": "make"}' }

test.each<[string, Files['packageJson'], string]>([
  ['a link', LINK, 'package.json is a symbolic link.'],
  [
    'empty',
    '',
    'package.json is not valid JSON: line 1, column 1: expected a value, found the end of the file.',
  ],
  ['a template', '{"name": "{{name}}", {{#if x}}', 'package.json is not valid JSON: line 1, column 22:'],
  ['a template without quotes', '{{name}}', 'package.json is not valid JSON: line 1, column 2:'],
  ['a list', '[]', 'package.json: the file must be an object.'],
  ['a list with such a key', '[{"lambci": {"cmd": "make"}}]', 'package.json: the file must be an object.'],
  [
    'a template that depends on lambci',
    '{"name": {{name}}, "dependencies": {"lambci": "0.9.0"}}',
    'package.json is not valid JSON: line 1, column 11:',
  ],
  [
    'a template with such a script',
    '{"name": "<%= name %>", <% if (x) { %>"scripts": {"lambci": "x"}<% } %>}',
    'package.json is not valid JSON: line 1, column 25:',
  ],
  [
    'with a comment about it',
    '{// "lambci": {"cmd": "make"}\n"name": "x"}',
    'package.json is not valid JSON',
  ],
  [
    'with text about it',
    `{"name": "x", "description": "the key \\"lambci\\": {}",}`,
    'package.json is not valid',
  ],
  ['nested deeply', `${'['.repeat(200)}${']'.repeat(200)}`, 'package.json is nested deeper than 100 levels.'],
])(
  'a package.json that cannot be read is a note where something else sets the command: %s',
  (_, packageJson, error) => {
    const { notes } = resolve({ head: { ...COMMAND, packageJson } }).resolved
    expect(notes).toHaveLength(1)
    expect(notes[0]).toContain(error)
    expect(notes[0]).toMatch(/It is not read, because the command comes from \.lambci\.json\.$/)
    expect(
      resolve({ head: { packageJson }, account: { global: { cmd: 'make' } } }).resolved.notes[0],
    ).toContain('because the command comes from config/global.json.')
    const fork = resolve({ build: FORK, base: COMMAND, head: { packageJson } }).resolved
    expect(fork.notes[0]).toContain('package.json at the head commit')
    // The default command would be a guess.
    expect(errorOf({ head: { packageJson } })).toContain(error)
    expect(errorOf({ head: { packageJson, lambciJson: '{"env": {"A": 1}}' } })).toContain(error)
  },
)

test.each([
  ['{"lambci": {"comd": "make"}}', 'lambci: "comd" is not a known key'],
  ['{"lambci": {"cmd": "make",}}', 'package.json is not valid JSON'],
  ['{"name": {{name}}, "lambci": {"cmd": "make"}}', 'package.json is not valid JSON'],
  ['{"name": "x", {% if x %}"lambci": {}{% endif %}}', 'package.json is not valid JSON'],
  ['{<% if (x) { %>"lambci": {"cmd": "make"}<% } %>}', 'package.json is not valid JSON'],
  ['{/* { */ "lambci": {}}', 'package.json is not valid JSON'],
  ["{'lambci': {}}", 'package.json is not valid JSON'],
  ['{lambci: {}}', 'package.json is not valid JSON'],
  ['{"lamb\\u0063i": {},}', 'package.json is not valid JSON'],
  ['{"lambci": {}, "a": "it', 'package.json is not valid JSON'],
  ['{"lambci": {},\n<<<<<<< HEAD\n"a": 1}', 'package.json is not valid JSON'],
  ['{"lambci": {"cmd": "a", "cmd": "b"}}', 'package.json: lambci.cmd is given twice'],
])('a mistake in the key "lambci" stays an error: %s', (packageJson, expected) => {
  expect(errorOf({ head: { ...COMMAND, packageJson } })).toContain(expected)
})

test('a .lambci.json that cannot be read is an error', () => {
  expect(errorOf({ head: { lambciJson: LINK, packageJson: '{}' } })).toBe(
    '.lambci.json is a symbolic link. Replace it with the file itself.',
  )
  expect(errorOf({ build: FORK, base: { lambciJson: LINK } })).toContain('.lambci.json at the base commit is')
})

test.each(['{{', '<%', '/*', '"', '\\"', "'\\", '[:', '{{}'])(
  'any package.json is read in linear time: %s',
  unit => {
    const packageJson = `{${unit.repeat(200_000 / unit.length)}`
    expect(resolve({ head: { ...COMMAND, packageJson } }).resolved.notes).toHaveLength(1)
  },
)
