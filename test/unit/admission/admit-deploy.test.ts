import { expect, test } from 'vitest'
import { type AdmissionContext, admit } from '../../../src/admission/admit.ts'
import { admitDeploy, admitRebuild } from '../../../src/admission/admit-again.ts'
import {
  DEPLOY_EVENT,
  type DeployRequest,
  parseSignedRequest,
} from '../../../src/admission/signed-requests.ts'
import type { Build } from '../../../src/model/build.ts'
import { raiseCounter } from '../../../src/records/counter.ts'
import { deploymentOf, recordDeployment } from '../../../src/records/deployments.ts'
import { buildKeys, requestKey } from '../../../src/records/keys.ts'
import type { Report } from '../../../src/records/report-record.ts'
import { updateKnown } from '../../../src/records/repository-records.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY, planOf, stateWith } from '../../support/plans.ts'
import {
  AT,
  after,
  endedRun,
  grantIssuerOf,
  makeBuild,
  PULL,
  RUNNER_SECRETS,
  reportOf,
  runKey,
  unknownToGit,
} from '../../support/records.ts'
import { deployOf } from '../../support/report-world.ts'

const PROJECT = 'gh/ada/web'

/** A repository with these builds, whose commits people want to deploy. */
async function worldOf(
  ...builds: { build?: Partial<Build>; report?: Partial<Report> | null; run?: object }[]
) {
  const store = openMemoryStore()
  const put = (key: string, value: object) => store.put(key, JSON.stringify(value), 'application/json')
  await put('config/global.json', { allow: ['ada'] })
  for (const [index, { build: change, report = {}, run = endedRun() }] of builds.entries()) {
    const build = makeBuild({ number: index + 1, commit: `${index + 1}`.repeat(40), ...change })
    await put(buildKeys(build).build, build)
    await put(runKey(build, { phase: 'ended' }), run)
    if (report) await put(buildKeys(build).report, reportOf(report))
  }
  const context: AdmissionContext = {
    ...{ store, compare: unknownToGit, linkKey: RUNNER_SECRETS.linkKey, now: () => after(600) },
    ...{ baseUrl: 'https://ci.example.com', grantIssuer: grantIssuerOf(null), publish: async () => {} },
    invokeReport: async () => {},
    deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
  }
  const deploy = (number: number, more: Partial<DeployRequest> = {}) =>
    admitDeploy(`deploy-${number}`, { project: PROJECT, number, stage: 'dev', ...more }, context)
  return { context, deploy }
}

const endOf = (conclusion: 'passed' | 'failed' | 'errored' | 'skipped', deploy: Report['deploy'] = null) => ({
  end: { conclusion, reason: null, deploy, endedAt: AT },
})
const NOT_GREEN = (ended: string) =>
  `Build #1 of ada/web ended as "${ended}", and only what has passed its tests is deployed. Choose another one: lambci builds ada/web`

test.each<[string, Partial<Report> | null, string]>([
  ['that failed', endOf('failed'), NOT_GREEN('failed')],
  ['that died', endOf('errored'), NOT_GREEN('errored')],
  ['that was skipped', endOf('skipped'), NOT_GREEN('skipped')],
  [
    'that says itself that it passed, which report has not concluded',
    null,
    'Build #1 of ada/web has not ended yet. Deploy it once its tests have passed.',
  ],
])('a build %s is not deployed by hand', async (_, report, reason) => {
  const { deploy } = await worldOf({ report })
  expect(await deploy(1)).toEqual({ refused: 'conflict', reason })
})

test('a build that runs is not deployed by hand', async () => {
  const { deploy } = await worldOf({ run: endedRun({ phase: 'running', conclusion: null, endedAt: null }) })
  expect(await deploy(1)).toEqual({
    refused: 'conflict',
    reason: expect.stringMatching(/^Build #1 of ada\/web has not ended yet/),
  })
})

test.each<[string, Partial<Report>]>([
  ['that passed', endOf('passed')],
  ['whose deploy failed', endOf('failed', deployOf('failed'))],
  ['whose deploy was refused', endOf('errored', deployOf('failed'))],
  ['whose deploy was withheld', endOf('passed', deployOf('cancelled'))],
  ['whose deploy waits', { deploy: deployOf('waiting') }],
])('a build %s can be deployed by hand, and it is recorded who has requested that', async (_, report) => {
  const { deploy } = await worldOf({ report })
  expect(await deploy(1, { by: 'ada' })).toMatchObject({
    build: {
      ...{ event: 'deploy', commit: '1'.repeat(40), rebuildOf: null, retryOf: null },
      target: { stage: 'dev', of: 1, by: 'ada' },
    },
  })
})

test('a build that only deploys stands for the one whose commit it deploys', async () => {
  const { deploy } = await worldOf(
    { report: endOf('passed') },
    { build: { event: 'deploy', target: { stage: 'qa', of: 1, by: 'bob' } }, report: endOf('failed') },
    { report: endOf('failed') },
    { build: { event: 'deploy', target: { stage: 'qa', of: 3, by: 'bob' } }, report: endOf('passed') },
  )
  // Nobody has said who: an older command line does not.
  expect(await deploy(2)).toMatchObject({
    build: { commit: '1'.repeat(40), target: { stage: 'dev', of: 1, by: null } },
  })
  expect(await deploy(4)).toMatchObject({ refused: 'conflict', reason: expect.stringMatching(/^Build #3 /) })
})

test('what is requested again is as private as its repository is now, and as the build was', async () => {
  const cases: [ofBuild: boolean, ofNewest: boolean, onRecord: boolean | undefined, expected: boolean][] = [
    // The newest build repeats one of the public time.
    [false, false, true, true],
    [false, true, undefined, true],
    [false, true, false, false],
    [true, false, false, true],
    [false, false, undefined, false],
  ]
  for (const [ofBuild, ofNewest, onRecord, expected] of cases) {
    const { context, deploy } = await worldOf(
      { build: { repositoryId: 1, isPrivate: ofBuild }, report: endOf('passed') },
      // Under its records there is another repository by now.
      { build: { repositoryId: 2, isPrivate: ofNewest, rebuildOf: 1 }, report: endOf('passed') },
    )
    const isPrivate = onRecord === undefined ? {} : { isPrivate: onRecord }
    await raiseCounter(context.store, PROJECT, 2)
    await updateKnown(context.store, 1, () => ({ project: null, isPrivate: false }))
    await updateKnown(context.store, 2, () => ({ project: PROJECT, ...isPrivate }))
    const wanted = { project: PROJECT, number: 1, failed: false } as never
    for (const result of [await deploy(1), await admitRebuild(crypto.randomUUID(), wanted, context)])
      expect(result).toMatchObject({ build: { isPrivate: expected, repositoryId: 2 } })
  }
})

test('of a pull request, and of what there is not, nothing is deployed', async () => {
  const { deploy } = await worldOf({ build: PULL, report: endOf('passed') })
  expect(await deploy(1)).toMatchObject({ refused: 'forbidden' })
  expect(await deploy(7)).toMatchObject({ refused: 'unknown' })
})

test('a redelivery names the build that it repeats, and a late first delivery none', async () => {
  const { context } = await worldOf({ report: endOf('passed') })
  const { number: _, trust: _t, settings: _s, nonce: _n, delivery: _d, ...request } = makeBuild()
  const push = (id: string) => admit(id, { request, isArrival: true }, context)
  const rebuiltBy = async (id: string) => {
    const result = await push(id)
    if (!('build' in result)) throw new Error('Nothing is built')
    await context.store.put(
      buildKeys(result.build).report,
      JSON.stringify(reportOf(endOf('failed'))),
      'application/json',
    )
    return [result.build.number, result.build.rebuildOf]
  }
  expect(await rebuiltBy('first')).toEqual([2, null])
  expect(await rebuiltBy('first')).toEqual([3, 2])
  expect(await rebuiltBy('late')).toEqual([4, null])
  expect(await rebuiltBy('first')).toEqual([5, 3])
})

test('who requests a deploy is bounded', () => {
  const signed = { event: DEPLOY_EVENT, id: crypto.randomUUID(), at: after(0).toISOString() }
  const request = { ...signed, project: PROJECT, number: 1, stage: 'dev' }
  const parse = (payload: object) => parseSignedRequest(payload, after(60))
  expect(parse({ ...request, by: 'ada' })).toEqual({ ...request, by: 'ada' })
  expect(parse(request)).toEqual(request)
  for (const by of ['', 'a'.repeat(201), 7])
    expect(parse({ ...request, by })).toEqual({ error: 'Invalid deploy request: check by.' })
})

test('a request of the command line counts for a day, and only with its id and time', () => {
  const at = after(0).toISOString()
  const request = {
    event: DEPLOY_EVENT,
    id: crypto.randomUUID(),
    at,
    project: PROJECT,
    number: 1,
    stage: 'dev',
  }
  const day = 86_400
  for (const seconds of [-day, 0, day]) expect(parseSignedRequest(request, after(seconds))).toEqual(request)
  for (const seconds of [-day - 1, day + 1])
    expect(parseSignedRequest(request, after(seconds))).toEqual({
      error: expect.stringMatching(
        /^This request was signed at .*, and requests count for a day\. Run the command again/,
      ),
    })
  for (const [field, value] of [
    ['id', 'x'],
    ['at', 'now'],
  ])
    expect(parseSignedRequest({ ...request, [field as string]: value }, after(0))).toEqual({
      error: `Invalid deploy request: check ${field}.`,
    })
})

test('a stage in a list gets a build by hand only once the stages before it have had that build', async () => {
  const deploys = ['staging', 'europe', 'production'].map(stage => ({ ...PLANNED_DEPLOY, stage }))
  const { context, deploy } = await worldOf({
    report: { ...endOf('passed'), jobs: [stateWith(0, { conclusion: 'passed' })] },
  })
  const put = (key: string, value: object) =>
    context.store.put(key, JSON.stringify(value), 'application/json')
  await put(
    buildKeys({ project: PROJECT, number: 1 }).plan,
    planOf(draftWith([draftedJob('build')], { deploys })),
  )
  const deployed = (stage: string, number: number, of: number, status: 'succeeded' | 'failed') => {
    const end = {
      ...{ url: null, startedAt: after(0), endedAt: after(1), cost: null, fence: number },
      status,
    }
    const target = of === number ? null : { stage, of, by: 'ada' }
    return recordDeployment(
      context.store,
      { project: PROJECT, stage },
      deploymentOf(makeBuild({ number, target }), { ...end, reason: null }),
    )
  }
  const refusal = (first: string, stage = 'production') =>
    `Build #1 of ada/web was not deployed to ${first}, which comes before ${stage}. Deploy it there first: lambci deploy ada/web ${first} --build 1`
  expect(await deploy(1, { stage: 'production' })).toEqual({
    refused: 'conflict',
    reason: refusal('staging'),
  })
  await deployed('staging', 1, 1, 'failed')
  expect(await deploy(1, { stage: 'production' })).toEqual({
    refused: 'conflict',
    reason: refusal('staging'),
  })
  await deployed('staging', 5, 1, 'succeeded')
  expect(await deploy(1, { stage: 'production' })).toEqual({ refused: 'conflict', reason: refusal('europe') })
  // Another build of the same commit has other artifacts.
  await deployed('europe', 6, 2, 'succeeded')
  expect(await deploy(1, { stage: 'production' })).toEqual({ refused: 'conflict', reason: refusal('europe') })
  await deployed('europe', 7, 1, 'succeeded')
  expect(await deploy(1, { stage: 'production' })).toHaveProperty('build')
})

test('a stage gets back what it had once, whatever has become of the stages before it', async () => {
  const deploys = ['staging', 'production'].map(stage => ({ ...PLANNED_DEPLOY, stage }))
  const { context, deploy } = await worldOf({
    report: { ...endOf('passed'), jobs: [stateWith(0, { conclusion: 'passed' })] },
  })
  const plan = planOf(draftWith([draftedJob('build')], { deploys }))
  await context.store.put(
    buildKeys({ project: PROJECT, number: 1 }).plan,
    JSON.stringify(plan),
    'application/json',
  )
  const end = { url: null, startedAt: after(0), endedAt: after(1), cost: null, reason: null }
  await recordDeployment(
    context.store,
    { project: PROJECT, stage: 'production' },
    deploymentOf(makeBuild({ number: 1 }), { ...end, status: 'succeeded' }),
  )
  expect(await deploy(1, { stage: 'production' })).toHaveProperty('build')
})

test.each<[string, Partial<DeployRequest>, object]>([
  ['a deploy', { by: 'ada' }, { kind: 'deploy', by: 'ada' }],
  ['a rollback', { by: 'bob', isRollback: true }, { kind: 'rollback', by: 'bob' }],
  ['one that does not say by whom', {}, { kind: 'deploy', by: null }],
])('%s by hand is recorded once as a request', async (_, request, expected) => {
  const { context, deploy } = await worldOf({ report: endOf('passed') })
  await deploy(1, request)
  await deploy(1, { ...request, by: 'somebody-else' })
  const [entry, ...others] = await context.store.list(`${PROJECT}/requests/`)
  expect([entry?.key, others]).toEqual([requestKey(PROJECT, 'deploy-1'), []])
  const stored = await context.store.get(entry?.key ?? '')
  expect(JSON.parse(Buffer.from(stored?.body ?? '').toString())).toEqual({
    ...{ stage: 'dev', at: after(600).toISOString(), build: 1, branches: null },
    ...expected,
  })
})

test('a deploy by hand that is refused leaves no request', async () => {
  const { context, deploy } = await worldOf({ report: endOf('failed') })
  expect(await deploy(1, { by: 'ada' })).toHaveProperty('refused')
  expect(await context.store.list(`${PROJECT}/requests/`)).toEqual([])
})
