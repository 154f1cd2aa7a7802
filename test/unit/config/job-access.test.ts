import { expect, test } from 'vitest'
import { accessOfJob, explainWithheldRole } from '../../../src/config/job-access.ts'
import { accountRules, parseSettings } from '../../../src/config/settings.ts'
import type { Build } from '../../../src/model/build.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { resolve } from '../../support/resolving.ts'

const arn = (name: string) => `arn:aws:iam::123456789012:role/${name}`
const ROLE = arn('integration')
const parse = (global: object, repository?: object) => parseSettings('gh/ada/web', { global, repository })
const rulesOf = (...settings: Parameters<typeof parse>) => accountRules(parse(...settings))

type Who = Pick<Build, 'trust' | 'checkoutBranch'>
const MAIN: Who = { trust: 'protected', checkoutBranch: 'main' }
const TOPIC: Who = { trust: 'branch', checkoutBranch: 'topic' }
const FORK: Who = { trust: 'fork', checkoutBranch: 'main' }

test.each<[string, object, Who, string, boolean]>([
  ['an ARN, on a deploy branch', { unit: ROLE }, MAIN, 'unit', true],
  ['an ARN, on another branch', { unit: ROLE }, TOPIC, 'unit', false],
  ['an ARN, for a fork', { unit: ROLE }, FORK, 'unit', false],
  ['another job', { unit: ROLE }, MAIN, 'lint', false],
  ['a name that every object has', { unit: ROLE }, MAIN, 'constructor', false],
  ['"trust": "branch"', { unit: { role: ROLE, trust: 'branch' } }, TOPIC, 'unit', true],
  ['"trust": "branch", on a deploy branch', { unit: { role: ROLE, trust: 'branch' } }, MAIN, 'unit', true],
  ['"trust": "branch", for a fork', { unit: { role: ROLE, trust: 'branch' } }, FORK, 'unit', false],
  ['"trust": "protected"', { unit: { role: ROLE, trust: 'protected' } }, TOPIC, 'unit', false],
  ['a branch that is listed', { unit: { role: ROLE, branches: ['main'] } }, MAIN, 'unit', true],
  ['a branch that is not', { unit: { role: ROLE, branches: ['/^release/'] } }, MAIN, 'unit', false],
  [
    // `checkoutBranch` is the head of a pull request, whose base may be listed.
    'a pull request whose head is not listed',
    { unit: { role: ROLE, trust: 'branch', branches: ['main'] } },
    TOPIC,
    'unit',
    false,
  ],
])('a role by %s', (_, jobRoles, build, name, isGiven) => {
  const trust = (Object.values(jobRoles)[0] as { trust?: string }).trust ?? 'protected'
  const rules = rulesOf({ jobRoles })
  expect(accessOfJob(rules, build, name).role).toEqual(isGiven ? { arn: ROLE, trust } : null)
  const isWithheld = !isGiven && name === 'unit'
  expect(explainWithheldRole(rules, build, name) !== null).toBe(isWithheld)
})

test.each<[unknown, Who, string, object | null]>([
  [false, MAIN, 'unit', null],
  [true, MAIN, 'unit', { trust: 'protected' }],
  [true, TOPIC, 'unit', null],
  [true, FORK, 'unit', null],
  [{}, MAIN, 'unit', { trust: 'protected' }],
  [{ jobs: ['unit'] }, MAIN, 'unit', { trust: 'protected' }],
  [{ jobs: ['lint'] }, MAIN, 'unit', null],
  [{ trust: 'branch' }, TOPIC, 'unit', { trust: 'branch' }],
  [{ trust: 'branch' }, FORK, 'unit', null],
  [{ trust: 'branch', branches: ['main'] }, TOPIC, 'unit', null],
])('jobToken: %j', (jobToken, build, name, expected) => {
  expect(accessOfJob(rulesOf({ jobToken }), build, name).token).toEqual(expected)
})

test('the settings of a repository replace those of the account', () => {
  const global = { jobRoles: { unit: ROLE }, jobToken: true }
  expect(accessOfJob(rulesOf(global, { jobRoles: {}, jobToken: false }), MAIN, 'unit')).toEqual({
    role: null,
    token: null,
  })
  expect(accessOfJob(rulesOf(global, {}), MAIN, 'unit').role?.arn).toBe(ROLE)
})

test.each<[string, object, object | undefined, string]>([
  [
    'the same file',
    { deployRole: ROLE, jobRoles: { unit: ROLE } },
    undefined,
    'config/global.json: "jobRoles.unit" is a role of deploys ("deployRole" in config/global.json), and no job may have that. Create a role for the job, with only the rights that its command needs.',
  ],
  [
    'the other file',
    { deployRole: ROLE },
    { jobRoles: { unit: { role: ROLE, trust: 'branch' } } },
    'config/gh/ada/web.json: "jobRoles.unit" is a role of deploys ("deployRole" in config/global.json)',
  ],
  [
    'the other file, where this one has another',
    { deployRole: ROLE },
    { deployRole: arn('deploy'), jobRoles: { unit: ROLE } },
    'is a role of deploys ("deployRole" in config/global.json)',
  ],
  [
    'a stage',
    { pinnedStages: { qa: { branches: ['qa'] }, live: { branches: ['main'], role: ROLE } } },
    { jobRoles: { unit: ROLE } },
    'is a role of deploys ("pinnedStages.live.role" in config/global.json)',
  ],
])('a role that deploys have is refused: in %s', (_, global, repository, message) => {
  expect(() => parse(global, repository)).toThrow(UserError)
  expect(() => parse(global, repository)).toThrow(message)
})

test.each<[object, string]>([
  [{ jobRoles: { deploy: ROLE } }, '"deploy" must be the name of a job: the role of deploys is "deployRole"'],
  [{ jobRoles: { Unit: ROLE } }, 'must be the name of a job'],
  [{ jobRoles: { unit: 'admin' } }, 'jobRoles.unit must be the ARN of an IAM role'],
  [{ jobRoles: { unit: { arn: ROLE } } }, 'jobRoles.unit'],
  [
    { jobRoles: { unit: { role: ROLE, trust: 'fork' } } },
    'jobRoles.unit.trust must be "protected" or "branch"',
  ],
  [{ jobRoles: { unit: { role: ROLE, branches: ['release/*'] } } }, 'jobRoles.unit.branches'],
  [{ jobRoles: { unit: { role: ROLE, branches: [] } } }, 'must not be empty: no build would get it'],
  [{ jobRoles: ROLE }, 'jobRoles must be an object of job names and roles'],
  [{ jobToken: 'yes' }, 'jobToken must be true or false, or an object'],
  [{ jobToken: { jobs: [] } }, 'must not be empty: no job would get it'],
])('%j is refused', (global, message) => {
  expect(() => parse(global)).toThrow(message)
})

test('no file can ask for a role or a token', () => {
  for (const [key, value] of [
    ['jobRoles', { unit: ROLE }],
    ['jobToken', true],
  ] as const) {
    const refused = `"${key}" can only be set in the account's settings`
    expect(() => resolve({ head: { [key]: value } })).toThrow(refused)
    expect(() => resolve({ head: { branches: { master: { [key]: value } } } })).toThrow(refused)
    expect(() => resolve({ head: { jobs: { unit: { cmd: 'make', [key]: value } } } })).toThrow(refused)
  }
  expect(() => resolve({ head: { jobs: { unit: { cmd: 'make', role: ROLE } } } })).toThrow(
    '"role" can only be set in the account\'s settings',
  )
})
