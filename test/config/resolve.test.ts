import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Files, NO_FILES } from '../../src/config/files.ts'
import type { JsonObject } from '../../src/config/json.ts'
import { type Resolving, resolveConfig } from '../../src/config/resolve.ts'
import { Problem } from '../../src/problem.ts'

type Subject = Resolving['job']
type Case = {
  job?: Partial<Subject>
  global?: JsonObject
  repository?: JsonObject
  base?: JsonObject
  head?: JsonObject
  packageJson?: JsonObject
}

const PUSH: Subject = {
  event: 'push',
  branch: 'master',
  isFork: false,
  isPrivate: false,
  trust: 'branch',
  project: 'gh/o/r',
}
const PULL: Partial<Subject> = { event: 'pull_request' }
const FORK: Partial<Subject> = { event: 'pull_request', isFork: true, trust: 'fork' }
const BUILDS = 'arn:aws:sns:us-east-1:123456789012:builds'
const OTHERS = 'arn:aws:sns:us-east-1:123456789012:others'
const topic = (topicArn: string) => ({ notifications: { sns: { topicArn } } })

const filesOf = (lambci?: JsonObject, packageJson?: JsonObject): Files => ({
  ...NO_FILES,
  lambciJson: lambci === undefined ? null : JSON.stringify(lambci),
  packageJson: packageJson === undefined ? null : JSON.stringify(packageJson),
})

function resolve({ job, global, repository, base, head, packageJson }: Case) {
  const account = { ...(global && { global }), ...(repository && { repository }) }
  return resolveConfig({
    job: { ...PUSH, ...job },
    account,
    base: filesOf(base),
    head: filesOf(head, packageJson),
  })
}

const buildsBranch = (branch: string, layers: Case) => resolve({ ...layers, job: { branch } }).config.build

test('the defaults, whole', () => {
  expect(resolve({}).config).toEqual({
    cmd: 'npm ci && npm test',
    env: {},
    build: true,
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
    git: { depth: 5 },
    stages: {},
    deploy: null,
    timeout: null,
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

test.each<[string, Partial<Subject>, object]>([
  ['master', {}, { build: true }],
  ['main', { branch: 'main' }, { build: true }],
  ['other branches', { branch: 'anything' }, { build: false }],
  ['constructor', { branch: 'constructor' }, { build: false }],
  ['__proto__', { branch: '__proto__' }, { build: false }],
  [
    'from self, private',
    { ...PULL, isPrivate: true },
    { build: true, inheritSecrets: true, allowConfigOverrides: true },
  ],
  ['from self, public', PULL, { build: true, inheritSecrets: true, allowConfigOverrides: true }],
  ['from a fork, private', { ...FORK, isPrivate: true }, { build: false }],
  ['from a fork, public', FORK, { build: true, inheritSecrets: false, allowConfigOverrides: ['cmd', 'env'] }],
  ['a merge group is the own', { event: 'merge_group', isFork: true, isPrivate: true }, { build: true }],
  ['by Dependabot', { ...PULL, trust: 'fork' }, { build: true, inheritSecrets: false }],
])('defaults: %s', (_, job, expected) => {
  expect(resolve({ job }).config).toMatchObject(expected)
})

test.each<[string, JsonObject, Record<string, boolean>]>([
  ['regex', { '/^test-/': true }, { 'test-something': true }],
  ['exact before regex', { '/^test-/': true, 'test-something': false }, { 'test-something': false }],
  ['negative regex', { '!/^test-/': true }, { 'test-something': false, hello: true }],
  ['regexes in order', { '/^test-r/': false, '/^test-s/': true }, { 'test-something': true }],
  [
    'mixed',
    { '/^dev/': false, '!/^test-/': true, 'gh-pages': false },
    { 'gh-pages': false, develop: false, 'test-something': false, testsomething: true, master: true },
  ],
  ['master stays', { dev: true }, { dev: true, master: true, main: true }],
  ['master can go', { master: false }, { master: false, main: true }],
  ['an object without build', { dev: { cmd: 'make' } }, { dev: false }],
  ['a branch called constructor', { constructor: true }, { constructor: true, toString: false }],
])('branches as in LambCI: %s', (_, branches, expected) => {
  for (const [branch, build] of Object.entries(expected)) {
    expect(buildsBranch(branch, { repository: { branches } }), branch).toBe(build)
    expect(buildsBranch(branch, { head: { branches } }), branch).toBe(build)
  }
})

test.each<[string, Case, boolean]>([
  ['branches: false', { head: { branches: false } }, false],
  ['branches: true', { job: { branch: 'x' }, head: { branches: true } }, true],
  [
    'branches: true, narrowed below',
    { job: { branch: 'x' }, global: { branches: true }, repository: { branches: { y: true } } },
    false,
  ],
  ['pullRequests: false', { job: PULL, head: { pullRequests: false } }, false],
  ['pullRequests: false in the settings', { job: FORK, global: { pullRequests: false } }, false],
  ['pullRequests: true', { job: { ...FORK, isPrivate: true }, global: { pullRequests: true } }, true],
  [
    'fromForkPublicRepo: false',
    { job: FORK, global: { pullRequests: { fromForkPublicRepo: false } } },
    false,
  ],
  [
    'fromForkPublicRepo: false in the base file',
    { job: FORK, base: { pullRequests: { fromForkPublicRepo: false } } },
    false,
  ],
  ['build: true without a rule', { job: { branch: 'x' }, head: { build: true } }, true],
  ['build: false against a rule', { head: { build: false } }, true],
])('booleans have effect: %s', (_, layers, expected) => {
  expect(resolve(layers).config.build).toBe(expected)
})

test('each layer wins over the ones before it, and the rule is laid twice', () => {
  const layers = { job: { branch: 'dev' } } as const
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

test('objects of all layers come together', () => {
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

test('a wrong file is a problem, never the default command', () => {
  const broken = (files: Partial<Files>, job: Partial<Subject> = {}) =>
    resolveConfig({ job: { ...PUSH, ...job }, account: {}, base: NO_FILES, head: { ...NO_FILES, ...files } })
  expect(() => broken({ lambciJson: '{"cmd": "make",}' })).toThrow('.lambci.json is not valid JSON: line 1')
  expect(() => broken({ packageJson: '{' })).toThrow('package.json is not valid JSON')
  expect(() => broken({ lambciJson: '{}' })).not.toThrow()
  expect(() => broken({ lambciJson: '{' }, FORK)).toThrow('.lambci.json at the head commit is not valid JSON')
  expect(() => resolve({ global: { alow: [] } })).toThrow(
    'config/global.json: "alow" is not a known key (did you mean "allow"?).',
  )
  expect(() => resolve({ repository: { cmd: 1 } })).toThrow('config/gh/o/r.json: cmd must be a command')
})

test("of a fork's files cmd and env alone count, the base's speak for the rest", () => {
  const { config, notes, sources } = resolve({
    job: FORK,
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
  expect(resolve({ job: FORK, packageJson: { lambci } }).config).toMatchObject({ cmd: 'head', timeout: null })
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
    { cmd: 'head', timeout: null },
  ],
])("what a fork's files may say: %s", (_, layers, expected) => {
  const files = {
    base: { cmd: 'base', timeout: 60 },
    head: { cmd: 'head', env: { A: 'head' }, timeout: 900 },
  }
  expect(resolve({ job: FORK, ...layers, ...files }).config).toMatchObject(expected)
})

test('the base may narrow what a fork may say, not widen it', () => {
  const fork = (allowConfigOverrides: unknown) => ({
    pullRequests: { fromForkPublicRepo: { build: true, allowConfigOverrides } },
  })
  const head = { cmd: 'head' }
  expect(resolve({ job: FORK, base: { cmd: 'base', ...fork(false) }, head }).config.cmd).toBe('base')
  expect(
    resolve({ job: FORK, global: fork(['env']), base: { cmd: 'base', ...fork(true) }, head }).config.cmd,
  ).toBe('base')
})

test('for others the base does not speak', () => {
  expect(resolve({ job: PULL, base: { cmd: 'base', wrong: 1 }, head: {} }).config.cmd).toBe(
    'npm ci && npm test',
  )
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
    "a file's nearer rule switches it on",
    {
      job: { branch: 'x' },
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
  ['the settings switch it on for forks', { job: FORK, global: { pullRequests: true } }, false],
])('inheritSecrets: %s', (_, layers, expected) => {
  expect(resolve(layers).config.inheritSecrets).toBe(expected)
})

test('withheld secrets are explained', () => {
  expect(resolve({ global: { inheritSecrets: false }, head: { inheritSecrets: true } }).notes).toEqual([
    `"inheritSecrets" stays false, as the account's settings say: files cannot switch it on.`,
  ])
  expect(resolve({ job: { ...PULL, trust: 'fork' } }).notes).toEqual([
    'Secret variables are never given to pull requests from forks or from Dependabot.',
  ])
  expect(resolve({ job: FORK }).notes).toEqual([])
})

test.each<[string, Case, string | null]>([
  ['of the settings', { global: topic(BUILDS) }, BUILDS],
  ['among those listed', { global: { topics: [BUILDS, OTHERS] }, head: topic(OTHERS) }, OTHERS],
  ["the account's own again", { global: topic(BUILDS), head: topic(BUILDS) }, BUILDS],
  [
    'the general one instead of the rule’s',
    {
      global: { ...topic(BUILDS), branches: { master: { build: true, ...topic(OTHERS) } } },
      head: topic(BUILDS),
    },
    OTHERS,
  ],
  ['off', { global: topic(BUILDS), head: { notifications: { sns: false } } }, null],
  [
    'off, and on again',
    { global: { topics: [BUILDS], notifications: { sns: false } }, head: topic(BUILDS) },
    BUILDS,
  ],
  [
    'nothing after off',
    { global: { notifications: { sns: false } }, head: { notifications: { sns: {} } } },
    null,
  ],
])('topic: %s', (_, layers, expected) => {
  expect(resolve(layers).config.notifications.sns.topicArn).toBe(expected)
})

test.each<[string, Case, string]>([
  ['none is listed', { head: topic(BUILDS) }, '.lambci.json: notifications.sns.topicArn'],
  [
    'another is listed',
    { global: topic(OTHERS), head: topic(BUILDS) },
    `Choose ${OTHERS}, or add it to "topics" there.`,
  ],
  [
    'in a rule',
    { head: { branches: { master: { build: true, ...topic(BUILDS) } } } },
    'branches.master: notifications.sns.topicArn',
  ],
  [
    'at the base of a fork',
    { job: FORK, base: topic(BUILDS) },
    '.lambci.json at the base commit: notifications.sns.topicArn',
  ],
])('a topic that is not listed is a problem: %s', (_, layers, expected) => {
  expect(() => resolve(layers)).toThrow(Problem)
  expect(() => resolve(layers)).toThrow(expected)
})

test('without settings at hand a topic is not checked, and a note says so', () => {
  const head = filesOf(topic(BUILDS))
  const { config, notes } = resolveConfig({ job: PUSH, account: null, base: NO_FILES, head })
  expect(config.notifications.sns.topicArn).toBe(BUILDS)
  expect(notes).toEqual([`Without the account's settings, "notifications.sns.topicArn" is not checked.`])
})

test('notes on what LambCI had', () => {
  const head = {
    ...filesOf({ clearTmp: false, notifications: { slack: { channel: '#x' } } }),
    hasLambciJs: true,
  }
  expect(resolveConfig({ job: PUSH, account: {}, base: NO_FILES, head }).notes).toEqual([
    '.lambci.json: "clearTmp" is no longer needed and can be removed.',
    '.lambci.js is not read: configuration is data. Move what it says to .lambci.json.',
    '"notifications.slack" is understood, but this version sends no messages to Slack.',
  ])
})

test('Slack: false is none, and an object over it has the defaults again', () => {
  const off = { notifications: { slack: false } }
  expect(resolve({ global: off }).config.notifications.slack).toBeNull()
  const slack = resolve({ global: off, head: { notifications: { slack: { channel: '#x' } } } }).config
    .notifications.slack
  expect(slack).toMatchObject({ channel: '#x', username: 'LambCI', asUser: false })
})

test('arbitrary JSON is a config or a Problem, and never anything else', () => {
  const scalar = fc.oneof(fc.boolean(), fc.integer({ min: -1, max: 1000 }), fc.string(), fc.constant(null))
  const rule = fc.constantFrom('master', 'dev', '/^m/', '!/x/', '/(/', '/^x', '__proto__', 'constructor')
  const topicArn = fc.constantFrom(BUILDS, OTHERS, 'x')
  const { layer } = fc.letrec(tie => {
    const decision = fc.oneof({ depthSize: 'small' }, fc.boolean(), scalar, tie('layer'))
    const rules = fc.oneof(fc.boolean(), fc.dictionary(rule, decision, { maxKeys: 3 }))
    const pulls = fc.constantFrom('fromSelfPublicRepo', 'fromForkPublicRepo', 'fromForkPrivateRepo')
    const overrides = fc.oneof(
      fc.boolean(),
      fc.array(fc.constantFrom('cmd', 'env', 'stages', 'notifications')),
    )
    const sns = fc.oneof(fc.constant(false), fc.record({ topicArn }, { requiredKeys: [] }), scalar)
    return {
      layer: fc.record(
        {
          cmd: fc.oneof(fc.constant('make'), scalar),
          env: fc.dictionary(fc.constantFrom('A', 'B', '1', '__proto__'), scalar, { maxKeys: 2 }),
          build: fc.boolean(),
          branches: rules,
          pullRequests: fc.oneof(fc.boolean(), fc.dictionary(pulls, decision, { maxKeys: 2 })),
          notifications: fc.record(
            { sns, slack: fc.oneof(fc.constant(false), scalar) },
            { requiredKeys: [] },
          ),
          inheritSecrets: fc.boolean(),
          allowConfigOverrides: overrides,
          stages: fc.dictionary(rule, fc.constantFrom('dev', 'qa', 'No!'), { maxKeys: 2 }),
          deploy: fc.constantFrom('deploy', ''),
          timeout: fc.integer({ min: 0, max: 901 }),
        },
        { requiredKeys: [] },
      ),
    }
  })
  const text = fc.oneof(
    { weight: 6, arbitrary: layer.map(value => JSON.stringify(value)) },
    fc.json(),
    fc.string(),
    fc.constant(null),
  )
  const files = fc.record({
    lambciJson: text,
    packageJson: fc.oneof(fc.constant(null), text),
    hasLambciJs: fc.boolean(),
  })
  const account = fc.oneof(
    { weight: 4, arbitrary: fc.record({ global: layer, repository: layer }, { requiredKeys: [] }) },
    fc.constant(null),
    fc.jsonValue(),
  )
  const job = fc.record({
    event: fc.constantFrom('push', 'pull_request', 'merge_group'),
    branch: fc.oneof(fc.constantFrom('master', '__proto__', 'constructor'), fc.string()),
    trust: fc.constantFrom('fork', 'branch', 'deploy'),
    isFork: fc.boolean(),
    isPrivate: fc.boolean(),
    project: fc.constant('gh/o/r'),
  })
  let resolved = 0
  fc.assert(
    fc.property(fc.record({ job, account, base: files, head: files }) as fc.Arbitrary<Resolving>, parts => {
      try {
        const { config } = resolveConfig(parts)
        resolved += 1
        expect(config.cmd).toMatch(/\S/)
        expect(parts.job.trust === 'fork' && config.inheritSecrets).toBe(false)
      } catch (error) {
        expect(error).toBeInstanceOf(Problem)
      }
    }),
    { numRuns: 3000 },
  )
  expect(resolved).toBeGreaterThan(100)
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted')
})
