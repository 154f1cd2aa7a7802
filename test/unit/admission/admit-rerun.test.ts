import { createHmac, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { admitRebuild } from '../../../src/admission/admit-again.ts'
import type { RerunQueries } from '../../../src/admission/admit-rerun.ts'
import { mayRetry } from '../../../src/admission/may-retry.ts'
import { appSecret, repositorySecret } from '../../../src/github/hook-secrets.ts'
import { buildOfCheckId, checkIdOf } from '../../../src/model/check-id.ts'
import { type ReceiveContext, receiveDelivery } from '../../../src/receive-delivery.ts'
import { raiseCounter } from '../../../src/records/counter.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { readBuild } from '../../../src/records/read-records.ts'
import { type Records, viewOf } from '../../../src/records/view.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { examplesOf } from '../../support/payloads.ts'
import {
  AT,
  after,
  endedRun,
  grantIssuerOf,
  JOB_STATES,
  makeBuild,
  RUNNER_SECRETS,
  recordsWithJobs,
  reportOf,
  runKey,
  unknownToGit,
} from '../../support/records.ts'

const PROJECT = 'gh/ada/web'
const ROOT = 'the-root-of-all-secrets'
const APP = 4711
const WEB = { id: 21, full_name: 'ada/web' }
const COMMIT = 'a'.repeat(40)

type Change = { action?: string; check?: object; button?: string | null; repository?: object; login?: string }

/** GitHub's own example of a button that was pressed, with the check run of build #1 of ada/web. */
function checkRun({
  action = 'requested_action',
  check = {},
  button = 'rerun-all',
  repository = WEB,
  login = 'grace',
}: Change = {}) {
  const example = examplesOf<{ action: string; check_run: object; repository: object; sender: object }>(
    'check_run',
  ).find(each => each.action === 'requested_action')
  if (!example) throw new Error('There is no example')
  return {
    ...example,
    action,
    check_run: {
      ...example.check_run,
      external_id: 'gh/ada/web#1',
      head_sha: COMMIT,
      app: { id: APP },
      ...check,
    },
    requested_action: button === null ? undefined : { identifier: button },
    repository: { ...example.repository, ...repository },
    sender: { ...example.sender, login },
  }
}
function checkSuite(suite: object = {}) {
  const [example] = examplesOf<{ check_suite: object; repository: object; sender: object }>('check_suite')
  return {
    ...example,
    action: 'rerequested',
    check_suite: { ...example?.check_suite, id: 5, head_sha: COMMIT, app: { id: APP }, ...suite },
    repository: { ...example?.repository, ...WEB },
    sender: { ...example?.sender, login: 'grace' },
  }
}

const ENDED = { end: { conclusion: 'failed', reason: 'no', deploy: null, endedAt: AT } } as const

/** A repository whose build #1 has failed, and into which only Grace may write. */
async function openWorld(change: { queries?: Partial<RerunQueries>; app?: number | null } = {}) {
  const store = openMemoryStore()
  const put = (key: string, value: object) => store.put(key, JSON.stringify(value), 'application/json')
  await put('config/global.json', { allow: ['ada', 'eve'] })
  const add = async (build: ReturnType<typeof makeBuild>) => {
    await put(buildKeys(build).build, build)
    await put(
      runKey(build, { phase: 'ended' }),
      endedRun({ conclusion: 'failed', exit: { kind: 'exited', code: 1 } }),
    )
    await put(buildKeys(build).report, reportOf(ENDED))
    await raiseCounter(store, build.project, build.number)
  }
  await add(makeBuild({ number: 1, repositoryId: WEB.id, commit: COMMIT }))
  const questions: string[] = []
  const published: number[] = []
  const { app = APP } = change
  const context: ReceiveContext = {
    ...{ store, compare: unknownToGit, now: () => after(600), baseUrl: 'https://ci.example.com' },
    ...{ grantIssuer: grantIssuerOf(null), invokeReport: async () => {}, findOnGitHub: async () => null },
    publish: async ({ build }) => void published.push(build.number),
    deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
    secrets: async () => ({
      ...RUNNER_SECRETS,
      ...{ webhookSecrets: [ROOT], githubApp: app === null ? null : { id: app, privateKey: 'x' } },
    }),
    queries: {
      mayWrite: async ({ id }, login) => {
        questions.push(`${login} ${id}`)
        return login === 'grace' && id === WEB.id
      },
      idsInSuite: async () => ['gh/ada/web#1', 'gh/ada/web#2', 'gh/ada/web#3'],
      ...change.queries,
    },
  }
  const send = (payload: object, { event = 'check_run', secret = appSecret(ROOT) } = {}) => {
    const body = JSON.stringify(payload)
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
    return receiveDelivery({ event, id: randomUUID(), signature, body }, context)
  }
  return { store, context, add, send, questions, published }
}

test('who may write runs a build again by its button, by "Re-run", and by "Re-run all checks"', async () => {
  for (const change of [{}, { action: 'rerequested', button: null }]) {
    const { store, send, questions } = await openWorld()
    expect(await send(checkRun(change))).toMatchObject({ status: 202, body: { project: PROJECT, number: 2 } })
    expect(questions).toEqual(['grace 21'])
    expect(await readBuild(store, { project: PROJECT, number: 2 })).toMatchObject({
      ...{ rebuildOf: 1, retryOf: null, commit: COMMIT, event: 'push', trigger: 'push/master' },
    })
  }
  const { add, send, published } = await openWorld()
  await add(makeBuild({ number: 2, repositoryId: WEB.id, commit: COMMIT }))
  expect(await send(checkSuite(), { event: 'check_suite' })).toMatchObject({
    status: 202,
    body: { reruns: [{ number: 3 }, { number: 4 }] },
  })
  expect(published).toEqual([3, 4])
})

test('"Re-run failed" is a retry, with the same refusals', async () => {
  const { send, published } = await openWorld()
  expect(await send(checkRun({ button: 'rerun-failed' }))).toEqual({
    ...{
      status: 409,
      body: { error: expect.stringMatching(/^Build #1 of ada\/web has no plan of several jobs/) },
    },
  })
  expect(published).toEqual([])
})

test('a delivery that is sent again is the same build; after its end it starts another one, ten at most', async () => {
  const { store, send, published } = await openWorld()
  for (let sent = 0; sent < 3; sent++) expect(await send(checkRun())).toMatchObject({ body: { number: 2 } })
  const end = (number: number) =>
    store.put(
      buildKeys({ project: PROJECT, number }).report,
      JSON.stringify(reportOf(ENDED)),
      'application/json',
    )
  for (let number = 2; number <= 30; number++) {
    await end(number)
    await send(checkRun())
  }
  expect(published).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  expect(await send(checkRun())).toMatchObject({
    status: 409,
    body: { error: expect.stringMatching(/10 builds/) },
  })
})

test('a request of the command line is one build for ever', async () => {
  const { store, context } = await openWorld()
  const again = () =>
    admitRebuild(
      'a-request',
      { project: PROJECT, number: 1 },
      { ...context, linkKey: RUNNER_SECRETS.linkKey },
    )
  expect(await again()).toMatchObject({ build: { number: 2 } })
  const ended = buildKeys({ project: PROJECT, number: 2 }).report
  await store.put(ended, JSON.stringify(reportOf(ENDED)), 'application/json')
  expect(await again()).toMatchObject({ build: { number: 2 } })
})

test.each<[string, number, RegExp, object, { secret?: string }?]>([
  [
    'of the check run of another App',
    403,
    /App 666, and not of this stack's/,
    checkRun({ check: { app: { id: 666 } } }),
  ],
  [
    'that a secret of the repository has signed',
    403,
    /only in deliveries of the App's own webhook/,
    checkRun(),
    { secret: repositorySecret(ROOT, WEB.id) },
  ],
  [
    'that the one secret of the stack has signed',
    403,
    /only in deliveries of the App's own webhook/,
    checkRun(),
    { secret: ROOT },
  ],
  ['that nobody has signed', 401, /The signature does not match/, checkRun(), { secret: 'guessed' }],
  [
    'by somebody who may only read',
    403,
    /^mallory may not write to ada\/web/,
    checkRun({ login: 'mallory' }),
  ],
  [
    'by somebody who may write to another repository',
    403,
    /^grace may not write to eve\/tools/,
    checkRun({ repository: { id: 66, full_name: 'eve/tools' } }),
  ],
  [
    'of the build of another repository',
    409,
    /another repository or commit/,
    checkRun({ check: { external_id: 'gh/eve/tools#1' } }),
  ],
  [
    'of a build of another commit',
    409,
    /another repository or commit/,
    checkRun({ check: { head_sha: 'b'.repeat(40) } }),
  ],
  ['of no build', 404, /names no build/, checkRun({ check: { external_id: 'gh/ada/web#99' } })],
  ['of a path', 404, /names no build/, checkRun({ check: { external_id: '../../secrets/runner#1' } })],
  ['of nothing', 404, /names no build/, checkRun({ check: { external_id: null } })],
  ['by a name that is none', 400, /malformed at "sender.login"/, checkRun({ login: '../../user' })],
])('a button %s starts nothing: %i', async (_, status, error, payload, how) => {
  const { add, send, published, store } = await openWorld()
  await add(makeBuild({ project: 'gh/eve/tools', number: 1, repositoryId: 66, commit: COMMIT }))
  const keys = (await store.list('')).length
  expect(await send(payload, how)).toEqual({ status, body: { error: expect.stringMatching(error) } })
  expect([published, (await store.list('')).length]).toEqual([[], keys])
})

test('without an App, no check run is its own', async () => {
  const { send, questions } = await openWorld({ app: null })
  expect(await send(checkRun())).toMatchObject({ status: 403 })
  expect(questions).toEqual([])
})

test('if GitHub does not say who may write, or which check runs there are, nothing is run again', async () => {
  const silent = () => Promise.reject(new Error('GitHub is down'))
  const first = await openWorld({ queries: { mayWrite: silent } })
  expect(await first.send(checkRun())).toEqual({
    ...{
      status: 409,
      body: {
        error:
          'GitHub did not say whether grace may write to ada/web, so nothing was run again. Press the button again.',
      },
    },
  })
  const second = await openWorld({ queries: { idsInSuite: silent } })
  expect(await second.send(checkSuite(), { event: 'check_suite' })).toMatchObject({ status: 409 })
  expect([first.published, second.published]).toEqual([[], []])
})

test.each(['created', 'completed', 'requested_action'])(
  'a check run that was %s is none of its buttons',
  async action => {
    const { send, questions } = await openWorld()
    expect(await send(checkRun({ action, button: 'of-another-app' }))).toMatchObject({
      ...{ status: 200, body: { ignored: expect.stringContaining(`The check_run was ${action}`) } },
    })
    expect(questions).toEqual([])
  },
)

test('a build that only deploys is not run again by a button, and no button deploys', async () => {
  const { add, send, published } = await openWorld()
  const target = { stage: 'production', of: 1, by: null }
  await add(
    makeBuild({
      number: 2,
      repositoryId: WEB.id,
      commit: COMMIT,
      event: 'deploy',
      trigger: 'deploy/production',
      target,
    }),
  )
  expect(await send(checkRun({ check: { external_id: 'gh/ada/web#2' } }))).toMatchObject({
    ...{ status: 403, body: { error: expect.stringContaining('only deploys') } },
  })
  expect(published).toEqual([])
})

test.each([
  'gh/ada/web',
  '#1',
  'gh/ada/web#0',
  'gh/ada/web#1#2',
  'gh/Ada/Web#1',
  'gh/ada/..#1',
  `gh/ada/${'w'.repeat(300)}#1`,
  'gh/ada/web#12345678901',
])('%j names no build', id => {
  expect(buildOfCheckId(id)).toBeNull()
})

test('what a check run is about is found again', () => {
  for (const project of ['gh/ada/web', 'gh/ada/web@4711'])
    expect(buildOfCheckId(checkIdOf({ project, number: 12 }))).toEqual({ project, number: 12 })
})

test('there is a button for what failed only where a retry would be accepted', async () => {
  const store = openMemoryStore()
  await store.put('config/global.json', JSON.stringify({ allow: ['ada'] }), 'application/json')
  const may = async (records: Records & { plan: object }) => {
    await store.put(buildKeys(records.build).build, JSON.stringify(records.build), 'application/json')
    await store.put(buildKeys(records.build).plan, JSON.stringify(records.plan), 'application/json')
    return mayRetry(store, viewOf(records))
  }
  const jobs = [{ name: 'lint' }, { name: 'unit', state: JOB_STATES.failed }]
  const end = { conclusion: 'failed', reason: 'no', deploy: null, endedAt: AT } as const
  expect(await may(recordsWithJobs(jobs, { report: { end } }))).toBe(true)
  // The trust of its branch is another one by now.
  expect(await may(recordsWithJobs(jobs, { build: { trust: 'branch' }, report: { end } }))).toBe(false)
  // Nothing has failed.
  expect(
    await may(recordsWithJobs([{ name: 'lint' }], { report: { end: { ...end, conclusion: 'passed' } } })),
  ).toBe(false)
  // Too many builds would be referred to.
  const taken = [1, 2, 3, 4].map(build => ({
    name: `job-${build}`,
    passedIn: { build, key: 0, attempt: 1, startedAt: AT, endedAt: AT },
  }))
  expect(await may(recordsWithJobs([...taken, jobs[1] ?? {}], { report: { end } }))).toBe(false)
  expect(await mayRetry(store, { ...viewOf(recordsWithJobs(jobs, { report: { end } })), number: 99 })).toBe(
    false,
  )
})
