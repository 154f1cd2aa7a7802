import { expect, test } from 'vitest'
import { type Case, FORK, PULL, resolve } from '../../support/resolving.ts'

const errorOf = (parts: Case) => {
  try {
    return resolve(parts).filesError
  } catch (error) {
    return (error as Error).message
  }
}

const DEPLOY = { cmd: 'make', deploy: './deploy.sh' }
const STAGES = { stages: { production: 'production' } }
const NEVER =
  '"deploy" never runs, because no settings have a rule in "stages". Add "stages": {"main": "production"}, or remove "deploy".'

test.each<[string, Case, string]>([
  ['in .lambci.json', { head: DEPLOY }, `.lambci.json: ${NEVER}`],
  ['in package.json', { packageJson: { lambci: DEPLOY } }, `package.json: ${NEVER}`],
  ['in a branch rule', { head: { branches: { x: { deploy: 'a' } } } }, `.lambci.json: ${NEVER}`],
  ["in the repository's settings", { repository: DEPLOY }, `config/gh/o/r.json: ${NEVER}`],
  ['with empty stages', { head: { ...DEPLOY, stages: {} } }, `.lambci.json: ${NEVER}`],
  ['in a pull request', { build: PULL, head: DEPLOY }, `.lambci.json: ${NEVER}`],
  ["at a fork's base", { build: FORK, base: DEPLOY }, `.lambci.json at the base commit: ${NEVER}`],
])('a "deploy" without any stage rule is refused: %s', (_, parts, expected) => {
  expect(errorOf(parts)).toBe(expected)
})

test.each<[string, Case]>([
  ['with a rule for another branch', { head: { ...DEPLOY, ...STAGES } }],
  ['with a rule in package.json', { head: DEPLOY, packageJson: { lambci: STAGES } }],
  ["with a rule in the account's settings", { head: DEPLOY, global: STAGES }],
  ['with a rule for one branch alone', { head: { ...DEPLOY, branches: { x: STAGES } } }],
  [
    'with a rule in a file that may not set it',
    { global: { allowConfigOverrides: ['cmd', 'deploy'] }, head: { ...DEPLOY, ...STAGES } },
  ],
  ['in the settings of all repositories', { global: DEPLOY }],
  ["of a fork's own", { build: FORK, head: DEPLOY }],
])('a "deploy" may have an effect: %s', (_, parts) => {
  expect(errorOf(parts)).toBeNull()
})

const globalError = (global: object) => errorOf({ global: { ...global } })

test.each<[object, string]>([
  [{ allow: ['ada/*'] }, 'allow[0] must be "owner", "owner/repo" or "*", not "ada/*". Write "ada".'],
  [{ allow: ['https://github.com/ada/web.git'] }, 'Write "ada/web".'],
  [{ allow: 'ada' }, 'Write "allow": [ "ada" ].'],
  [{ deployBranches: 'main' }, 'Write "deployBranches": [ "main" ].'],
  [{ deployBranches: ['main '] }, 'Write "main".'],
  [{ deployBranches: 'release/*' }, 'Write "deployBranches": [ "/^release\\\\/.*$/" ].'],
  [{ deployBranches: '/^\\//' }, 'deployBranches must be a list of branch rules, not "/^\\\\//".'],
  [{ deployBranches: ['!/.*/'] }, 'deployBranches: "!/.*/" matches no branch: every name matches "/.*/".'],
  [
    { pinnedStages: { production: ['main', 'release/*'] } },
    '"branches": [ "main", "/^release\\\\/.*$/" ] }.',
  ],
  [{ allow: 'ada/*' }, 'Write "allow": [ "ada" ].'],
  [{ topics: 'builds' }, 'topics must be a list of topic ARNs, not "builds".'],
  [{ pinnedStages: { production: ['main'] } }, 'Write "production": { "branches": [ "main" ] }.'],
  [{ pinnedStages: { production: { branches: 'main' } } }, 'Write "branches": [ "main" ].'],
  [{ pinnedStages: { production: { branches: ['release/*'] } } }, 'Write "/^release\\\\/.*$/".'],
  [
    { pinnedStages: { Production: { branches: ['main'] } } },
    'pinnedStages: "Production" must be a stage name',
  ],
])('settings without effect are refused with the right form: %j', (global, expected) => {
  expect(globalError(global)).toContain(expected)
})

test.each<[object, string]>([
  [
    { pullRequests: { fromSelfPublicRepo: { ...STAGES } } },
    'pullRequests.fromSelfPublicRepo: "stages" has no effect here: pull requests are never deployed.',
  ],
  [
    { pullRequests: { fromForkPublicRepo: { deploy: 'a' } } },
    '"deploy" has no effect here: pull requests are never deployed.',
  ],
  [
    { pullRequests: { fromForkPublicRepo: { paths: false } } },
    '"paths" has no effect here: pull requests are always built.',
  ],
  [{ paths: { include: ['../src'] } }, 'paths.include[0] must be a path below the repository without "."'],
  [{ paths: { include: ['src//a'] } }, 'paths.include[0] must be a path below the repository without'],
  [{ paths: { exclude: ['src/./a'] } }, 'paths.exclude[0] must be a path below the repository without'],
  [{ paths: { exclude: ['docs '] } }, 'paths.exclude[0] must be a path below the repository without'],
  [{ paths: { exclude: ['.git/**'] } }, 'paths.exclude[0] must be a path below the repository without'],
  [{ cache: ['packages/*/node_modules'] }, 'cache[0] must not be a pattern'],
  [{ cache: ['$HOME/.npm'] }, 'cache[0] must not contain variables: write "~/" for HOME'],
  [
    { cache: [{ paths: ['~/.npm'], key: ['**/package-lock.json'] }] },
    'cache[0].key[0] must not be a pattern',
  ],
])('keys of files without effect are refused: %j', (head, expected) => {
  expect(errorOf({ head: { ...head } })).toContain(expected)
  expect(errorOf({ global: { ...head } })).toContain(expected)
})

test.each<[object]>([[{ paths: { include: ['/src/**', './lib', 'docs/', '[id].tsx', '.github'] } }]])(
  'accepted: %j',
  head => {
    expect(errorOf({ head: { ...head } })).toBeNull()
  },
)

test.each<[object, string[]]>([
  [
    { 'main,develop': true },
    ['branches["main,develop"] is the name of one branch. For several, write "/^(main|develop)$/".'],
  ],
  [
    { '(a|b)': true, 'c|d': true },
    [
      'branches["(a|b)"] is the name of one branch. For several, write "/^(a|b)$/".',
      'branches["c|d"] is the name of one branch. For several, write "/^(c|d)$/".',
    ],
  ],
  [
    { '{a,b}': true, '@(c|d)': true },
    [
      'branches["{a,b}"] is the name of one branch. For several, write "/^(a|b)$/".',
      'branches["@(c|d)"] is the name of one branch. For several, write "/^(c|d)$/".',
    ],
  ],
  [
    { '/.*/': true, '/^x/': false, y: false },
    ['branches["/^x/"] never applies, because branches["/.*/"] comes first. Put it in front.'],
  ],
  [{ '/^x/': false, '/.*/': true, y: false }, []],
])('rules that probably do not do what was meant are noted: %j', (branches, notes) => {
  expect(resolve({ head: { branches }, build: { branch: 'y' } }).notes).toEqual(notes)
})
