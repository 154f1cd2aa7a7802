import { generateKeyPairSync } from 'node:crypto'
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApp } from '../../../src/github/app.ts'
import { startGitHub } from '../../../test/support/small-process.ts'
import type { GitHub } from '../../github/server.ts'
import { payloadErrors } from './payload-schema.ts'
import { type Receiver, receiveWebhooks } from './webhook-receiver.ts'
import { makeDirectory, makeWorkingCopy, removeDirectories } from './working-copy.ts'

const TOKEN = 'the-token'
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const keys = { id: 4711, privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) }
const at = { owner: 'acme', repo: 'site' }

let receiver: Receiver
let github: GitHub
let commit: string
/** As the App, and as a person. */
let checks: Octokit['rest']['checks']
let person: Octokit
beforeAll(async () => {
  receiver = await receiveWebhooks()
  github = await startGitHub({
    ...{ directory: await makeDirectory(), token: TOKEN, webhook: null },
    app: {
      ...{ id: keys.id, slug: 'builder', owner: 'acme' },
      publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
      permissions: { checks: 'write', contents: 'read', statuses: 'write' },
    },
  })
  const copy = await makeWorkingCopy(`${github.url}/acme/site.git`)
  commit = await copy.commit('First')
  await copy.push('master')
  const app = openApp(github.apiUrl, keys)
  await app.setWebhook({ url: receiver.url, secret: receiver.secret })
  checks = connect(await app.tokenFor('acme/site', { checks: 'write' })).rest.checks
  person = connect(TOKEN)
})
afterAll(async () => {
  await Promise.all([github.close(), receiver.close()])
  await removeDirectories()
})

const connect = (auth: string) =>
  new Octokit({ auth, baseUrl: github.apiUrl, log: { debug() {}, info() {}, warn() {}, error() {} } })
const statusOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: { status?: number }) => error.status,
  )
const annotation = (line = 1) => ({
  ...{ path: 'a.js', start_line: line, end_line: line, annotation_level: 'failure' as const, message: 'no' },
})
const action = { label: 'x'.repeat(20), description: 'x'.repeat(40), identifier: 'x'.repeat(20) }
const create = (change: object = {}) =>
  checks.create({ ...at, name: 'ci', head_sha: commit, status: 'in_progress', ...change })

test('a run is created, changed and read; annotations are added, and the newest of a name is shown', async () => {
  const { data: old } = await create({ external_id: 'old' })
  const { data: run } = await create({ external_id: 'new' })
  const output = {
    title: 'x'.repeat(255),
    summary: 's',
    annotations: Array.from({ length: 50 }, (_, n) => annotation(n + 1)),
  }
  await checks.update({ ...at, check_run_id: run.id, output, actions: [action, action, action] })
  await checks.update({ ...at, check_run_id: run.id, conclusion: 'failure', output })
  const { data } = await checks.get({ ...at, check_run_id: run.id })
  expect(data).toMatchObject({
    status: 'completed',
    conclusion: 'failure',
    output: { annotations_count: 100 },
  })
  expect(data.completed_at).not.toBeNull()
  const latest = await checks.listForRef({ ...at, ref: commit, check_name: 'ci', app_id: keys.id })
  expect(latest.data.check_runs.map(({ external_id }) => external_id)).toEqual(['new'])
  const all = await checks.listForRef({ ...at, ref: 'master', filter: 'all' })
  expect(all.data.check_runs.map(({ id }) => id)).toEqual(expect.arrayContaining([old.id, run.id]))
  expect((await checks.listForRef({ ...at, ref: commit, app_id: 1 })).data.total_count).toBe(0)
  const listed = await checks.listAnnotations({ ...at, check_run_id: run.id, per_page: 3 })
  expect(listed.data.map(({ start_line }) => start_line)).toEqual([1, 2, 3])
})

test.each<[string, object]>([
  ['a title of 256 characters', { output: { title: 'x'.repeat(256), summary: 's' } }],
  ['a summary of 65,536', { output: { title: 't', summary: 'x'.repeat(65_536) } }],
  ['no summary', { output: { title: 't' } }],
  ['51 annotations', { output: { title: 't', summary: 's', annotations: Array(51).fill(annotation()) } }],
  ['a line 0', { output: { title: 't', summary: 's', annotations: [annotation(0)] } }],
  [
    'a path that is empty',
    { output: { title: 't', summary: 's', annotations: [{ ...annotation(), path: '' }] } },
  ],
  [
    'a message that is empty',
    { output: { title: 't', summary: 's', annotations: [{ ...annotation(), message: '' }] } },
  ],
  ['four actions', { actions: Array(4).fill(action) }],
  ['a label of 21', { actions: [{ ...action, label: 'x'.repeat(21) }] }],
  ['a description of 41', { actions: [{ ...action, description: 'x'.repeat(41) }] }],
  ['an identifier of 21', { actions: [{ ...action, identifier: 'x'.repeat(21) }] }],
  ['a conclusion that is none', { conclusion: 'green' }],
  ['an end without a conclusion', { status: 'completed' }],
  ['a commit that does not exist', { head_sha: 'f'.repeat(40) }],
])('%s is refused', async (_, change) => {
  expect(await statusOf(create(change))).toBe(422)
})

test('only an App with the permission writes; everybody with access reads', async () => {
  const wanted = { ...at, name: 'ci', head_sha: commit }
  expect(await statusOf(person.rest.checks.create(wanted))).toBe(403)
  const app = openApp(github.apiUrl, keys)
  const limited = connect(await app.tokenFor('acme/site', { statuses: 'write' }))
  const refused = await limited.rest.checks.create(wanted).catch((error: Error) => error)
  expect(refused).toMatchObject({
    status: 403,
    message: expect.stringContaining('not accessible by integration'),
  })
  const reading = connect(await app.tokenFor('acme/site', { checks: 'read' }))
  expect(await statusOf(reading.rest.checks.create(wanted))).toBe(403)
  expect(await statusOf(reading.rest.checks.listForRef({ ...at, ref: commit }))).toBe('no error')
  expect(await statusOf(person.rest.checks.listForRef({ ...at, ref: commit }))).toBe('no error')
})

describe('the App receives', () => {
  test('what GitHub sends when a run is created and completed, when a button is pressed, and when it is requested again', async () => {
    const { data: run } = await create({ name: 'events', conclusion: 'failure', actions: [action] })
    const event = (name: string, act: string) =>
      receiver.event(
        ({ name: each, payload }) =>
          each === name && payload.action === act && (payload.check_run?.id ?? run.id) === run.id,
      )
    for (const each of ['created', 'completed'] as const)
      expect(payloadErrors(`check_run$${each}`, (await event('check_run', each)).payload)).toEqual([])
    const press = (identifier: string) =>
      statusOf(person.request(`POST /repos/acme/site/check-runs/${run.id}/buttons/${identifier}`))
    expect(await press('another')).toBe(404)
    expect(await press(action.identifier)).toBe('no error')
    const { payload, headers } = await event('check_run', 'requested_action')
    expect(payloadErrors('check_run$requested_action', payload)).toEqual([])
    expect(payload).toMatchObject({
      ...{ requested_action: { identifier: action.identifier }, sender: { login: 'lambci' } },
      check_run: { id: run.id, app: { id: keys.id }, head_sha: commit },
    })
    expect(headers['x-github-hook-id']).toBe('0')
    await checks.rerequestRun({ ...at, check_run_id: run.id })
    expect(payloadErrors('check_run$rerequested', (await event('check_run', 'rerequested')).payload)).toEqual(
      [],
    )
    expect((await checks.get({ ...at, check_run_id: run.id })).data).toMatchObject({ conclusion: 'failure' })
    const reopened = checks.update({ ...at, check_run_id: run.id, status: 'in_progress' })
    expect(await statusOf(reopened)).toBe(501)
    const suite = run.check_suite?.id ?? 0
    await checks.rerequestSuite({ ...at, check_suite_id: suite })
    const rerequested = await event('check_suite', 'rerequested')
    expect(payloadErrors('check_suite$rerequested', rerequested.payload)).toEqual([])
    expect(rerequested.payload.check_suite.id).toBe(suite)
    const inSuite = await checks.listForSuite({ ...at, check_suite_id: suite })
    expect(inSuite.data.check_runs.map(({ name }) => name)).toContain('events')
  })
})

test('who may do what in a repository', async () => {
  const { repos } = person.rest
  const permissionOf = async (username: string) =>
    (await repos.getCollaboratorPermissionLevel({ ...at, username })).data
  expect(await permissionOf('acme')).toMatchObject({ permission: 'admin' })
  expect(await permissionOf('anybody')).toMatchObject({ permission: 'read' })
  await repos.addCollaborator({ ...at, username: 'grace', permission: 'maintain' })
  expect(await permissionOf('Grace')).toMatchObject({ permission: 'write', role_name: 'maintain' })
  await repos.addCollaborator({ ...at, username: 'grace', permission: 'triage' })
  expect(await permissionOf('grace')).toMatchObject({ permission: 'read', role_name: 'triage' })
  await repos.removeCollaborator({ ...at, username: 'grace' })
  expect(await permissionOf('grace')).toMatchObject({ permission: 'read', role_name: 'read' })
  await repos.update({ ...at, private: true })
  expect(await permissionOf('grace')).toMatchObject({ permission: 'none' })
  const app = openApp(github.apiUrl, keys)
  const reading = connect(await app.tokenFor('acme/site', { metadata: 'read' }))
  expect(await statusOf(reading.rest.repos.getCollaboratorPermissionLevel({ ...at, username: 'acme' }))).toBe(
    'no error',
  )
  const nobody = new Octokit({
    baseUrl: github.apiUrl,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
  expect(await statusOf(nobody.rest.repos.getCollaboratorPermissionLevel({ ...at, username: 'acme' }))).toBe(
    401,
  )
})
