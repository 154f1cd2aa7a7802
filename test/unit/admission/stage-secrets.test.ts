import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAccount } from '../../../src/account/settings.ts'
import {
  type JobMessage,
  jobMessageSchema,
  LEAD_JOB,
  type StartedJob,
} from '../../../src/admission/grants.ts'
import { sessionPolicyOf } from '../../../src/admission/session-policy.ts'
import { startJob, startLead } from '../../../src/admission/start-job.ts'
import type { Build } from '../../../src/model/build.ts'
import { EVERY_STAGE } from '../../../src/model/names.ts'
import { stageVariablesKey, variablesKeys } from '../../../src/records/keys.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { FORKED, grantIssuerOf, makeBuild, PULL } from '../../support/records.ts'

const PROJECT = 'gh/ada/web'
const [GLOBAL, OWN] = variablesKeys(PROJECT)
const keyOf = (stage: string, project = PROJECT) => stageVariablesKey({ project, stage })
const STAGES = ['production', 'qa', 'prod', 'production-2', 'stages', 'all']
const [EVERY, PRODUCTION] = [keyOf(EVERY_STAGE), keyOf('production')]
/** Everything exists, also for repositories with similar names. */
const KEYS = [
  ...[GLOBAL, OWN, EVERY, ...STAGES.map(stage => keyOf(stage))],
  ...['gh/ada/web2', 'gh/eve/web', 'gh/ada/web@4711'].flatMap(project => [
    variablesKeys(project)[1],
    ...[EVERY_STAGE, 'production'].map(stage => keyOf(stage, project)),
  ]),
  `${EVERY}.old`,
]
const jobNamed = (name: string, cell = {}): StartedJob => ({
  ...{ key: 3, attempt: 1, needs: [] },
  identity: { name, cell, shard: null },
})
const DEPLOY = jobNamed('deploy')

/** The objects with secrets that a job's message names, which must be those that its session policy opens. */
async function secretsOf(
  change: Partial<Build>,
  start: (build: Build, share: Parameters<typeof startJob>[2], context: Context) => Promise<void>,
  keys: readonly string[] = KEYS,
): Promise<readonly string[]> {
  const build = makeBuild(change)
  const messages: JobMessage[] = []
  const policies: string[] = []
  await start(
    build,
    { account: parseAccount(build.project, build.settings), accountKeys: keys },
    {
      store: openMemoryStore(),
      grantIssuer: {
        ...grantIssuerOf(null),
        issueCredentials: async (...args) => {
          policies.push(sessionPolicyOf(args[0], args[1], 'arn:aws:s3:::b', args[2]))
          return null
        },
      },
      linkKey: 'a-key-of-more-than-sixteen-characters',
      deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
      publish: async message => void messages.push(message),
    },
  )
  expect([messages.length, policies.length]).toEqual([1, 1])
  const { secretVariables } = jobMessageSchema.parse(messages[0]).grants
  const opened = [...(policies[0] ?? '').matchAll(/"arn:aws:s3:::b\/(secrets\/[^"]*)"/g)].map(
    ([, key]) => key,
  )
  expect(opened).toEqual(secretVariables)
  return secretVariables
}
type Context = Parameters<typeof startLead>[3]

/** `stage`: what report passes on, whatever the job. */
const ofJob = (change: Partial<Build>, job: StartedJob, stage?: string | null, keys?: readonly string[]) =>
  secretsOf(
    change,
    (build, share, context) =>
      startJob(
        build,
        { job: { ...job, ...(stage != null && { deploy: { stage, digest: 'd' } }) }, hasSecrets: true },
        share,
        context,
      ),
    keys,
  )

test('a deploy gets the secrets of its repository and its stage, the more specific ones last', async () => {
  expect(await ofJob({}, DEPLOY, 'production')).toEqual([GLOBAL, OWN, EVERY, PRODUCTION])
  expect(await ofJob({}, DEPLOY, 'dev')).toEqual([GLOBAL, OWN, EVERY])
  expect(await ofJob({}, DEPLOY, 'production', [PRODUCTION, OWN])).toEqual([OWN, PRODUCTION])
  await expect(ofJob({}, DEPLOY, null)).rejects.toThrow('has no stage')
})

test('the lead and the tests of a build get no secret of any stage', async () => {
  const lead = await secretsOf({}, (build, share, context) =>
    startLead(build, build.latestEnd, share, context),
  )
  expect(lead).toEqual([GLOBAL, OWN])
  for (const job of [LEAD_JOB, jobNamed('unit'), jobNamed('deploy-check'), jobNamed('production')])
    expect(await ofJob({}, job, 'production')).toEqual([GLOBAL, OWN])
})

test.each<[string, Partial<Build>, string[]]>([
  ['a branch that does not deploy', { trust: 'branch' }, [GLOBAL, OWN]],
  ['a pull request', { ...PULL, trust: 'branch' }, [GLOBAL, OWN]],
  ['a fork', FORKED, []],
  ['an account without inheritSecrets', { settings: { global: { inheritSecrets: false } } }, []],
  ['a repository of a similar name', { project: 'gh/ada/w' }, [GLOBAL]],
])('a job called "deploy" of %s gets no secret of a stage', async (_, change, expected) => {
  expect(await ofJob(change, DEPLOY, 'production')).toEqual(expected)
})

test('a repository with records of its own under a taken name gets the secrets of its own stages', async () => {
  const project = 'gh/ada/web@4711'
  expect(await ofJob({ project, repository: 'ada/web' }, DEPLOY, 'production')).toEqual([
    ...variablesKeys(project),
    ...[EVERY_STAGE, 'production'].map(stage => keyOf(stage, project)),
  ])
})

test.each(['*', '_all', '', 'Production', '../eve/web/production', 'production.json', 'p*', 'p?oduction'])(
  'the stage %j, which no file can name, starts no deploy',
  async stage => {
    // Even if there were such an object.
    await expect(ofJob({}, DEPLOY, stage, [...KEYS, keyOf(stage)])).rejects.toThrow()
  },
)

test('for any job and any stage, only the deploy is granted objects of stages, and only of its own', async () => {
  const jobName = fc.oneof(
    fc.constantFrom('deploy', 'unit', 'deployed'),
    fc.stringMatching(/^[a-z][a-z0-9-]{0,29}$/),
  )
  const stageName = fc.oneof(fc.constantFrom(...STAGES), fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/))
  const trust = fc.constantFrom<Build['trust']>('fork', 'branch', 'protected')
  await fc.assert(
    fc.asyncProperty(jobName, stageName, trust, async (name, stage, trust) => {
      const granted = await ofJob({ trust }, jobNamed(name), stage)
      const own = name === 'deploy' && trust === 'protected' ? [EVERY, keyOf(stage)] : []
      const repository = trust === 'fork' ? [] : [GLOBAL, OWN]
      expect(granted).toEqual([...repository, ...own].filter(key => KEYS.includes(key)))
    }),
  )
})
