import { expect, test } from 'vitest'
import {
  accountRules,
  isAllowed,
  mayDeploy,
  parseSettings,
  readSettings,
} from '../../../src/config/settings.ts'

const rulesOf = (global: unknown, repository?: unknown) =>
  accountRules(parseSettings('gh/o/r', { global, ...(repository !== undefined && { repository }) }))

test('without settings nothing is built, and the usual branches may deploy', () => {
  const rules = accountRules(parseSettings('gh/o/r', {}))
  expect(rules).toEqual({
    allow: [],
    deployBranches: ['master', 'main', 'qa', 'staging', 'production'],
    deployRole: null,
    pinnedStages: {},
    jobRoles: {},
    jobToken: null,
    topics: [],
    maxJobs: 50,
    maxRunningJobs: null,
    approval: 'strangers',
    maxForkBuildsPerDay: 50,
    maxBuildsPerDay: 1000,
    monthlyBudget: null,
  })
  expect(isAllowed(rules, 'gh/o/r')).toBe(false)
})

test('lists of the repository replace those of the account', () => {
  expect(rulesOf({ allow: ['a'], deployBranches: ['x'] }, { deployBranches: ['y'] })).toMatchObject({
    allow: ['a'],
    deployBranches: ['y'],
  })
})

test.each([
  [['o'], true],
  [['O/R'], true],
  [['o/r2', 'o2'], false],
  [['r'], false],
  [[], false],
])('allow %j', (allow, expected) => {
  expect(isAllowed(rulesOf({ allow }), 'gh/o/r')).toBe(expected)
})

test.each([
  ['ada/new', ['ada'], true],
  ['Ada/New', ['ADA/new'], true],
  ['ada/new', ['ada/old'], true],
  ['eve/new', ['ada/old'], false],
  ['eve/old', ['ada'], false],
  ['eve/new', ['eve'], true],
  ['eve/new', ['*'], true],
])('what was built first as ada/old and is %s now, with %j: %j', (repository, allow, expected) => {
  expect(isAllowed(rulesOf({ allow }), 'gh/ada/old', repository)).toBe(expected)
})

test.each([
  [['master'], 'master', true],
  [['/^release\\//'], 'release/1', true],
  [['/^release\\//'], 'x-release/1', false],
  [[], 'master', false],
])('deployBranches %j: %s', (deployBranches, branch, expected) => {
  expect(mayDeploy(rulesOf({ deployBranches }), branch)).toBe(expected)
})

test('settings are read from their two files and kept apart', () => {
  const texts = { global: '{"branches": true}', repository: '\uFEFF{"branches": {"dev": true}}' }
  const settings = { global: { branches: true }, repository: { branches: { dev: true } } }
  expect(readSettings('gh/o/r', texts)).toEqual(settings)
  expect(readSettings('gh/o/r', { global: null, repository: null })).toEqual({})
})

test.each([
  ['{', null, 'config/global.json is not valid JSON: line 1, column 2'],
  [null, '{"tpoics": []}', 'config/gh/o/r.json: "tpoics" is not a known key (did you mean "topics"?).'],
  [
    '{"allow": ["a/b/c"]}',
    null,
    'config/global.json: allow[0] must be "owner", "owner/repo" or "*", not "a/b/c".',
  ],
  ['{"git": {"depth": 0}}', null, 'config/global.json: git.depth must be at least 1 commit, not 0.'],
  [null, '{"skip": "no"}', 'config/gh/o/r.json: skip must be true or false, not "no".'],
  [
    '{"branches": {"master": {"skip": false}}}',
    null,
    'branches.master: "skip" is only read from the top level of the account\'s settings.',
  ],
  [
    '{"deployBranches": ["main", "release/*"]}',
    null,
    'config/global.json: deployBranches: "release/*" cannot be the name of a branch: git does not allow "*" in it. Write "/^release\\\\/.*$/".',
  ],
  [
    '{"pinnedStages": {"production": {"branches": ["refs/heads/main"]}}}',
    null,
    'config/global.json: pinnedStages.production.branches: "refs/heads/main" cannot be the name of a branch: branches are named without "refs/heads/". Write "main".',
  ],
  ['{"deployBranches": ["/(/"]}', null, 'config/global.json: deployBranches: "/(/" is not a valid regular'],
  [
    '{"topics": ["arn:aws:sns:us-east-1:123456789012:builds.fifo"]}',
    null,
    'config/global.json: topics[0] must be the ARN',
  ],
])('invalid settings are refused: %j %j', (global, repository, expected) => {
  expect(() => readSettings('gh/o/r', { global, repository })).toThrow(expected)
})

test.each([[[]], ['x'], [null], [{ cmd: 'make' }]])('%j is refused as settings', settings => {
  expect(() => parseSettings('gh/o/r', settings)).toThrow(
    `The account's settings for gh/o/r must be an object with`,
  )
})
