import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import { BUILDS, type Case, FORK, OTHERS, PULL, resolve, topic } from '../../support/resolving.ts'

test.each<[string, JsonObject, object]>([
  ['false', { allowConfigOverrides: false }, { cmd: 'account', timeout: 60 }],
  ['an empty list', { allowConfigOverrides: [] }, { cmd: 'account', timeout: 60 }],
  ['a list', { allowConfigOverrides: ['cmd'] }, { cmd: 'file', timeout: 60 }],
  ['true', { allowConfigOverrides: true }, { cmd: 'file', timeout: 90 }],
  [
    'a rule',
    { branches: { master: { build: true, allowConfigOverrides: ['timeout'] } } },
    { cmd: 'account', timeout: 90 },
  ],
])('allowConfigOverrides limits files: %s', (_, account, expected) => {
  const head = { cmd: 'file', timeout: 90, allowConfigOverrides: true }
  const { config } = resolve({ global: { cmd: 'account', timeout: 60, ...account }, head })
  expect(config).toMatchObject(expected)
})

test('ignored keys are noted, and files that may set nothing are not read', () => {
  const noted = resolve({
    global: { allowConfigOverrides: ['cmd'] },
    head: { cmd: 'x', timeout: 9, build: false },
  })
  expect(noted.notes).toEqual([
    '.lambci.json: "build", "timeout" are ignored: files may only set "cmd" here.',
  ])
  const unread = resolve({ global: { allowConfigOverrides: false }, head: { wrong: 1 } })
  expect(unread.notes).toEqual([
    '.lambci.json is ignored: "allowConfigOverrides" does not let files set anything here.',
  ])
})

test("only cmd and env of a fork's files count; the rest comes from the base", () => {
  const { config, notes, sources } = resolve({
    build: FORK,
    global: { topics: [BUILDS] },
    base: { cmd: 'base', env: { A: 'base', B: 'base' }, timeout: 60, tests: ['r.xml'], ...topic(BUILDS) },
    head: {
      cmd: 'head',
      env: { B: 'head' },
      timeout: 900,
      tests: { files: ['none.xml'], allowEmpty: true },
      inheritSecrets: true,
      stages: { master: 'dev' },
      deploy: 'rm -rf',
      pullRequests: { fromForkPublicRepo: { build: true, inheritSecrets: true, ...topic(OTHERS) } },
      notifications: { sns: { topicArn: OTHERS }, slack: { channel: '#fork' } },
    },
  })
  expect(config).toMatchObject({
    cmd: 'head',
    env: { A: 'base', B: 'head' },
    timeout: 60,
    tests: { files: ['r.xml'], verdict: 'report', allowEmpty: false },
    stages: {},
    deploy: null,
  })
  expect(config).toMatchObject({ inheritSecrets: false, notifications: { sns: { topicArn: BUILDS } } })
  expect(config.notifications.slack?.channel).toBe('#general')
  expect(notes).toEqual([])
  expect(sources.get('cmd')).toEqual(['.lambci.json at the head commit'])
})

test("the key lambci in a fork's package.json is limited in the same way", () => {
  const lambci = { cmd: 'head', timeout: 900 }
  expect(resolve({ build: FORK, packageJson: { lambci } }).config).toMatchObject({
    cmd: 'head',
    timeout: null,
  })
})

test.each<[string, Case, object]>([
  [
    'the settings allow env',
    { global: { pullRequests: { fromForkPublicRepo: { allowConfigOverrides: ['env'] } } } },
    { cmd: 'base', env: { A: 'head' } },
  ],
  [
    'the settings allow all keys',
    { global: { pullRequests: { fromForkPublicRepo: { allowConfigOverrides: true } } } },
    { cmd: 'head', timeout: 60, tests: { files: ['r.xml'], allowEmpty: false } },
  ],
  [
    'the settings allow no key',
    { global: { pullRequests: { fromForkPublicRepo: { allowConfigOverrides: false } } } },
    { cmd: 'base', env: {} },
  ],
  [
    'the settings let no file set anything',
    { global: { allowConfigOverrides: [] } },
    { cmd: 'npm ci && npm test', timeout: null },
  ],
])("keys that a fork's files may set: %s", (_, layers, expected) => {
  const files = {
    base: { cmd: 'base', timeout: 60, tests: ['r.xml'] },
    head: { cmd: 'head', env: { A: 'head' }, timeout: 900, tests: { files: ['none.xml'], allowEmpty: true } },
  }
  expect(resolve({ build: FORK, ...layers, ...files }).config).toMatchObject(expected)
})

test('the base can restrict the keys that a fork may set, but not extend them', () => {
  const fork = (allowConfigOverrides: unknown) => ({
    pullRequests: { fromForkPublicRepo: { build: true, allowConfigOverrides } },
  })
  const head = { cmd: 'head' }
  expect(resolve({ build: FORK, base: { cmd: 'base', ...fork(false) }, head }).config.cmd).toBe('base')
  expect(
    resolve({ build: FORK, global: fork(['env']), base: { cmd: 'base', ...fork(true) }, head }).config.cmd,
  ).toBe('base')
})

test('the base file counts only for forks', () => {
  expect(resolve({ build: PULL, base: { cmd: 'base', wrong: 1 }, head: {} }).config.cmd).toBe(
    'npm ci && npm test',
  )
})
