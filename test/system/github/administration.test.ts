import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GitHub } from '../../../loopback/github/server.ts'
import {
  makeDirectory,
  makeWorkingCopy,
  removeDirectories,
} from '../../../loopback/test/github/working-copy.ts'
import { openAdministration } from '../../../src/github/administration.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { startGitHub } from '../../support/small-process.ts'

const TOKEN = 'the-token'
const config = { url: 'https://ci.example.com/webhook', secret: 'shared', events: ['push', 'pull_request'] }
let server: GitHub
beforeAll(async () => {
  server = await startGitHub({
    directory: await makeDirectory(),
    token: TOKEN,
    cloneToken: 'reads',
    webhook: null,
  })
  const copy = await makeWorkingCopy(`${server.url}/ada/web.git`)
  await copy.commit('First')
  await copy.push('master')
})
afterAll(async () => {
  await server.close()
  await removeDirectories()
})

test('the owner of a token, its scopes and its permissions', async () => {
  const github = openAdministration(server.apiUrl, TOKEN)
  expect(await github.identity()).toEqual({ login: 'lambci', scopes: ['admin:repo_hook', 'repo'] })
  expect(await github.repository('ada/web')).toEqual({
    id: expect.any(Number),
    isPrivate: false,
    isAdmin: true,
    mayPush: true,
  })
  expect(await github.repository('ada/nowhere')).toBeNull()
})

test('a hook is created, updated and deleted', async () => {
  const github = openAdministration(server.apiUrl, TOKEN)
  const added = await github.putHook('ada/web', config)
  expect(await github.hooks('ada/web')).toEqual([added])
  expect(added).toMatchObject({ url: config.url, events: config.events, lastStatus: null })
  const events = [...config.events, 'merge_group']
  expect(await github.putHook('ada/web', { ...config, events }, added.id)).toMatchObject({
    id: added.id,
    events,
  })
  await github.removeHook('ada/web', added.id)
  expect(await github.hooks('ada/web')).toEqual([])
})

test.each<[string, string, RegExp]>([
  ['a token that is not valid', 'wrong', /does not accept this token: it is mistyped, expired or revoked/],
  [
    'a token that can only read',
    'reads',
    /may not manage the webhooks of ada\/web.*needs the scope admin:repo_hook/,
  ],
])('with %s the error says what to do', async (_, token, message) => {
  const failed = await openAdministration(server.apiUrl, token)
    .putHook('ada/web', config)
    .catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(UserError)
  expect(String(failed)).toMatch(message)
})
