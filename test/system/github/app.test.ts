import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GitHub } from '../../../loopback/github/server.ts'
import {
  makeDirectory,
  makeWorkingCopy,
  removeDirectories,
} from '../../../loopback/test/github/working-copy.ts'
import { openApp } from '../../../src/github/app.ts'
import { describeGitHubError, openGitHub } from '../../../src/github/client.ts'
import { type GitHubSecrets, openTokens } from '../../../src/github/tokens.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { startGitHub } from '../../support/small-process.ts'

const TOKEN = 'the-token'
const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const { publicKey, privateKey } = pair()
const pem = (type: 'pkcs1' | 'pkcs8') => String(privateKey.export({ type, format: 'pem' }))
const ID = 4711

let server: GitHub
let commit: string
beforeAll(async () => {
  server = await startGitHub({
    directory: await makeDirectory(),
    token: TOKEN,
    webhook: null,
    app: {
      id: ID,
      slug: 'builder',
      owner: 'ada',
      publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
      permissions: { statuses: 'write', contents: 'read' },
    },
  })
  const copy = await makeWorkingCopy(`${server.url}/ada/web.git`)
  commit = await copy.commit('First')
  await copy.push('master')
  for (const name of ['secret', 'other']) {
    await fetch(`${server.apiUrl}/user/repos`, {
      method: 'POST',
      headers: { authorization: `token ${TOKEN}` },
      body: JSON.stringify({ name, private: true }),
    })
  }
})
afterAll(async () => {
  await server.close()
  await removeDirectories()
})

const status = {
  repository: 'ada/web',
  state: 'success' as const,
  context: 'lambci/push',
  description: 'Passed',
  targetUrl: 'https://ci.example.com/gh/ada/web/builds/7',
}
/** The status of git's first request to read a repository with this token. */
const gitStatus = async (repository: string, token: string) => {
  const authorization = `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
  const url = `${server.url}/${repository}.git/info/refs?service=git-upload-pack`
  return (await fetch(url, { headers: { authorization } })).status
}

describe('an App', () => {
  test.each(['pkcs1', 'pkcs8'] as const)('signs with a %s key and returns its identity', async type => {
    const app = openApp(server.apiUrl, { id: ID, privateKey: pem(type) })
    expect(await app.about()).toMatchObject({
      slug: 'builder',
      owner: 'ada',
      permissions: { statuses: 'write', contents: 'read' },
      events: expect.arrayContaining(['push', 'pull_request']),
    })
    expect(await app.installations()).toEqual([{ account: 'ada', repositories: 'all' }])
  })

  test('its tokens are limited to one repository and the requested permissions', async () => {
    const app = openApp(server.apiUrl, { id: ID, privateKey: pem('pkcs8') })
    const cloning = await app.tokenFor('lambci/secret', { contents: 'read' })
    expect(cloning).toMatch(/^ghs_/)
    expect(cloning.length).toBeGreaterThan(500)
    expect(await gitStatus('lambci/secret', cloning)).toBe(200)
    expect(await gitStatus('lambci/other', cloning)).toBe(404)
    const writing = await app.tokenFor('ada/web', { statuses: 'write' })
    await openGitHub(server.apiUrl, {
      comparing: async () => cloning,
      writing: async () => writing,
      deploying: async () => writing,
    }).setStatus({ ...status, commit })
    const refused = openGitHub(server.apiUrl, {
      comparing: async () => cloning,
      writing: async () => cloning,
      deploying: async () => cloning,
    }).setStatus({ ...status, commit })
    expect(describeGitHubError(await refused.catch(error => error))).toMatch(/^GitHub answered 404/)
    expect(await app.tokenFor('ada/web', { statuses: 'write' })).toBe(writing)
    expect(await app.tokenFor('ada/web', { statuses: 'write' }, { fresh: true })).not.toBe(writing)
  })

  test('on a repository without an installation the error says where to install it', async () => {
    const app = openApp(server.apiUrl, { id: ID, privateKey: pem('pkcs8') })
    const failed = await app.tokenFor('ada/nowhere', { contents: 'read' }).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(UserError)
    expect(describeGitHubError(failed)).toMatch(
      /^GitHub answered 404: The GitHub App builder is not installed on ada\/nowhere: install it there, at http.*\/apps\/builder\/installations\/new\.$/,
    )
  })

  test('a wrong key is refused', async () => {
    const other = String(pair().privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const app = openApp(server.apiUrl, { id: ID, privateKey: other })
    await expect(app.about()).rejects.toMatchObject({ status: 401 })
  })

  test('its webhook can be set', async () => {
    const app = openApp(server.apiUrl, { id: ID, privateKey: pem('pkcs8') })
    await app.setWebhook({ url: 'https://ci.example.com/webhook', secret: 'shared' })
  })
})

test('tokens come from the App, or else from the secrets; a replaced secret takes effect at once', async () => {
  const githubApp = { id: ID, privateKey: pem('pkcs8') }
  let secrets: GitHubSecrets = { githubToken: 'writes', cloneToken: 'reads', githubApp: null }
  const tokens = openTokens(server.apiUrl, async () => secrets)
  expect([await tokens.writing('ada/web'), await tokens.cloning('ada/web')]).toEqual(['writes', 'reads'])
  secrets = { ...secrets, githubApp }
  const [writing, cloning] = [await tokens.writing('ada/web'), await tokens.cloning('lambci/secret')]
  expect(writing).toMatch(/^ghs_/)
  expect(await gitStatus('lambci/secret', cloning ?? '')).toBe(200)
  expect(await gitStatus('ada/web', writing)).toBe(403)
  // Each build gets a new one, because it may wait in the queue.
  expect(await tokens.cloning('lambci/secret')).not.toBe(cloning)
  // A public repository's can read this repository and no other; personal tokens are never used for it.
  const reading = await tokens.readingPublic('ada/web')
  expect(await gitStatus('ada/web', reading ?? '')).toBe(200)
  expect(await gitStatus('lambci/secret', reading ?? '')).toBe(404)
  expect(await tokens.readingPublic('ada/web')).toBe(reading)
  expect(await tokens.readingPublic('ada/nowhere')).toBeNull()
  secrets = { githubToken: 'writes', cloneToken: 'reads', githubApp: null }
  expect(await tokens.readingPublic('ada/web')).toBeNull()
  secrets = { githubToken: null, cloneToken: null, githubApp: null }
  await expect(tokens.writing('ada/web')).rejects.toThrow(
    /neither a GitHub token nor an App: run "lambci setup"/,
  )
  expect(await tokens.cloning('ada/web')).toBeNull()
})

test('a token for a public repository is not waited for if GitHub is silent', async () => {
  const silent = createServer(() => {})
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  const { port } = silent.address() as AddressInfo
  const githubApp = { id: ID, privateKey: pem('pkcs8') }
  const secrets = async () => ({ githubToken: null, cloneToken: null, githubApp })
  const tokens = openTokens(`http://127.0.0.1:${port}`, secrets, { publicTimeoutMs: 50 })
  expect(await tokens.readingPublic('ada/web')).toBeNull()
  silent.closeAllConnections()
  silent.close()
})
