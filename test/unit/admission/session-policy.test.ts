import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mostRetriedBuilds } from '../../../src/admission/retried-builds.ts'
import { POLICY_LIMIT, type SessionGrants, sessionPolicyOf } from '../../../src/admission/session-policy.ts'
import type { Build, Trust } from '../../../src/model/build.ts'
import { EVERY_STAGE, projectSchema } from '../../../src/model/names.ts'
import { stageVariablesKey, variablesKeys } from '../../../src/records/keys.ts'
import { FORKED, makeBuild, PULL } from '../../support/records.ts'

const B = 'arn:aws:s3:::lambci-123456789012-us-east-1'
const ROLE = 'arn:aws:iam::123456789012:role/deployer'
const JOB_ROLE = 'arn:aws:iam::123456789012:role/integration'
const policyOf = (trust: Trust, change: Partial<Build>, grants: Partial<SessionGrants> = {}) =>
  JSON.parse(
    sessionPolicyOf(makeBuild({ trust, ...change }), JOB, B, {
      secretVariables: [...variablesKeys('gh/ada/web')],
      deployRole: ROLE,
      ...grants,
    }),
  )
const JOB = { key: 3, attempt: 2 }
/** The longest that S3 allows, and that the settings accept for a role with a path. */
const LONGEST_BUCKET = `arn:aws-us-gov:s3:::${'b'.repeat(63)}`
const LONGEST_ROLE = `arn:aws-us-gov:iam::123456789012:role/${'p'.repeat(55)}/${'d'.repeat(64)}`
const build = `${B}/gh/ada/web/builds/7`
const out = `${B}/out/gh/ada/web/7/`
const secrets = [`${B}/secrets/env/global.json`, `${B}/secrets/env/gh/ada/web.json`]

const scopeOf = (trigger: string) => createHash('sha256').update(trigger).digest('hex').slice(0, 16)
const own = (trigger: string) => `${B}/cache/gh/ada/web/branch/${scopeOf(trigger)}/*`
const shared = (branch = 'master') => `${B}/cache/gh/ada/web/protected/${scopeOf(`push/${branch}`)}/*`

test.each<[string, Trust, Partial<Build>, string[], string[]]>([
  ['of a fork', 'fork', FORKED, [], []],
  ['of the default branch', 'branch', {}, [own('push/master')], [shared(), ...secrets]],
  [
    'of a branch',
    'branch',
    { trigger: 'push/topic', branch: 'topic', checkoutBranch: 'topic' },
    [own('push/topic')],
    [own('push/master'), shared('topic'), shared(), ...secrets],
  ],
  [
    'of a pull request',
    'branch',
    { ...PULL, branch: 'release' },
    [own('pr/12')],
    [own('push/release'), own('push/master'), shared('release'), shared(), ...secrets],
  ],
  ['of a branch that may deploy', 'protected', {}, [shared()], [...secrets]],
  ['of another one', 'protected', { trigger: 'push/qa', branch: 'qa' }, [shared('qa')], [...secrets]],
])(
  'the policy of a job %s allows its own keys, no others, and no role',
  (_, trust, change, written, read) => {
    expect(policyOf(trust, change)).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['s3:GetObject', 's3:PutObject'],
          Resource: [`${build}/jobs/3/2/*`, `${out}3/2/*`, ...written],
        },
        { Effect: 'Allow', Action: ['s3:GetObject'], Resource: [`${build}/cancel.json`, ...read] },
      ],
    })
  },
)

test('a deploy may assume exactly one role, has the caches of its stage, and neither stages nor artifacts of its own', () => {
  expect(policyOf('protected', {}, { stage: 'qa', jobRole: JOB_ROLE, readsArtifacts: true })).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject'],
        Resource: [`${build}/jobs/3/2/*`, `${B}/cache/gh/ada/web/deploy/qa/*`],
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetObject'],
        Resource: [`${build}/cancel.json`, `${out}*`, ...secrets],
      },
      { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: ROLE },
    ],
  })
  expect(policyOf('protected', {}, { stage: 'qa', deployRole: null }).Statement).toHaveLength(2)
})

test('a job that needs others reads the artifacts of its build; one that does not deploy has neither stages nor roles', () => {
  const [own, read] = policyOf('protected', {}, { readsArtifacts: true }).Statement
  expect(own.Resource).toEqual([`${build}/jobs/3/2/*`, `${out}3/2/*`, shared()])
  expect(read.Resource).toEqual([`${build}/cancel.json`, `${out}*`, ...secrets])
  expect(policyOf('protected', {}).Statement).toHaveLength(2)
})

test('a job of a retry reads also the artifacts of the builds in which others have passed, and nothing else of them', () => {
  const grants = { readsArtifacts: true, retriedBuilds: [3, 5] }
  const [own, read, ...more] = policyOf('branch', {}, grants).Statement
  const retried = [3, 5].map(number => `${B}/out/gh/ada/web/${number}/*`)
  expect(read.Resource).toEqual([`${build}/cancel.json`, `${out}*`, ...retried, shared(), ...secrets])
  expect([own.Resource.join(), more]).toEqual([expect.not.stringMatching(/web\/[35]\//), []])
  // Of its own build, only if a job of that has left something for it.
  const without = policyOf('branch', {}, { ...grants, readsArtifacts: false }).Statement[1].Resource
  expect(without).toEqual([`${build}/cancel.json`, ...retried, shared(), ...secrets])
})

test('the lead reads how long the test files of its repository take, and no other job does', () => {
  const [, read] = policyOf('protected', {}, { plans: true }).Statement
  expect(read.Resource).toEqual([`${build}/cancel.json`, `${B}/gh/ada/web/timings/*`, ...secrets])
  expect(JSON.stringify(policyOf('protected', {}))).not.toContain('timings')
})

test('three other builds fit, unless names are very long; roles of stages change nothing, because a deploy has one', () => {
  const named = (length: number) => mostRetriedBuilds(`gh/ada/${'r'.repeat(length - 'gh/ada/'.length)}`)
  expect([10, 60, 90, 120, 160].map(named)).toEqual([3, 3, 2, 1, 0])
  const roles = Array.from({ length: 12 }, (_, at) => `${ROLE}-of-stage-${at}`)
  expect([0, 6, 12].map(count => mostRetriedBuilds('gh/ada/web', roles.slice(0, count)))).toEqual([3, 3, 3])
})

test.each<[Trust, string[]]>([
  ['fork', []],
  ['branch', [JOB_ROLE]],
  ['protected', [JOB_ROLE]],
])('a job of trust %s may assume its role and no other', (trust, roles) => {
  const grants = { jobRole: JOB_ROLE, readsArtifacts: true }
  const [, , ...more] = policyOf(trust, {}, grants).Statement
  expect(more).toEqual(roles.map(Resource => ({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource })))
})

const nameOf = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'aZ09-_.'), minLength: 1, maxLength, size: 'max' })
const projects = fc
  .tuple(nameOf(39), nameOf(100))
  .map(([owner, repository]) => projectSchema.safeParse(`gh/${owner}/${repository}`).data ?? '')
  .filter(project => project !== '')

/** All objects with secrets that a deploy may get, with the longest name of a stage. */
const deploySecrets = (project: string) => [
  ...variablesKeys(project),
  ...[EVERY_STAGE, 's'.repeat(40)].map(stage => stageVariablesKey({ project, stage })),
]

test('a deploy reads the secrets of its stage, by their whole keys', () => {
  const secretVariables = deploySecrets('gh/ada/web')
  const [, read] = policyOf('protected', {}, { stage: 's'.repeat(40), secretVariables }).Statement
  expect(read.Resource.slice(-4)).toEqual([
    ...secrets,
    `${B}/secrets/env/gh/ada/web/_all.json`,
    `${B}/secrets/env/gh/ada/web/${'s'.repeat(40)}.json`,
  ])
})

test('a deploy has room for the secrets of its stage beside as many other builds as a retry may refer to', () => {
  for (let length = 10; length <= 160; length++) {
    const project = `gh/ada/${'r'.repeat(length - 'gh/ada/'.length)}`
    const most = mostRetriedBuilds(project, [LONGEST_ROLE])
    const policy = sessionPolicyOf(
      makeBuild({ project, number: 9_999_999_999 }),
      { key: 256, attempt: 9 },
      LONGEST_BUCKET,
      {
        secretVariables: deploySecrets(project),
        deployRole: LONGEST_ROLE,
        ...{ stage: 's'.repeat(40), readsArtifacts: true },
        retriedBuilds: Array.from({ length: most }, () => 9_999_999_999),
      },
    )
    expect(policy.length).toBeLessThan(POLICY_LIMIT)
    // It needs each of them. What it goes without, if nothing else helps, is to look for a request to cancel it.
    const { Statement } = JSON.parse(policy)
    const read: string[] = Statement[1].Resource
    expect(Statement).toHaveLength(3)
    expect(read.filter(key => key.includes('/secrets/env/'))).toHaveLength(4)
    expect(read.filter(key => key.includes('/out/'))).toHaveLength(most + 1)
    expect(read.filter(key => key.endsWith('/cancel.json')).length).toBe(read.length - most - 5)
    if (length <= 60) expect(read[0]).toMatch(/\/cancel\.json$/)
    // Before that, it goes without its caches.
    const [, saved] = Statement[0].Resource
    if (saved) expect(read[0]).toMatch(/\/cancel\.json$/)
  }
})

test('a deploy by hand reads what its stage keeps of each build, or all of it where names are so long that nothing else fits', () => {
  const kept = { stage: 's'.repeat(40), builds: [3, 5] }
  const [, read] = policyOf('protected', {}, { stage: kept.stage, kept }).Statement
  const below = `${B}/gh/ada/web/stages/${'s'.repeat(40)}/artifacts/`
  expect(read.Resource).toEqual([`${build}/cancel.json`, `${below}3/*`, `${below}5/*`, ...secrets])
  const patterns = new Set<string>()
  for (let length = 10; length <= 160; length++) {
    const project = `gh/ada/${'r'.repeat(length - 'gh/ada/'.length)}`
    // The build that has tested the commit, and those from which that one may have taken jobs over.
    for (const count of [1, mostRetriedBuilds(project, [LONGEST_ROLE]) + 1]) {
      const builds = Array.from({ length: count }, () => 9_999_999_999)
      const policy = sessionPolicyOf(
        makeBuild({ project, number: 9_999_999_999 }),
        { key: 256, attempt: 9 },
        LONGEST_BUCKET,
        {
          ...{ secretVariables: deploySecrets(project), deployRole: LONGEST_ROLE, stage: kept.stage },
          kept: { ...kept, builds },
        },
      )
      expect(policy.length).toBeLessThan(POLICY_LIMIT)
      const all: string[] = JSON.parse(policy).Statement[1].Resource
      const taken = all.filter(key => key.includes('/artifacts/')).map(key => key.split('/artifacts/')[1])
      const each = builds.map(number => `${number}/*`)
      expect(length <= 90 && count === 1 ? [each] : [each, ['*']]).toContainEqual(taken)
      patterns.add(taken[0] ?? '')
    }
  }
  expect(patterns).toEqual(new Set(['*', '9999999999/*']))
})

test('a deploy has room for the secrets of its own with names of up to 95 characters', () => {
  const lengthFor = (length: number) => {
    const build = makeBuild({
      project: `gh/ada/${'r'.repeat(length - 'gh/ada/'.length)}`,
      number: 2_147_483_647,
    })
    return sessionPolicyOf(build, { key: 255, attempt: 9 }, `arn:aws:s3:::${'b'.repeat(63)}`, {
      secretVariables: deploySecrets(build.project),
      deployRole: `arn:aws:iam::123456789012:role/${'d'.repeat(64)}`,
      ...{ stage: 's'.repeat(40), readsArtifacts: true },
    }).length
  }
  expect(lengthFor(95)).toBeLessThan(POLICY_LIMIT)
})

test('for any names the policy stays within the limit, and has wildcards only at the ends of keys', () => {
  const longest = `gh/${'o'.repeat(39)}/${'r'.repeat(100)}@${Number.MAX_SAFE_INTEGER}`
  const everything = fc.record({
    project: fc.oneof(projects, fc.constant(longest)),
    number: fc.oneof(fc.integer({ min: 1, max: 2_147_483_647 }), fc.constant(2_147_483_647)),
    trust: fc.constantFrom<Trust>('fork', 'branch', 'protected'),
    trigger: fc.constantFrom('pr/7', 'push/topic'),
    branch: fc.constantFrom('release', 'topic', 'master'),
  })
  const bucketArn = LONGEST_BUCKET
  const jobRole = LONGEST_ROLE
  const deployRole = LONGEST_ROLE
  const stage = 's'.repeat(40)
  const retriedBuilds = [1, 2, 3].map(at => 2_147_483_643 + at)
  const kinds = fc.constantFrom<Partial<SessionGrants>>(
    { deployRole, stage },
    { deployRole, stage, readsArtifacts: true },
    { jobRole, readsArtifacts: true },
    { readsArtifacts: true },
    { deployRole, stage, readsArtifacts: true, retriedBuilds },
    { deployRole, stage, kept: { stage, builds: [1, 2, 3, 2_147_483_647] } },
    { jobRole, readsArtifacts: true, retriedBuilds },
    { readsArtifacts: true, retriedBuilds },
    { plans: true },
  )
  fc.assert(
    fc.property(everything, kinds, (change, grants) => {
      const build = makeBuild(change)
      const secretVariables = grants.stage ? deploySecrets(build.project) : variablesKeys(build.project)
      const policy = sessionPolicyOf(build, { key: 255, attempt: 9 }, bucketArn, {
        secretVariables,
        ...grants,
        // As many as a retry may refer to.
        retriedBuilds: grants.retriedBuilds?.slice(0, mostRetriedBuilds(build.project, [LONGEST_ROLE])) ?? [],
      })
      expect(policy.length).toBeLessThan(POLICY_LIMIT)
      const resources: string[] = JSON.parse(policy).Statement.flatMap(
        (statement: { Resource: string[] }) => statement.Resource,
      )
      for (const resource of resources) {
        expect(resource).toMatch(/^[^*?]+\*?$/)
        const isOwn = [`${build.project}/`, `cache/${build.project}/`, `out/${build.project}/`].some(key =>
          resource.startsWith(`${bucketArn}/${key}`),
        )
        expect(isOwn || /\/secrets\/env\/|:role\//.test(resource)).toBe(true)
      }
    }),
  )
})
