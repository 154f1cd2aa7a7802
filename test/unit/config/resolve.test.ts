import { expect, test } from 'vitest'
import { type Files, NO_FILES } from '../../../src/config/files.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { type Case, FORK, filesOf, PULL, PUSH, resolve, type Subject } from '../../support/resolving.ts'

test('the complete defaults', () => {
  expect(resolve({}).config).toEqual({
    cmd: 'npm ci && npm test',
    jobs: null,
    setup: null,
    artifacts: [],
    tests: null,
    failFast: true,
    maxParallel: null,
    env: {},
    build: true,
    cancelSuperseded: null,
    paths: null,
    cache: [],
    notifications: {
      on: 'always',
      slack: {
        channel: '#general',
        username: 'LambCI',
        iconUrl: 'https://lambci.s3.amazonaws.com/assets/logo-48x48.png',
        asUser: false,
      },
      sns: { topicArn: null },
    },
    inheritSecrets: true,
    allowConfigOverrides: true,
    git: { depth: 5, tags: false },
    testMerge: false,
    stages: {},
    deploy: null,
    timeout: null,
    retry: 0,
    skip: true,
  })
})

test('a config cannot be changed', () => {
  const { config } = resolve({ head: { env: { A: 1 }, stages: { master: 'dev' } } })
  const parts = [
    config,
    config.env,
    config.stages,
    config.git,
    config.notifications,
    config.notifications.sns,
  ]
  expect(parts.every(part => Object.isFrozen(part))).toBe(true)
})

test('each layer overrides the ones before it, and the rule is applied twice', () => {
  const layers = { build: { branch: 'dev' } } as const
  const ruled = (cmd: string) => ({ branches: { dev: { build: true, cmd } } })
  const cmd = (more: Case) => resolve({ ...layers, ...more }).config.cmd
  expect(cmd({ global: { cmd: 'global' } })).toBe('global')
  expect(cmd({ global: { cmd: 'global' }, repository: { cmd: 'repository' } })).toBe('repository')
  expect(cmd({ repository: { cmd: 'repository', ...ruled('rule') } })).toBe('rule')
  expect(cmd({ repository: { cmd: 'repository' }, packageJson: { lambci: { cmd: 'package' } } })).toBe(
    'package',
  )
  expect(cmd({ packageJson: { lambci: { cmd: 'package' } }, head: { cmd: 'dot' } })).toBe('dot')
  expect(cmd({ head: { cmd: 'dot', ...ruled('dot rule') } })).toBe('dot rule')
  expect(cmd({ repository: ruled('rule'), head: { cmd: 'dot' } })).toBe('rule')
})

test('objects of all layers are merged', () => {
  const { config, sources } = resolve({
    global: { env: { A: 'global', B: 'global' } },
    repository: { env: { B: 'repository' }, branches: { master: { build: true, env: { D: 'rule' } } } },
    packageJson: { lambci: { env: { C: 'package' } } },
    head: {
      env: { C: 'dot', D: 'dot' },
      git: {},
      notifications: { on: 'change', slack: { channel: '#dev' } },
    },
  })
  expect(config.env).toEqual({ A: 'global', B: 'repository', C: 'dot', D: 'rule' })
  expect(config.notifications).toMatchObject({ on: 'change', slack: { channel: '#dev', username: 'LambCI' } })
  expect(sources.get('env')).toEqual([
    ...['defaults', 'config/global.json', 'config/gh/o/r.json'],
    ...['package.json', '.lambci.json', 'branches.master'],
  ])
  expect(sources.get('build')).toEqual(['branches.master'])
  expect(sources.get('cmd')).toEqual(['defaults'])
})

test('an invalid file is an error, and the default command does not run', () => {
  const broken = (files: Partial<Files>, build: Partial<Subject> = {}) =>
    resolveConfig({
      build: { ...PUSH, ...build },
      account: {},
      base: NO_FILES,
      head: { ...NO_FILES, ...files },
    })
  expect(() => broken({ lambciJson: '{"cmd": "make",}' })).toThrow('.lambci.json is not valid JSON: line 1')
  expect(broken({ packageJson: '{' }).filesError).toContain('package.json is not valid JSON')
  expect(() => broken({ lambciJson: '{}' })).not.toThrow()
  expect(() => broken({ lambciJson: '{' }, FORK)).toThrow('.lambci.json at the head commit is not valid JSON')
  expect(() => resolve({ global: { alow: [] } })).toThrow(
    'config/global.json: "alow" is not a known key (did you mean "allow"?).',
  )
  expect(() => resolve({ repository: { cmd: 1 } })).toThrow('config/gh/o/r.json: cmd must be a command')
})

test.each<[string, Case, boolean]>([
  ['a file switches it off', { head: { inheritSecrets: false } }, false],
  ['a file switches it on', { global: { inheritSecrets: false }, head: { inheritSecrets: true } }, false],
  [
    "a file's rule switches it on",
    {
      global: { inheritSecrets: false },
      head: { branches: { master: { build: true, inheritSecrets: true } } },
    },
    false,
  ],
  [
    'a more specific rule of a file switches it on',
    {
      build: { branch: 'x' },
      global: { branches: { '/x/': { build: true, inheritSecrets: false } } },
      head: { branches: { x: { inheritSecrets: true } } },
    },
    false,
  ],
  [
    "the repository's settings switch it on",
    { global: { inheritSecrets: false }, repository: { inheritSecrets: true } },
    true,
  ],
  ['the settings switch it on for forks', { build: FORK, global: { pullRequests: true } }, false],
])('inheritSecrets: %s', (_, layers, expected) => {
  expect(resolve(layers).config.inheritSecrets).toBe(expected)
})

test('withheld secrets are noted', () => {
  expect(resolve({ global: { inheritSecrets: false }, head: { inheritSecrets: true } }).notes).toEqual([
    `"inheritSecrets" stays false: the account's settings switch it off, and files cannot switch it on.`,
  ])
  expect(resolve({ build: { ...PULL, trust: 'fork' } }).notes).toEqual([
    'Secret variables are never given to pull requests from forks or from Dependabot.',
  ])
  expect(resolve({ build: FORK }).notes).toEqual([])
})

test('files and keys of LambCI that are ignored are noted', () => {
  const head = {
    ...filesOf({ clearTmp: false, notifications: { slack: { channel: '#x' } } }),
    similarNames: ['.lambci.js'],
  }
  expect(resolveConfig({ build: PUSH, account: {}, base: NO_FILES, head }).notes).toEqual([
    '.lambci.json: "clearTmp" is no longer needed. You can remove it.',
    '.lambci.js is ignored, because configuration is data. Move its settings to .lambci.json.',
  ])
})

test('Slack: false switches it off, and an object over false gets the defaults', () => {
  const off = { notifications: { slack: false } }
  expect(resolve({ global: off }).config.notifications.slack).toBeNull()
  const slack = resolve({ global: off, head: { notifications: { slack: { channel: '#x' } } } }).config
    .notifications.slack
  expect(slack).toMatchObject({ channel: '#x', username: 'LambCI', asUser: false })
})
