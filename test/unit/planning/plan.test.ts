import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import { titleOf } from '../../../src/model/job.ts'
import type { PlanInput } from '../../../src/planning/reason.ts'
import { FORK, PULL, plan } from '../../support/planning.ts'

const DEPLOYING = {
  cmd: 'make test',
  deploy: 'zappa update $LAMBCI_STAGE',
  stages: { master: 'dev', qa: 'qa' },
  branches: { qa: true, '/^feature/': true },
}

/** What the job of a `cmd` has, as it is without any further key. */
const ONLY = {
  name: 'build',
  cell: {},
  shard: null,
  setup: null,
  isStrict: false,
  env: {},
  timeoutSeconds: null,
  retry: 0,
  needs: [],
  artifacts: [],
  tests: null,
  cache: [],
  secrets: null,
  access: { role: null, token: null },
  allowFailure: false,
}

test.each<[string, Partial<PlanInput>, JsonObject, string]>([
  [
    'branch without a rule',
    { branch: 'x' },
    {},
    'Branch "x" is not built: no rule in "branches" matches it. Add "x": true to "branches" in .lambci.json to build it.',
  ],
  [
    'branch with a rule that is false',
    { branch: 'gh-pages' },
    { branches: { '!/^master$/': false } },
    'Branch "gh-pages" is not built: branches["!/^master$/"] disables it.',
  ],
  [
    'branches: false',
    {},
    { branches: false },
    'Branch "master" is not built: branches disables all branches.',
  ],
  [
    'rule without "build"',
    { branch: 'dev' },
    { branches: { dev: { cmd: 'x' } } },
    'Branch "dev" is not built: branches.dev does not set "build": true, and the top-level "build" is false.',
  ],
  [
    'private fork',
    { ...FORK, isPrivate: true },
    {},
    'Pull request #7 is not built: pullRequests.fromForkPrivateRepo disables pull requests from forks of a private repository.',
  ],
  [
    'pull request of the repository itself',
    PULL,
    { pullRequests: { fromSelfPublicRepo: false } },
    'Pull request #7 is not built: pullRequests.fromSelfPublicRepo disables pull requests from branches of a public repository.',
  ],
  [
    'pullRequests: false',
    PULL,
    { pullRequests: false },
    'Pull request #7 is not built: pullRequests disables all pull requests.',
  ],
  [
    'merge group',
    { event: 'merge_group', branch: 'main' },
    { pullRequests: false },
    'The merge group for branch "main" is not built: pullRequests disables all pull requests.',
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

test('not built: a pull request without a rule', () => {
  const { plan: planned } = plan(
    PULL,
    { pullRequests: { fromForkPublicRepo: true } },
    { pullRequests: false },
  )
  expect(planned).toEqual({
    build: false,
    reason:
      'Pull request #7 is not built: "pullRequests" has no rule for pull requests from branches of a public repository.',
  })
})

test.each<[string, Partial<PlanInput>, JsonObject, string]>([
  ['branch', {}, {}, 'Branch "master" is built: branches.master enables it.'],
  [
    'branch by regex',
    { branch: 'dev-1' },
    { branches: { '/^dev/': { build: true } } },
    'Branch "dev-1" is built: branches["/^dev/"] enables it.',
  ],
  [
    'branch by build',
    { branch: 'x' },
    { build: true },
    'Branch "x" is built: "build" is true in .lambci.json.',
  ],
  ['pull request', PULL, {}, 'Pull request #7 is built: pullRequests.fromSelfPublicRepo enables it.'],
  ['fork', FORK, {}, 'Pull request #7 is built: pullRequests.fromForkPublicRepo enables it.'],
  [
    'merge group',
    { event: 'merge_group' },
    {},
    'The merge group for branch "master" is built: pullRequests.fromSelfPublicRepo enables it.',
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
    reason: `Branch "${branch}" is built: branches.${branch} enables it.`,
    jobs: [{ ...ONLY, command: 'make test', timeoutSeconds: 60 }],
    earlierJobs: [],
    takingPart: [],
    leftOut: [],
    splits: [],
    failFast: true,
    maxParallel: null,
    deploys: [
      {
        deploy: {
          command: 'zappa update $LAMBCI_STAGE',
          setup: null,
          isStrict: false,
          stage,
          env: {},
          timeoutSeconds: 60,
          artifacts: [],
          cache: [],
        },
        stage: { name: stage, rule: `stages.${branch}`, url: null, role: null, error: null },
        verify: null,
        isManual: false,
      },
    ],
    stageReason: `Branch "${branch}" is deployed to stage ${stage} (stages.${branch}).`,
    notes: [],
    merge: false,
    cancelSuperseded: false,
  })
})

const MERGE = { pullRequests: { merge: true } }
test.each<[string, Partial<PlanInput>, JsonObject, boolean]>([
  ['a pull request', PULL, MERGE, true],
  ['a fork, if its base says so', FORK, MERGE, true],
  ['a pull request by default', PULL, {}, false],
  ['a pull request, switched off', PULL, { pullRequests: { merge: false } }, false],
  ['a merge group, which is a merge', { event: 'merge_group' }, MERGE, false],
  ['a push', {}, MERGE, false],
])('the merge is tested of %s', (_, build, values, merge) => {
  expect(plan(build, values).plan).toMatchObject({ build: true, merge })
})

test.each<[string, Partial<PlanInput>, JsonObject, string]>([
  ['pull request', PULL, {}, 'Pull requests never deploy.'],
  ['pull request with trust protected', { ...PULL, trust: 'protected' }, {}, 'Pull requests never deploy.'],
  ['fork', FORK, {}, 'Pull requests never deploy.'],
  ['merge group', { event: 'merge_group' }, {}, 'Merge groups never deploy.'],
  [
    'branch without a stage',
    { branch: 'feature-1' },
    {},
    'Branch "feature-1" has no stage: no rule in "stages" matches it.',
  ],
  [
    'branch that may not deploy',
    { trust: 'branch' },
    {},
    `Branch "master" is not deployed to stage dev: it is not in the account's "deployBranches".`,
  ],
  [
    'branch named like a property of Object.prototype',
    { branch: 'constructor' },
    { branches: true },
    'Branch "constructor" has no stage: no rule in "stages" matches it.',
  ],
])('no deploy: %s', (_, build, values, stageReason) => {
  const { plan: planned } = plan(build, { ...DEPLOYING, ...values })
  expect(planned).toMatchObject({
    build: true,
    deploys: [],
    stageReason,
    notes: [],
    jobs: [{}],
  })
})

test('no deploy: no command', () => {
  expect(plan({}, { stages: { master: 'dev' } }).plan).toMatchObject({
    deploys: [],
    stageReason: 'Branch "master" is not deployed to stage dev: there is no "deploy" command.',
  })
})

test('a plan is plain data', () => {
  const { plan: planned } = plan({}, DEPLOYING)
  expect(JSON.parse(JSON.stringify(planned))).toEqual(planned)
})

const REQUESTED: Partial<PlanInput> = {
  event: 'deploy',
  target: { stage: 'dev', of: 3, by: null },
}

test('a requested deploy has the jobs that make its artifacts, and those that they need, for the case that these are gone', () => {
  const jobs = {
    lint: 'make lint',
    lib: { cmd: 'make lib', artifacts: ['lib'] },
    generate: 'make generate',
    site: { cmd: 'make site', artifacts: { site: { paths: ['site'] } }, needs: ['lib'] },
    dist: {
      cmd: 'make dist',
      artifacts: { app: { paths: ['app'] }, maps: { paths: ['maps'] } },
      needs: ['lib', { job: 'generate', artifacts: [] }],
      shards: 2,
    },
    e2e: { cmd: 'make e2e', needs: ['dist'] },
  }
  const titlesOf = (artifacts: string[]) => {
    const { plan: planned } = plan(REQUESTED, {
      ...{ jobs, stages: { master: 'dev' } },
      deploy: { cmd: './deploy.sh', artifacts },
    })
    if (!planned.build) throw new Error(planned.reason)
    const { earlierJobs, takingPart, notes } = planned
    const all = [...planned.jobs, ...earlierJobs].map(titleOf).toSorted()
    expect(all).toEqual(['dist (1/2)', 'dist (2/2)', 'e2e', 'generate', 'lib', 'lint', 'site'])
    const names = [...new Set(planned.jobs.map(({ name }) => name))]
    expect([takingPart.map(({ name }) => name), notes.length]).toEqual([names, names.length > 0 ? 1 : 0])
    return planned.jobs.map(titleOf)
  }
  expect(titlesOf(['app'])).toEqual(['lib', 'generate', 'dist (1/2)', 'dist (2/2)'])
  expect(titlesOf(['site', 'lib'])).toEqual(['lib', 'site'])
  expect(titlesOf([])).toEqual([])
})

test('a requested deploy runs nothing else', () => {
  expect(plan(REQUESTED, DEPLOYING).plan).toMatchObject({
    build: true,
    reason: 'A deploy to stage dev was requested.',
    jobs: [],
    deploys: [{ deploy: { stage: 'dev' }, stage: { name: 'dev', error: null } }],
  })
})

test.each<[string, Partial<PlanInput>, JsonObject, string]>([
  [
    'of a branch that maps to another stage',
    {},
    { stages: { master: 'other' } },
    'At this commit, branch "master" maps to stage "other", not dev.',
  ],
  ['without a rule', { branch: 'x' }, {}, 'Branch "x" has no stage: no rule in "stages" matches it.'],
  ['without a command', {}, { deploy: null as never }, 'there is no "deploy" command'],
  [
    'of a branch that may not deploy',
    { trust: 'branch' },
    {},
    'it is not in the account\'s "deployBranches".',
  ],
])('a requested deploy %s runs nothing and gives the reason', (_, build, values, error) => {
  const { deploy, ...rest } = { ...DEPLOYING, ...values } as JsonObject
  const planned = plan({ ...REQUESTED, ...build }, deploy === null ? rest : { deploy, ...rest }).plan
  expect(planned).toMatchObject({
    build: true,
    jobs: [],
    deploys: [{ deploy: null, stage: { name: 'dev' } }],
  })
  expect(planned.build && planned.deploys[0]?.stage.error).toContain(error)
})

test('a stage can have its own command, variables, URL and timeout', () => {
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
    jobs: [{ command: 'make test', env: {} }],
    deploys: [
      {
        deploy: { command: './release.sh', stage: 'rel-7', env: { A: '1' }, timeoutSeconds: 30 },
        stage: { name: 'rel-7', url: 'https://7.example.com/' },
      },
    ],
  })
})

test('with an invalid stage name the tests run, and the deploy gives the reason', () => {
  const { plan: planned } = plan(
    { branch: 'release/x_y' },
    { ...DEPLOYING, stages: { '/^release\\/(.+)$/': 'rel-$1' }, branches: { '/./': true } },
  )
  expect(planned).toMatchObject({ jobs: [{}], deploys: [{ deploy: null, stage: { name: 'unnamed' } }] })
  expect(planned.build && planned.deploys[0]?.stage.error).toMatch(
    /^stages\[".*"\] maps branch "release\/x_y" to "rel-x_y"/,
  )
})

const LIST = ['staging', { stage: 'production', verify: './check.sh' }, 'europe']
const deploysOf = (values: JsonObject, global: JsonObject = {}) => {
  const { plan: planned } = plan({}, { ...DEPLOYING, stages: { master: LIST }, ...values }, global)
  if (!planned.build) throw new Error(planned.reason)
  return planned
}

test('a branch is deployed to a list of stages, in order', () => {
  const { deploys, stageReason } = deploysOf({})
  expect(deploys.map(({ stage, verify }) => [stage.name, verify?.command ?? null])).toEqual([
    ['staging', null],
    ['production', './check.sh'],
    ['europe', null],
  ])
  expect(stageReason).toBe(
    'Branch "master" is deployed to stage staging, then to production, then to europe (stages.master).',
  )
})

test('people deploy to a manual stage and to all after it, and the account can say so for every file', () => {
  const manual = { stages: { master: ['staging', { stage: 'production', manual: true }, 'europe'] } }
  const pinned = { pinnedStages: { production: { branches: ['master'], manual: true } } }
  for (const planned of [deploysOf(manual), deploysOf({}, pinned)]) {
    expect(planned.deploys.map(({ isManual }) => isManual)).toEqual([false, true, true])
    expect(planned.stageReason).toContain(
      'to stage staging, then to production by hand, then to europe by hand',
    )
  }
})

test('nothing is deployed after a stage that the account reserves for another branch', () => {
  const { deploys, notes } = deploysOf({}, { pinnedStages: { production: { branches: ['release'] } } })
  expect(deploys.map(({ stage }) => stage.name)).toEqual(['staging'])
  expect(notes).toEqual([
    `Branch "master" is not deployed to stage production: the account's settings reserve it for release.`,
  ])
})

test('a requested deploy to one of several stages is that one, even if only people deploy there', () => {
  const stages = { master: ['staging', { stage: 'production', manual: true }] }
  const { plan: planned } = plan(
    { event: 'deploy', target: { stage: 'production', of: 3, by: null } },
    { ...DEPLOYING, stages },
  )
  expect(planned).toMatchObject({ deploys: [{ deploy: { stage: 'production' }, isManual: false }] })
  const other = plan(
    { event: 'deploy', target: { stage: 'qa', of: 3, by: null } },
    { ...DEPLOYING, stages },
  ).plan
  expect(other.build && other.deploys[0]?.stage.error).toBe(
    'At this commit, branch "master" maps to stage "staging" and "production", not qa.',
  )
})
