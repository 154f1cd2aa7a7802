import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { organizationSecret, repositorySecret } from '../../../src/github/hook-secrets.ts'
import { lambci } from '../../support/lambci.ts'
import { headersOf, pushPayload } from '../../support/payloads.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

// Mallory is the admin of mallory/tools alone. She sees what its webhook has delivered, with the signatures, and its secret.
let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const PROJECT = 'gh/victim/prod'
const master = 'refs/heads/master'
let victim: { id: number; full_name: string }
let own: { id: number; full_name: string }
let commit: string

async function send(body: string, headers: Record<string, string>) {
  const answer = await fetch(`${ci.system.addresses.url}/webhook`, { method: 'POST', body, headers })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
const idOf = async (name: string) => ({ id: (await ci.api('GET', `/repos/${name}`)).id, full_name: name })
const forged = (repository: object) => ({ ...pushPayload({ ref: master, after: commit }), repository })
const pushBy = (secret: string, repository: object) => {
  const body = JSON.stringify(forged({ ...repository, private: false }))
  return send(body, headersOf('push', body, secret))
}

beforeAll(async () => {
  const at = await ci.write(lambciJson('true'))
  commit = await ci.push(at, 'victim/prod', 'master')
  await ci.ended({ project: PROJECT, number: 1 })
  victim = await idOf('victim/prod')
})

test('a delivery that GitHub has signed is nothing else, whatever headers it is sent with', async () => {
  const wanted = JSON.stringify(forged({ ...victim, private: false }))
  const at = await ci.write(lambciJson('true'))
  const message = `tools&payload=${encodeURIComponent(wanted)}&x`
  await ci.push(at, 'mallory/tools', 'topic', {}, message)
  await ci.ended({ project: 'gh/mallory/tools', number: 1 })
  own = await idOf('mallory/tools')
  const path = '/repos/mallory/tools/hooks/1/deliveries'
  const [{ id }] = await ci.api('GET', path)
  const { request } = await ci.api('GET', `${path}/${id}`)
  const body = JSON.stringify(request.payload)
  const headers: Record<string, string> = { ...request.headers, 'X-GitHub-Delivery': randomUUID() }
  const form = { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' }
  // A push of mallory/tools that was built before: it is a redelivery of that.
  for (const replayed of [headers, form]) {
    const again = await send(body, { ...replayed, 'X-GitHub-Delivery': randomUUID() })
    const { project, number } = again.body as { project: string; number: number }
    expect([again.status, project]).toEqual([202, 'gh/mallory/tools'])
    expect(await ci.ended({ project, number })).toMatchObject({
      commit: request.payload.after,
      rebuildOf: number - 1,
    })
  }
  for (const event of ['pull_request', 'merge_group', 'ping'])
    expect(await send(body, { ...form, 'X-GitHub-Event': event })).toMatchObject({ status: 400 })
  for (const event of ['lambci_rebuild', 'lambci_deploy'])
    expect(await send(body, { ...form, 'X-GitHub-Event': event })).toMatchObject({ status: 401 })
  const [part = ''] = /payload=[^&]*/.exec(body) ?? []
  expect(await send(part, form)).toMatchObject({ status: 401 })
  expect(await ci.view({ project: PROJECT, number: 2 })).toBeNull()
})

test("the secret of a repository's webhook signs for that repository alone", async () => {
  const { webhookSecret } = ci.system.keys
  const secret = repositorySecret(webhookSecret, own.id)
  // GitHub's webhook of mallory/tools has this secret: its deliveries above have been accepted.
  expect(await pushBy(secret, own)).toMatchObject({ status: 202 })
  expect(await pushBy(secret, victim)).toMatchObject({ status: 401 })
  expect(await pushBy(secret, { ...own, full_name: victim.full_name })).toMatchObject({
    status: 409,
    body: {
      error: expect.stringMatching(/^victim\/prod has the id \d+ on GitHub, and this delivery is signed for/),
    },
  })
  const organization = organizationSecret(webhookSecret, 'Mallory')
  expect(await pushBy(organization, victim)).toMatchObject({ status: 401 })
  expect(await pushBy(organization, { ...victim, full_name: own.full_name })).toMatchObject({ status: 409 })
  // What all of these are derived from is no secret of a webhook.
  expect(await pushBy(webhookSecret, victim)).toMatchObject({
    status: 401,
    body: { error: expect.stringMatching(/still has the one secret of the stack.*"lambci hook add/) },
  })
  expect(await ci.view({ project: PROJECT, number: 2 })).toBeNull()
})

/** A repository that was built, and its secret, which a former admin knows. */
async function builtBefore(name: string) {
  const at = await ci.write(lambciJson('true'))
  await ci.push(at, name, 'master')
  await ci.ended({ project: `gh/${name}`, number: 1 })
  const repository = await idOf(name)
  const secret = repositorySecret(ci.system.keys.webhookSecret, repository.id)
  /** Sends a new delivery under that name. */
  const push = (by = secret) => pushBy(by, { ...repository, description: randomUUID() })
  expect(await push()).toMatchObject({ status: 202, body: { number: 2 } })
  return { push, isBuilt: async () => (await ci.view({ project: `gh/${name}`, number: 3 })) !== null }
}

test('a name that another repository has taken is not built for who signs for the one that had it', async () => {
  const { push, isBuilt } = await builtBefore('mallory/app')
  await ci.api('PATCH', '/repos/mallory/app', { name: 'moved' })
  expect(await push()).toEqual({
    status: 409,
    body: {
      error:
        'mallory/app is mallory/moved on GitHub now: only deliveries that call it so are built. Push again.',
    },
  })
  await ci.api('POST', '/orgs/mallory/repos', { name: 'app', private: true })
  expect(await push()).toMatchObject({
    status: 409,
    body: { error: expect.stringMatching(/^mallory\/app has the id \d+ on GitHub/) },
  })
  expect(await isBuilt()).toBe(false)
})

test('a repository that was given away is not built under its former name', async () => {
  const { push, isBuilt } = await builtBefore('mallory/gift')
  await ci.api('POST', '/repos/mallory/gift/transfer', { new_owner: 'eve' })
  for (const secret of [undefined, organizationSecret(ci.system.keys.webhookSecret, 'mallory')])
    expect(await push(secret)).toMatchObject({
      status: 409,
      body: { error: expect.stringContaining('mallory/gift is eve/gift on GitHub now') },
    })
  expect(await isBuilt()).toBe(false)
})

test('lambci hook list names the repositories, and whether the one secret counts', async () => {
  const { stdout } = await lambci(['hook', 'list', '--data', `${ci.directory}/data`])
  expect(stdout).toMatch(/^REPOSITORY +SECRET\n(.*\n)*mallory\/tools +its own\n/)
  expect(stdout).toMatch(/\nWebhooks with the one secret of the stack are refused\.$/)
})
