import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApp } from '../../../src/github/app.ts'
import { runnerSecretsKey } from '../../../src/records/keys.ts'
import { putJson, readJson } from '../../support/bucket.ts'
import { openTestSystem, type TestSystem } from '../../support/test-system.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const githubApp = { id: 4711, privateKey: String(privateKey.export({ type: 'pkcs1', format: 'pem' })) }
let ci: TestSystem
let owner: string
beforeAll(async () => {
  ci = await openTestSystem({
    concurrency: 1,
    app: {
      ...{ id: githubApp.id, slug: 'builder', owner: 'you' },
      publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
      permissions: { statuses: 'write', contents: 'read', checks: 'write' },
    },
  })
  const secrets = (await readJson(ci.system.store, runnerSecretsKey)) as object
  const only = { ...secrets, githubToken: null, cloneToken: null, githubApp }
  await putJson(ci.system.store, runnerSecretsKey, only)
  const { url, githubApi, webhookSecret } = ci.system.addresses
  await openApp(githubApi, githubApp).setWebhook({ url: `${url}/webhook`, secret: webhookSecret })
  owner = (await ci.api('GET', '/user')).login
})
afterAll(() => ci.close())

type Run = {
  id: number
  name: string
  external_id: string
  conclusion: string | null
  details_url: string
  output: { title: string; summary: string; annotations_count: number }
}

const runsOf = async (repository: string, commit: string): Promise<Run[]> =>
  (await ci.api('GET', `/repos/${repository}/commits/${commit}/check-runs`)).check_runs

/** Presses a button, or "Re-run", as this person. Returns how the webhook has answered. */
async function press(repository: string, { id }: Run, button: string, login = owner) {
  const { githubApi, githubToken } = ci.system.addresses
  const authorization = `Basic ${Buffer.from(`${login}:${githubToken}`).toString('base64')}`
  const path = `/repos/${repository}/hooks/0/deliveries`
  const before = (await ci.api('GET', path)).length
  const pressed = await fetch(`${githubApi}/repos/${repository}/check-runs/${id}/${button}`, {
    method: 'POST',
    headers: { authorization },
  })
  expect(pressed.ok).toBe(true)
  const [delivery] = await ci.until('the delivery of the button', async () => {
    const all = await ci.api('GET', path)
    return all.length > before && all
  })
  const { response } = await ci.api('GET', `${path}/${delivery.id}`)
  return { status: delivery.status_code, body: JSON.parse(response.payload) }
}

const FILES = {
  '.lambci.json': JSON.stringify({
    branches: { '/.*/': true },
    jobs: {
      lint: 'true',
      unit: { cmd: 'mkdir -p r; cp fixture.xml r/junit.xml; exit 1', tests: ['r/*.xml'] },
    },
  }),
  'test/cart.test.js': 'throw new Error()\n',
  'fixture.xml': `<testsuite name="cart"><testcase name="is empty" classname="cart"/>
    <testcase name="multiplies @everybody &lt;b&gt;" classname="cart">
      <failure>Error: 5 is not 6\n    at test/cart.test.js:1:7</failure></testcase></testsuite>`,
}

test('an App with the permission makes a check run with annotations and buttons, and no status; who may write can press them', async () => {
  const repository = `${owner}/shop`
  const commit = await ci.push(await ci.write(FILES), repository, 'master')
  const project = `gh/${repository}`
  const first = await ci.ended({ project, number: 1 })
  expect(first).toMatchObject({ status: 'failed', trust: 'protected' })
  expect(await ci.statuses(repository, commit)).toEqual([])
  const [run, ...others] = await runsOf(repository, commit)
  expect(others).toEqual([])
  if (!run) throw new Error('There is no check run')
  expect(run).toMatchObject({
    ...{ name: 'lambci/push', conclusion: 'failure', external_id: `${project}#1` },
    details_url: `${ci.system.addresses.url}/${project}/builds/1`,
    output: {
      title: expect.stringMatching(/^1 of 2 jobs failed: unit \(1 of 2 tests failed: cart › multiplies/),
    },
  })
  expect(run.output.summary).toContain('multiplies &#64;everybody &#60;b&#62;')
  expect(run.output.summary).toMatch(/jobs&#47;0"><code>lint<\/code><\/a> \| passed/)
  expect(await ci.api('GET', `/repos/${repository}/check-runs/${run.id}/annotations`)).toEqual([
    expect.objectContaining({
      ...{ path: 'test/cart.test.js', start_line: 1, annotation_level: 'failure' },
      title: 'unit: cart › multiplies @everybody <b>',
    }),
  ])

  const refused = await press(repository, run, 'buttons/rerun-failed', 'mallory')
  expect(refused).toMatchObject({
    status: 403,
    body: { error: expect.stringMatching(/^mallory may not write/) },
  })
  expect(await press(repository, run, 'buttons/rerun-failed')).toMatchObject({
    ...{ status: 202, body: { project, number: 2, retryOf: 1 } },
  })
  const second = await ci.ended({ project, number: 2 })
  expect(second.jobs.map(({ title, passedIn }) => [title, passedIn])).toEqual([
    ['lint', 1],
    ['unit', null],
  ])
  const [again] = await runsOf(repository, commit)
  expect(again).toMatchObject({
    conclusion: 'failure',
    external_id: `${project}#2`,
    output: { annotations_count: 1 },
  })
  expect(again?.id).toBeGreaterThan(run.id)
  // The first button, pressed again, starts one more.
  expect(await press(repository, run, 'buttons/rerun-failed')).toMatchObject({
    ...{ status: 202, body: { number: 3 } },
  })
  await ci.ended({ project, number: 3 })
  expect(await press(repository, run, 'rerequest')).toMatchObject({ status: 202, body: { number: 4 } })
  expect(await ci.ended({ project, number: 4 })).toMatchObject({ rebuildOf: 1, retryOf: null })
  expect(await ci.statuses(repository, commit)).toEqual([])
})
