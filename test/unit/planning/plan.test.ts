import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import type { PlanInput } from '../../../src/planning/reason.ts'
import { FORK, PULL, plan } from '../../support/planning.ts'

const DEPLOYING = {
  cmd: 'make test',
  deploy: 'zappa update $LAMBCI_STAGE',
  stages: { master: 'dev', qa: 'qa' },
  branches: { qa: true, '/^feature/': true },
}

test.each<[string, Partial<PlanInput>, JsonObject, string]>([
  [
    'branch without a rule',
    { branch: 'x' },
    {},
    'Branch "x" is not built: no rule in "branches" matches it. Add "x": true to "branches" in .lambci.json to build it.',
  ],
  [
    'branch whose rule says no',
    { branch: 'gh-pages' },
    { branches: { '!/^master$/': false } },
    'Branch "gh-pages" is not built: branches["!/^master$/"] says no.',
  ],
  ['no branch', {}, { branches: false }, 'Branch "master" is not built: branches says no to every branch.'],
  [
    'rule without a word on build',
    { branch: 'dev' },
    { branches: { dev: { cmd: 'x' } } },
    'Branch "dev" is not built: branches.dev does not say "build": true, and "build" is false.',
  ],
  [
    'private fork',
    { ...FORK, isPrivate: true },
    {},
    'Pull request #7 is not built: pullRequests.fromForkPrivateRepo says no to pull requests from forks of a private repository.',
  ],
  [
    'own pull request',
    PULL,
    { pullRequests: { fromSelfPublicRepo: false } },
    'Pull request #7 is not built: pullRequests.fromSelfPublicRepo says no to pull requests from branches of a public repository.',
  ],
  [
    'no pull request',
    PULL,
    { pullRequests: false },
    'Pull request #7 is not built: pullRequests says no to every pull request.',
  ],
  [
    'merge group',
    { event: 'merge_group', branch: 'main' },
    { pullRequests: false },
    'The merge group for branch "main" is not built: pullRequests says no to every pull request.',
  ],
  [
    'a hostile name',
    { branch: '\u001b[31m"' },
    {},
    'Branch "\\u001b[31m\\"" is not built: no rule in "branches" matches it. Add "\\u001b[31m\\"": true to "branches" in .lambci.json to build it.',
  ],
])('not built: %s', (_, build, values, reason) => {
  expect(plan(build, values).plan).toEqual({ build: false, reason })
})

test('not built: the account knows no rule for it', () => {
  const { plan: planned } = plan(
    PULL,
    { pullRequests: { fromForkPublicRepo: true } },
    { pullRequests: false },
  )
  expect(planned).toEqual({
    build: false,
    reason:
      'Pull request #7 is not built: "pullRequests" says nothing about pull requests from branches of a public repository.',
  })
})

test.each<[string, Partial<PlanInput>, JsonObject, string]>([
  ['branch', {}, {}, 'Branch "master" is built: branches.master says so.'],
  [
    'branch by regex',
    { branch: 'dev-1' },
    { branches: { '/^dev/': { build: true } } },
    'Branch "dev-1" is built: branches["/^dev/"] says so.',
  ],
  [
    'branch by build',
    { branch: 'x' },
    { build: true },
    'Branch "x" is built: "build" is true by .lambci.json.',
  ],
  ['pull request', PULL, {}, 'Pull request #7 is built: pullRequests.fromSelfPublicRepo says so.'],
  ['fork', FORK, {}, 'Pull request #7 is built: pullRequests.fromForkPublicRepo says so.'],
  [
    'merge group',
    { event: 'merge_group' },
    {},
    'The merge group for branch "master" is built: pullRequests.fromSelfPublicRepo says so.',
  ],
])('built: %s', (_, build, values, reason) => {
  expect(plan(build, values).plan).toMatchObject({ build: true, reason })
})

test.each([
  ['master', 'dev'],
  ['qa', 'qa'],
])('a push to %s is tested, then deployed to %s', (branch, stage) => {
  expect(plan({ branch }, { ...DEPLOYING, timeout: 60 }).plan).toEqual({
    build: true,
    reason: `Branch "${branch}" is built: branches.${branch} says so.`,
    steps: [
      { name: 'command', command: 'make test', stage: null, env: {}, timeoutSeconds: 60 },
      { name: 'deploy', command: 'zappa update $LAMBCI_STAGE', stage, env: {}, timeoutSeconds: 60 },
    ],
    stage: { name: stage, rule: `stages.${branch}`, url: null, role: null, problem: null },
    stageReason: `Branch "${branch}" is deployed to stage ${stage}: stages.${branch} says so.`,
    notes: [],
    cancelSuperseded: false,
  })
})

test.each<[string, Partial<PlanInput>, JsonObject, string]>([
  ['pull request', PULL, {}, 'Pull requests never deploy.'],
  [
    'pull request with the trust of a deploy',
    { ...PULL, trust: 'protected' },
    {},
    'Pull requests never deploy.',
  ],
  ['fork', FORK, {}, 'Pull requests never deploy.'],
  ['merge group', { event: 'merge_group' }, {}, 'Merge groups never deploy.'],
  [
    'branch without a stage',
    { branch: 'feature-1' },
    {},
    'Branch "feature-1" has no stage: no rule in "stages" matches it.',
  ],
  [
    'branch that may not',
    { trust: 'branch' },
    {},
    `Branch "master" is not deployed to stage dev: it is not among the account's "deployBranches".`,
  ],
  [
    'branch whose name is of Object.prototype',
    { branch: 'constructor' },
    { branches: true },
    'Branch "constructor" has no stage: no rule in "stages" matches it.',
  ],
])('no deploy: %s', (_, build, values, stageReason) => {
  const { plan: planned } = plan(build, { ...DEPLOYING, ...values })
  expect(planned).toMatchObject({ build: true, stage: null, stageReason, notes: [] })
  expect(planned.build && planned.steps.map(step => step.name)).toEqual(['command'])
})

test('no deploy: no command', () => {
  expect(plan({}, { stages: { master: 'dev' } }).plan).toMatchObject({
    stage: null,
    stageReason: 'Branch "master" is not deployed to stage dev: there is no "deploy" command.',
  })
})

test('a plan is plain data', () => {
  const { plan: planned } = plan({}, DEPLOYING)
  expect(JSON.parse(JSON.stringify(planned))).toEqual(planned)
})

const ASKED: Partial<PlanInput> = {
  event: 'deploy',
  target: { stage: 'dev', of: 3, sequence: null, waited: null },
}

test('a deploy that was asked for runs nothing else', () => {
  expect(plan(ASKED, DEPLOYING).plan).toMatchObject({
    build: true,
    reason: 'Stage dev is deployed, as was asked for.',
    steps: [{ name: 'deploy', stage: 'dev' }],
    stage: { name: 'dev', problem: null },
  })
})

test.each<[string, Partial<PlanInput>, JsonObject, string]>([
  [
    'of another stage by now',
    {},
    { stages: { master: 'other' } },
    'At this commit branch "master" has stage "other", and not dev.',
  ],
  ['without a rule', { branch: 'x' }, {}, 'Branch "x" has no stage: no rule in "stages" matches it.'],
  ['without a command', {}, { deploy: null as never }, 'there is no "deploy" command'],
  ['of a branch that may not', { trust: 'branch' }, {}, 'it is not among the account\'s "deployBranches".'],
])('a deploy %s has nothing to run, and says why', (_, build, values, problem) => {
  const { deploy, ...rest } = { ...DEPLOYING, ...values } as JsonObject
  const planned = plan({ ...ASKED, ...build }, deploy === null ? rest : { deploy, ...rest }).plan
  expect(planned).toMatchObject({ build: true, steps: [], stage: { name: 'dev' } })
  expect(planned.build && planned.stage?.problem).toContain(problem)
})

test('a stage may have a command, variables, an address and a time of its own', () => {
  const stages = {
    '/^release\\/(\\d+)$/': {
      stage: 'rel-$1',
      deploy: './release.sh',
      env: { A: '1' },
      url: 'https://$1.example.com/',
      timeout: 30,
    },
  }
  const { plan: planned } = plan({ branch: 'release/7' }, { ...DEPLOYING, stages, branches: { '/./': true } })
  expect(planned).toMatchObject({
    steps: [
      { name: 'command' },
      { command: './release.sh', stage: 'rel-7', env: { A: '1' }, timeoutSeconds: 30 },
    ],
    stage: { name: 'rel-7', url: 'https://7.example.com/' },
  })
})

test('a name that does not fit: the tests run, and the deploy says why it cannot be', () => {
  const { plan: planned } = plan(
    { branch: 'release/x_y' },
    { ...DEPLOYING, stages: { '/^release\\/(.+)$/': 'rel-$1' }, branches: { '/./': true } },
  )
  expect(planned).toMatchObject({ steps: [{ name: 'command' }], stage: { name: 'unnamed' } })
  expect(planned.build && planned.stage?.problem).toMatch(
    /^stages\[".*"\] makes "rel-x_y" of branch "release\/x_y"/,
  )
})
