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

test('what is ignored is noted, and files that may say nothing are not read', () => {
  const noted = resolve({
    global: { allowConfigOverrides: ['cmd'] },
    head: { cmd: 'x', timeout: 9, skip: false },
  })
  expect(noted.notes).toEqual(['.lambci.json: "timeout", "skip" are ignored: files may only say "cmd" here.'])
  const unread = resolve({ global: { allowConfigOverrides: false }, head: { wrong: 1 } })
  expect(unread.notes).toEqual([
    '.lambci.json is not read: "allowConfigOverrides" lets files say nothing here.',
  ])
})

test("of a fork's files cmd and env alone count, the base's speak for the rest", () => {
  const { config, notes, sources } = resolve({
    build: FORK,
    global: { topics: [BUILDS] },
    base: { cmd: 'base', env: { A: 'base', B: 'base' }, timeout: 60, ...topic(BUILDS) },
    head: {
      cmd: 'head',
      env: { B: 'head' },
      timeout: 900,
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
    stages: {},
    deploy: null,
  })
  expect(config).toMatchObject({ inheritSecrets: false, notifications: { sns: { topicArn: BUILDS } } })
  expect(config.notifications.slack?.channel).toBe('#general')
  expect(notes).toEqual([])
  expect(sources.get('cmd')).toEqual(['.lambci.json at the head commit'])
})

test("the key lambci of a fork's package.json is limited in the same way", () => {
  const lambci = { cmd: 'head', timeout: 900 }
  expect(resolve({ build: FORK, packageJson: { lambci } }).config).toMatchObject({
    cmd: 'head',
    timeout: null,
  })
})

test.each<[string, Case, object]>([
  [
    'the settings say env',
    { global: { pullRequests: { fromForkPublicRepo: { allowConfigOverrides: ['env'] } } } },
    { cmd: 'base', env: { A: 'head' } },
  ],
  [
    'the settings say all',
    { global: { pullRequests: { fromForkPublicRepo: { allowConfigOverrides: true } } } },
    { cmd: 'head', timeout: 60 },
  ],
  [
    'the settings say nothing',
    { global: { pullRequests: { fromForkPublicRepo: { allowConfigOverrides: false } } } },
    { cmd: 'base', env: {} },
  ],
  [
    'the settings let no file speak',
    { global: { allowConfigOverrides: [] } },
    { cmd: 'npm ci && npm test', timeout: null },
  ],
])("what a fork's files may say: %s", (_, layers, expected) => {
  const files = {
    base: { cmd: 'base', timeout: 60 },
    head: { cmd: 'head', env: { A: 'head' }, timeout: 900 },
  }
  expect(resolve({ build: FORK, ...layers, ...files }).config).toMatchObject(expected)
})

test('the base may narrow what a fork may say, not widen it', () => {
  const fork = (allowConfigOverrides: unknown) => ({
    pullRequests: { fromForkPublicRepo: { build: true, allowConfigOverrides } },
  })
  const head = { cmd: 'head' }
  expect(resolve({ build: FORK, base: { cmd: 'base', ...fork(false) }, head }).config.cmd).toBe('base')
  expect(
    resolve({ build: FORK, global: fork(['env']), base: { cmd: 'base', ...fork(true) }, head }).config.cmd,
  ).toBe('base')
})

test('for others the base does not speak', () => {
  expect(resolve({ build: PULL, base: { cmd: 'base', wrong: 1 }, head: {} }).config.cmd).toBe(
    'npm ci && npm test',
  )
})
