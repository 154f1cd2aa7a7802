import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { makeDirectory } from '../../../loopback/test/github/working-copy.ts'
import { checkSetupInput, type SetupInput } from '../../../src/account/check-setup-input.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { startGitHub } from '../../support/small-process.ts'

const NONE: SetupInput = {
  githubToken: null,
  cloneToken: null,
  githubApp: null,
  slackToken: null,
  owners: null,
  rotateWebhookSecret: false,
  refuseSharedSecret: false,
  rotateLinkKey: false,
}

/** A GitHub whose tokens name their scopes: `ghp_repo,gist` has these two; for `github_pat_` it returns none. */
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
  ['all scopes', { githubToken: 'ghp_repo,admin:repo_hook' }, []],
  ['scopes for public repositories only', { githubToken: 'ghp_repo:status,public_repo,admin:repo_hook' }, []],
  [
    'no scope for hooks',
    { githubToken: 'ghp_repo:status' },
    [/lacks the scope repo_deployment/, /lacks the scope admin:repo_hook/],
  ],
  ['unknown scopes', { githubToken: 'github_pat_x' }, [/fine-grained token: it needs Commit statuses/]],
  [
    'a clone token that can write',
    { githubToken: 'ghp_repo', cloneToken: 'ghp_repo' },
    [/clone token can do more than read/],
  ],
])('a token with %s is accepted', async (_, input, hints) => {
  const result = await checkSetupInput({ ...NONE, ...input }, await openScopes())
  expect(result).toMatchObject({ who: 'The GitHub token belongs to ada', owners: ['ada'] })
  expect(result.hints).toEqual(hints.map(hint => expect.stringMatching(hint)))
})

test('a token without the scope for statuses is refused, and the error lists its scopes', async () => {
  const failed = await checkSetupInput(
    { ...NONE, githubToken: 'ghp_gist,read:org' },
    await openScopes(),
  ).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(UserError)
  expect(String(failed)).toContain(
    'The GitHub token of ada lacks the scope repo:status (or repo, for private repositories): it cannot set commit statuses. It has: gist, read:org.',
  )
})

test('an App without a required permission is refused, and the error names it', async () => {
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
  ).rejects.toThrow("The App's private key is not valid: it must be the PEM file that GitHub generated.")
  await expect(checkSetupInput({ ...NONE, githubApp, cloneToken: 'x' }, github.apiUrl)).rejects.toThrow(
    /Use either an App or tokens, not both/,
  )
})

test.each([
  ['read', true],
  ['write', false],
] as const)(
  'an App with checks: %s can do what it must; setup names what the permission brings: %j',
  async (checks, isNamed) => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const app = {
      ...{ id: 7, slug: 'builder', owner: 'ada' },
      publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
      permissions: { contents: 'read', statuses: 'write', deployments: 'write', checks } as const,
    }
    const github = await startGitHub({ directory: await makeDirectory(), token: 't', webhook: null, app })
    onTestFinished(() => github.close())
    const githubApp = { id: 7, privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) }
    const { hints } = await checkSetupInput({ ...NONE, githubApp }, github.apiUrl)
    expect(hints.some(hint => hint.includes('lacks the permission checks: write'))).toBe(isNamed)
  },
)
