import { expect, test } from 'vitest'
import { requireSettingsSize, SETTINGS_LIMIT } from '../../../src/account/settings.ts'
import {
  type GrantIssuer,
  issueGrants,
  jobMessageSchema,
  LEAD_JOB,
  type StartedJob,
  secretsIn,
} from '../../../src/admission/grants.ts'
import { type PushEvent, parseEvent } from '../../../src/github/event.ts'
import { requestFromEvent } from '../../../src/github/request-from-event.ts'
import type { Build } from '../../../src/model/build.ts'
import { pushPayload } from '../../support/payloads.ts'
import { FORKED, grantIssuerOf, grantsWith, makeBuild, PULL } from '../../support/records.ts'

const URL = 'https://ci.example.com/gh/ada/web/builds/7'

const KEYS = ['secrets/env/global.json', 'secrets/env/gh/ada/web.json']
const options = { secretVariables: KEYS, buildUrl: URL, deployRole: null, jobRole: null, hasToken: false }

test.each([
  ['a push to a public repository', {}, 'reads nothing private', KEYS],
  ['a pull request of a public repository', PULL, 'reads nothing private', KEYS],
  ['a push to a private repository', { isPrivate: true }, 'read-only', KEYS],
  ['a pull request of a private repository', { ...PULL, isPrivate: true }, 'read-only', KEYS],
  ["a fork's pull request", FORKED, null, []],
  ["a fork's pull request to a private repository", { ...FORKED, isPrivate: true }, null, []],
  ["Dependabot's pull request", { ...PULL, isDependabot: true, trust: 'fork' as const }, null, []],
  [
    "Dependabot's pull request to a private repository",
    { ...PULL, isPrivate: true, isDependabot: true, trust: 'fork' as const },
    null,
    [],
  ],
])('the clone token and secrets of %s: %j', async (_, change, cloneToken, secretVariables) => {
  const issued: unknown[] = []
  const grantIssuer: GrantIssuer = {
    cloneToken: async repository => (repository === 'ada/web' ? 'read-only' : 'wrong'),
    publicToken: async repository => (repository === 'ada/web' ? 'reads nothing private' : 'wrong'),
    issueCredentials: async (build, _job, { secretVariables: keys }) => {
      issued.push([build.number, keys])
      return null
    },
    jobToken: async () => 'for a job',
    deployRole: null,
    deployRoles: [],
  }
  expect(await issueGrants(makeBuild(change), LEAD_JOB, options, grantIssuer)).toEqual(
    grantsWith({ cloneToken, secretVariables, buildUrl: URL }),
  )
  expect(issued).toEqual([[7, secretVariables]])
})

const INTEGRATION = 'arn:aws:iam::123456789012:role/integration'
const UNIT: StartedJob = { ...LEAD_JOB, key: 1, identity: { name: 'unit', cell: {}, shard: null } }

test.each<[string, Partial<Build>, StartedJob, string[], unknown[]]>([
  ['a job', {}, UNIT, [], [INTEGRATION, 'for a job', INTEGRATION]],
  ['a job of trust protected', { trust: 'protected' }, UNIT, [], [INTEGRATION, 'for a job', INTEGRATION]],
  ['the lead', { trust: 'protected' }, LEAD_JOB, [], [null, null, null]],
  [
    'a deploy',
    { trust: 'protected' },
    {
      ...UNIT,
      identity: { name: 'deploy', cell: {}, shard: null },
      deploy: { stage: 'qa', digest: 'a-digest' },
    },
    [],
    [null, null, null],
  ],
  [
    'a job that verifies a deploy',
    { trust: 'protected' },
    {
      ...UNIT,
      identity: { name: 'verify-deploy', cell: {}, shard: null },
      deploy: { stage: 'qa', digest: 'a-digest' },
    },
    [],
    [null, null, null],
  ],
  ['a job of a fork', FORKED, UNIT, [], [null, null, null]],
  // It is named, so that the job can say what is wrong, but cannot be assumed.
  ['a job whose role is for deploys', {}, UNIT, [INTEGRATION], [INTEGRATION, 'for a job', null]],
  [
    'a job whose role is for deploys, by a pattern',
    {},
    UNIT,
    ['arn:aws:iam::*:role/inte?ration'],
    [INTEGRATION, 'for a job', null],
  ],
  [
    'a job whose role only looks similar',
    {},
    UNIT,
    ['arn:aws:iam::123456789012:role/integration.', 'arn:aws:iam::123456789012:role/i', 'x*'],
    [INTEGRATION, 'for a job', INTEGRATION],
  ],
])('the role and the token of %s', async (_, change, job, deployRoles, expected) => {
  const allowed: unknown[] = []
  const issuer: GrantIssuer = {
    ...grantIssuerOf(null),
    jobToken: async repository => (repository === 'ada/web' ? 'for a job' : 'wrong'),
    issueCredentials: async (_build, _job, { jobRole }) => {
      allowed.push(jobRole)
      return null
    },
    deployRoles,
  }
  const given = { ...options, jobRole: INTEGRATION, hasToken: true }
  const grants = await issueGrants(makeBuild({ trust: 'branch', ...change }), job, given, issuer)
  expect([grants.jobRole, grants.jobToken, ...allowed]).toEqual(expected)
  if (grants.jobToken !== null) expect(secretsIn(grants)).toContain(grants.jobToken)
})

const STACK_ROLE = 'arn:aws:iam::123456789012:role/deploys'
const STAGE_ROLE = 'arn:aws:iam::123456789012:role/production'
const DEPLOY: StartedJob = {
  ...UNIT,
  identity: { name: 'deploy', cell: {}, shard: null },
  deploy: { stage: 'qa', digest: 'a-digest' },
}

test.each<[string, Partial<Build>, StartedJob, string | null, string | null, unknown]>([
  ['a deploy, of its stage', {}, DEPLOY, STAGE_ROLE, STACK_ROLE, [STAGE_ROLE, 'qa']],
  ['a deploy whose stage has none, of the stack', {}, DEPLOY, null, STACK_ROLE, [STACK_ROLE, 'qa']],
  ['a deploy, of nobody', {}, DEPLOY, null, null, [null, 'qa']],
  ['a job of the same build', {}, UNIT, STAGE_ROLE, STACK_ROLE, [null, null]],
  ['the lead of the same build', {}, LEAD_JOB, STAGE_ROLE, STACK_ROLE, [null, null]],
  ['a deploy of trust branch', { trust: 'branch' }, DEPLOY, STAGE_ROLE, STACK_ROLE, [null, null]],
  ['a deploy of a fork', FORKED, DEPLOY, STAGE_ROLE, STACK_ROLE, [null, null]],
])('the role of %s', async (_, change, job, deployRole, ofStack, expected) => {
  const allowed: unknown[] = []
  const issuer: GrantIssuer = {
    ...grantIssuerOf(null),
    deployRole: ofStack,
    issueCredentials: async (_build, _job, grants) => {
      allowed.push([grants.deployRole, grants.stage])
      return null
    },
  }
  const given = { ...options, deployRole, jobRole: INTEGRATION }
  const grants = await issueGrants(makeBuild({ trust: 'protected', ...change }), job, given, issuer)
  expect(allowed).toEqual([expected])
  expect([grants.deployRole]).toEqual([allowed.flat()[0]])
})

test('a deploy that names no stage gets nothing at all', async () => {
  const { deploy: _, ...job } = DEPLOY
  const granted = issueGrants(makeBuild(), job, options, grantIssuerOf(null))
  await expect(granted).rejects.toThrow('The deploy of gh/ada/web #7 has no stage')
})

test('a system without a clone token grants none', async () => {
  const { cloneToken } = await issueGrants(
    makeBuild({ isPrivate: true }),
    LEAD_JOB,
    options,
    grantIssuerOf(null),
  )
  expect(cloneToken).toBeNull()
})

test('a job message survives JSON unchanged', async () => {
  const build = makeBuild({ isPrivate: true })
  const credentials = { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' }
  const grantIssuer = { ...grantIssuerOf('read-only'), issueCredentials: async () => credentials }
  const message = { build, job: LEAD_JOB, grants: await issueGrants(build, LEAD_JOB, options, grantIssuer) }
  expect(message.grants.credentials).toEqual(credentials)
  expect(jobMessageSchema.parse(JSON.parse(JSON.stringify(message)))).toEqual(message)
})

/** As large as settings may be. */
const settings = { global: { cmd: 'v'.repeat(SETTINGS_LIMIT - '{"global":{"cmd":""}}'.length) } }

test.each([
  ['letters', 'x'],
  ['three-byte characters', '語'],
  ['characters escaped in JSON', '\u0001'],
  ['quotes', '"'],
  ['emoji', '🎉'],
])(
  'a push of 2,000 commits with huge messages and names of %s, and the largest settings, make a job message under 64 KB',
  (_, character) => {
    const huge = character.repeat(5000)
    const [commit] = pushPayload().commits
    const commits = Array.from({ length: 2000 }, (_, index) => {
      const person = { name: `${index}${huge}`, email: 'x@example.com', username: `${index}${huge}` }
      return { ...commit, message: huge, author: person, committer: person }
    })
    const event = parseEvent('push', {
      ...pushPayload({
        ref: `refs/heads/${character.repeat(Math.floor(255 / Buffer.byteLength(character)))}`,
      }),
      commits,
      head_commit: commits[0],
    })
    const result = requestFromEvent({ name: 'push', payload: (event as { payload: PushEvent }).payload })
    if (!('request' in result)) throw new Error(JSON.stringify(result))
    expect(() => requireSettingsSize('gh/ada/web', settings)).not.toThrow()
    const build = makeBuild({ ...result.request, settings, baseUrl: `https://${'u'.repeat(100)}` })
    const credentials = {
      accessKeyId: 'A'.repeat(20),
      secretAccessKey: 'S'.repeat(40),
      sessionToken: 'T'.repeat(2000),
    }
    const deployRole = `arn:aws:iam::123456789012:role/${'r'.repeat(120)}`
    const buildUrl = `https://${'u'.repeat(300)}`
    const message = {
      build,
      grants: grantsWith({
        cloneToken: 'x'.repeat(600),
        credentials,
        deployRole,
        jobRole: deployRole,
        jobToken: 'x'.repeat(600),
        buildUrl,
        secretVariables: KEYS,
      }),
    }
    expect(jobMessageSchema.safeParse(message).success).toBe(true)
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(64 * 1024)
  },
)
