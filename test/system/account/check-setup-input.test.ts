import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startGitHub } from '../../../loopback/github/server.ts'
import { makeDirectory } from '../../../loopback/test/github/working-copy.ts'
import { checkSetupInput, type SetupInput } from '../../../src/account/check-setup-input.ts'
import { UserError } from '../../../src/model/user-error.ts'

const NONE: SetupInput = {
  githubToken: null,
  cloneToken: null,
  githubApp: null,
  slackToken: null,
  owners: null,
  rotateWebhookSecret: false,
  rotateLinkKey: false,
}

/** A GitHub that knows tokens by their scopes: `ghp_repo,gist` has these two, `github_pat_` tells none. */
async function openScopes(): Promise<string> {
  const server = createServer((request, response) => {
    const token = request.headers.authorization?.split(' ')[1] ?? ''
    const scopes = token.startsWith('ghp_') ? { 'x-oauth-scopes': token.slice(4).replaceAll(',', ', ') } : {}
    response.writeHead(200, { 'content-type': 'application/json', ...scopes }).end('{"login": "ada"}')
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each<[string, Partial<SetupInput>, RegExp[]]>([
  ['all of it', { githubToken: 'ghp_repo,admin:repo_hook' }, []],
  ['public repositories alone', { githubToken: 'ghp_repo:status,public_repo,admin:repo_hook' }, []],
  [
    'no hooks',
    { githubToken: 'ghp_repo:status' },
    [/lacks the scope repo_deployment/, /lacks the scope admin:repo_hook/],
  ],
  [
    'scopes that are not told',
    { githubToken: 'github_pat_x' },
    [/fine-grained token: it needs Commit statuses/],
  ],
  [
    'a clone token that can write',
    { githubToken: 'ghp_repo', cloneToken: 'ghp_repo' },
    [/clone token can do more than read/],
  ],
])('a token with %s is accepted', async (_, input, hints) => {
  const findings = await checkSetupInput({ ...NONE, ...input }, await openScopes())
  expect(findings).toMatchObject({ who: "GitHub knows the token as ada's", owners: ['ada'] })
  expect(findings.hints).toEqual(hints.map(hint => expect.stringMatching(hint)))
})

test('a token without the scope for statuses is refused, with what it has', async () => {
  const failed = await checkSetupInput(
    { ...NONE, githubToken: 'ghp_gist,read:org' },
    await openScopes(),
  ).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(UserError)
  expect(String(failed)).toContain(
    'The GitHub token of ada lacks the scope repo:status (or repo, for private repositories): without it no status can be set. It has: gist, read:org.',
  )
})

test('an App that may not do what is needed is refused, each permission by name', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = String(publicKey.export({ type: 'spki', format: 'pem' }))
  const app = {
    id: 7,
    slug: 'weak',
    owner: 'ada',
    publicKey: pem,
    permissions: { contents: 'read' as const },
  }
  const github = await startGitHub({ directory: await makeDirectory(), token: 't', webhook: null, app })
  onTestFinished(() => github.close())
  const githubApp = { id: 7, privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) }
  await expect(checkSetupInput({ ...NONE, githubApp }, github.apiUrl)).rejects.toThrow(
    /^The App weak lacks the permission statuses: write\./,
  )
  await expect(
    checkSetupInput({ ...NONE, githubApp: { id: 7, privateKey: 'PRIVATE KEY of nobody' } }, github.apiUrl),
  ).rejects.toThrow("The App's private key is not a PEM file as GitHub gives it.")
  await expect(checkSetupInput({ ...NONE, githubApp, cloneToken: 'x' }, github.apiUrl)).rejects.toThrow(
    /Give an App or tokens, not both/,
  )
})
