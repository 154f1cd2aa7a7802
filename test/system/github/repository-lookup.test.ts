import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GitHub } from '../../../loopback/github/server.ts'
import { openRepositoryLookup } from '../../../src/github/repository-lookup.ts'
import { type GitHubSecrets, openTokens } from '../../../src/github/tokens.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { startGitHub } from '../../support/small-process.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
let directory: string
let github: GitHub
let id: number
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-lookup-'))
  const app = {
    id: 7,
    slug: 'builder',
    owner: 'ada',
    publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
    permissions: { contents: 'read', statuses: 'write' },
  } as const
  github = await startGitHub({ directory, token: 'writes', cloneToken: 'reads', app, webhook: null })
  const octokit = new Octokit({ auth: 'writes', baseUrl: github.apiUrl })
  const { data } = await octokit.rest.repos.createInOrg({ org: 'Ada', name: 'Old', private: true })
  id = data.id
  await octokit.rest.repos.update({ owner: 'ada', repo: 'old', name: 'New' })
})
afterAll(async () => {
  await github.close()
  await rm(directory, { recursive: true, force: true })
})

const NONE: GitHubSecrets = { githubToken: null, cloneToken: null, githubApp: null }
const lookupWith = (secrets: Partial<GitHubSecrets>, apiUrl = github.apiUrl) =>
  openRepositoryLookup(
    apiUrl,
    openTokens(apiUrl, async () => ({ ...NONE, ...secrets })),
  )

test.each<[string, Partial<GitHubSecrets>]>([
  ['a token', { githubToken: 'writes' }],
  ['a clone token', { cloneToken: 'reads' }],
  ['an App', { githubApp: { id: 7, privateKey: pem } }],
])('with %s a private repository is found by any of its names and by its id', async (_, secrets) => {
  const lookup = lookupWith(secrets)
  for (const name of ['Ada/New', 'ada/NEW', 'ada/old'])
    expect(await lookup.byName(name)).toEqual({ id, name: 'Ada/New', isPrivate: true })
  expect(await lookup.byId(id, 'ada/new')).toEqual({ id, name: 'Ada/New', isPrivate: true })
  expect(await lookup.byName('ada/nothing')).toBeNull()
  expect(await lookup.byId(id + 1000, 'ada/new')).toBeNull()
})

test('no answer and a wrong token are no answer about the repository', async () => {
  await expect(lookupWith({ githubToken: 'wrong' }).byName('ada/new')).rejects.toThrow(UserError)
  const nobody = lookupWith({ githubToken: 'writes' }, 'http://127.0.0.1:9')
  await expect(nobody.byName('ada/new')).rejects.toThrow('GitHub could not be asked about ada/new')
})
