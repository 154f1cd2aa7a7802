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
      deployRoles: [ROLE],
      mayDeploy: true,
      ...grants,
    }),
  )
const JOB = { key: 3, attempt: 2 }
const build = `${B}/gh/ada/web/builds/7`
const out = `${B}/out/gh/ada/web/7/`
const secrets = [`${B}/secrets/env/global.json`, `${B}/secrets/env/gh/ada/web.json`]

const scopeOf = (trigger: string) => createHash('sha256').update(trigger).digest('hex').slice(0, 16)
const own = (trigger: string) => `${B}/cache/gh/ada/web/branch/${scopeOf(trigger)}/*`
const shared = `${B}/cache/gh/ada/web/protected/*`

test.each<[string, Trust, Partial<Build>, string[], string[], string[]]>([
  ['of a fork', 'fork', FORKED, [], [], []],
  ['of the default branch', 'branch', {}, [own('push/master')], [shared, ...secrets], []],
  [
    'of a branch',
    'branch',
    { trigger: 'push/topic', branch: 'topic', checkoutBranch: 'topic' },
    [own('push/topic')],
    [own('push/master'), shared, ...secrets],
    [],
  ],
  [
    'of a pull request',
    'branch',
    { ...PULL, branch: 'release' },
    [own('pr/12')],
    [own('push/release'), own('push/master'), shared, ...secrets],
    [],
  ],
  [
    'that may deploy',
    'protected',
    {},
    [shared, `${B}/gh/ada/web/stages/*`],
    [`${build}/gate.json`, ...secrets],
    [ROLE],
  ],
])('the policy of a job %s allows its own keys and no others', (_, trust, change, written, read, roles) => {
  expect(policyOf(trust, change)).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject'],
        Resource: [`${build}/jobs/3/2/*`, `${out}3/2/*`, ...written],
      },
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: [`${build}/cancel.json`, ...read] },
      ...(roles.length > 0 ? [{ Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: roles }] : []),
    ],
  })
})

test('a job that needs others reads the artifacts of its build; one that does not deploy has neither stages nor roles', () => {
  const [own, read] = policyOf('protected', {}, { mayDeploy: false, readsArtifacts: true }).Statement
  expect(own.Resource).toEqual([`${build}/jobs/3/2/*`, `${out}3/2/*`, shared])
  expect(read.Resource).toEqual([`${build}/cancel.json`, `${out}*`, ...secrets])
  expect(policyOf('protected', {}, { mayDeploy: false }).Statement).toHaveLength(2)
})

test('a job of a retry reads also the artifacts of the builds in which others have passed, and nothing else of them', () => {
  const grants = { mayDeploy: false, readsArtifacts: true, retriedBuilds: [3, 5] }
  const [own, read, ...more] = policyOf('branch', {}, grants).Statement
  const retried = [3, 5].map(number => `${B}/out/gh/ada/web/${number}/*`)
  expect(read.Resource).toEqual([`${build}/cancel.json`, `${out}*`, ...retried, shared, ...secrets])
  expect([own.Resource.join(), more]).toEqual([expect.not.stringMatching(/web\/[35]\//), []])
  const without = policyOf('branch', {}, { ...grants, readsArtifacts: false })
  expect(JSON.stringify(without)).not.toMatch(/out\/gh\/ada\/web\/[35]\//)
})

test('three other builds fit, unless names are very long or there are many deploy roles', () => {
  const named = (length: number) => mostRetriedBuilds(`gh/ada/${'r'.repeat(length - 'gh/ada/'.length)}`)
  expect([10, 60, 90, 120, 160].map(named)).toEqual([3, 3, 2, 1, 0])
  const roles = Array.from({ length: 12 }, (_, at) => `${ROLE}-of-stage-${at}`)
  expect([0, 6, 12].map(count => mostRetriedBuilds('gh/ada/web', roles.slice(0, count)))).toEqual([3, 3, 2])
})

test.each<[Trust, string[]]>([
  ['fork', []],
  ['branch', [JOB_ROLE]],
  ['protected', [JOB_ROLE]],
])('a job of trust %s may assume its role and no other', (trust, roles) => {
  const grants = { jobRole: JOB_ROLE, mayDeploy: false, readsArtifacts: true }
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
  const [, read] = policyOf('protected', {}, { onlyDeploys: true, secretVariables }).Statement
  expect(read.Resource.slice(-4)).toEqual([
    ...secrets,
    `${B}/secrets/env/gh/ada/web/_all.json`,
    `${B}/secrets/env/gh/ada/web/${'s'.repeat(40)}.json`,
  ])
})

test('beside the stages of its repository, a deploy has room for the secrets of its own with names of up to 95 characters', () => {
  const lengthFor = (length: number) => {
    const build = makeBuild({
      project: `gh/ada/${'r'.repeat(length - 'gh/ada/'.length)}`,
      number: 2_147_483_647,
    })
    return sessionPolicyOf(build, { key: 255, attempt: 9 }, `arn:aws:s3:::${'b'.repeat(63)}`, {
      secretVariables: deploySecrets(build.project),
      deployRoles: [`arn:aws:iam::123456789012:role/${'d'.repeat(64)}`],
      ...{ mayDeploy: true, onlyDeploys: true, readsArtifacts: true },
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
  const bucketArn = `arn:aws:s3:::${'b'.repeat(63)}`
  // The longest role name that IAM accepts.
  const deployRoles = [`arn:aws:iam::123456789012:role/${'d'.repeat(64)}`]
  /** With a path: the longest that the settings accept. */
  const jobRole = `arn:aws:iam::123456789012:role/${'p'.repeat(55)}/${'j'.repeat(64)}`
  const retriedBuilds = [1, 2, 3].map(at => 2_147_483_643 + at)
  const kinds = fc.constantFrom<Partial<SessionGrants>>(
    { deployRoles, mayDeploy: true },
    { deployRoles, mayDeploy: true, readsArtifacts: true, onlyDeploys: true },
    { jobRole, readsArtifacts: true },
    { readsArtifacts: true },
    { deployRoles, mayDeploy: true, readsArtifacts: true, onlyDeploys: true, retriedBuilds },
    { jobRole, readsArtifacts: true, retriedBuilds },
    { readsArtifacts: true, retriedBuilds },
    // A deploy that holds no objects of stages, with the role of its own.
    { jobRole: deployRoles[0] ?? null, readsArtifacts: true, onlyDeploys: true },
  )
  fc.assert(
    fc.property(everything, kinds, (change, grants) => {
      const build = makeBuild(change)
      const hasStageSecrets = grants.onlyDeploys && !grants.mayDeploy
      const secretVariables = hasStageSecrets ? deploySecrets(build.project) : variablesKeys(build.project)
      const policy = sessionPolicyOf(build, { key: 255, attempt: 9 }, bucketArn, {
        secretVariables,
        ...grants,
        // As many as a retry may refer to.
        retriedBuilds: grants.retriedBuilds?.slice(0, mostRetriedBuilds(build.project)) ?? [],
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
