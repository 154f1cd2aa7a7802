import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GitHub } from '../../../loopback/github/server.ts'
import {
  makeDirectory,
  makeWorkingCopy,
  removeDirectories,
} from '../../../loopback/test/github/working-copy.ts'
import {
  type CommitStatus,
  describeGitHubError,
  isPermanentError,
  openGitHub,
} from '../../../src/github/client.ts'
import { startGitHub } from '../../support/small-process.ts'

const TOKEN = 'the-token'
const tokensOf = (token: string) => ({
  comparing: async () => token,
  writing: async () => token,
  deploying: async () => token,
})
let server: GitHub
let commit: string
let copy: Awaited<ReturnType<typeof makeWorkingCopy>>

beforeAll(async () => {
  server = await startGitHub({ directory: await makeDirectory(), token: TOKEN, webhook: null })
  copy = await makeWorkingCopy(`${server.url}/ada/web.git`)
  commit = await copy.commit('First')
  await copy.push('master')
})
afterAll(async () => {
  await Promise.all([server.close(), ...answering.map(close)])
  await removeDirectories()
})

const statusOf = (change: Partial<CommitStatus> = {}): CommitStatus => ({
  repository: 'ada/web',
  commit,
  state: 'success',
  context: 'lambci/push',
  description: 'Passed in 42 s',
  targetUrl: 'https://ci.example.com/gh/ada/web/builds/7',
  ...change,
})
const refusalOf = (work: Promise<void>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

test('the commits that one has and another lacks are counted', async () => {
  const github = openGitHub(server.apiUrl, tokensOf(TOKEN))
  await copy.commit('Second')
  const head = await copy.commit('Third')
  await copy.push('master')
  expect(await github.countCommits('ada/web', commit, head)).toBe(2)
  expect(await github.countCommits('ada/web', head, commit)).toBe(0)
  expect(await github.countCommits('ada/web', 'f'.repeat(40), head)).toBeNull()
  const refused = openGitHub(server.apiUrl, tokensOf('a-wrong-token')).countCommits('ada/web', commit, head)
  await expect(refused).rejects.toMatchObject({ status: 401 })
})

test('a status is set', async () => {
  await openGitHub(server.apiUrl, tokensOf(TOKEN)).setStatus(statusOf())
  const answer = await fetch(`${server.apiUrl}/repos/ada/web/commits/${commit}/statuses`, {
    headers: { authorization: `token ${TOKEN}` },
  })
  expect(await answer.json()).toMatchObject([
    {
      state: 'success',
      context: 'lambci/push',
      description: 'Passed in 42 s',
      target_url: 'https://ci.example.com/gh/ada/web/builds/7',
    },
  ])
})

test.each<[string, Partial<CommitStatus>, string, boolean]>([
  ['an unknown commit', { commit: 'f'.repeat(40) }, TOKEN, true],
  ['an unknown repository', { repository: 'ada/gone' }, TOKEN, true],
  ['a description that is too long', { description: 'x'.repeat(141) }, TOKEN, true],
  ['an invalid token, which may be replaced soon', {}, 'another', false],
])('%s is refused', async (_, change, token, final) => {
  const error = await refusalOf(openGitHub(server.apiUrl, tokensOf(token)).setStatus(statusOf(change)))
  expect(error).toBeInstanceOf(Error)
  expect(isPermanentError(error)).toBe(final)
  expect(describeGitHubError(error)).toMatch(/^GitHub answered 4\d\d: \S.*$/)
})

type Answer = [status: number, headers?: Record<string, string>, message?: string]
const answering: Server[] = []
async function close(each: Server): Promise<void> {
  const closed = once(each.close(), 'close')
  each.closeAllConnections()
  await closed
}

/** A server that gives these answers in order and then repeats the last one. */
async function startAnswers(...answers: Answer[]) {
  const bodies: string[] = []
  const each = createServer(async (request, response) => {
    const [status, headers, message] = answers[Math.min(bodies.length, answers.length - 1)] ?? [500]
    bodies.push(await text(request))
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify({ message: message ?? `answer ${bodies.length}` }))
  })
  answering.push(each)
  await once(each.listen(0, '127.0.0.1'), 'listening')
  return { url: `http://127.0.0.1:${(each.address() as AddressInfo).port}`, bodies }
}

test.concurrent.each<[string, Answer[], number]>([
  ['two server errors', [[500], [502], [201]], 3],
  ['a short rate limit', [[429, { 'retry-after': '1' }], [201]], 2],
  [
    'a secondary limit',
    [[403, { 'retry-after': '1' }, 'You have exceeded a secondary rate limit.'], [201]],
    2,
  ],
])('after %s the status is set', async (_, answers, requests) => {
  const { url, bodies } = await startAnswers(...answers)
  await openGitHub(url, tokensOf(TOKEN)).setStatus(statusOf())
  expect(bodies).toHaveLength(requests)
  expect(new Set(bodies).size).toBe(1)
})

test.each([429, 403])('after a %i the status "running" is not retried', async code => {
  const limit = 'You have exceeded a secondary rate limit.'
  const { url, bodies } = await startAnswers([code, { 'retry-after': '1' }, limit], [201])
  const error = await refusalOf(openGitHub(url, tokensOf(TOKEN)).setStatus(statusOf({ state: 'pending' })))
  expect([bodies.length, isPermanentError(error)]).toEqual([1, false])
})

test('a permanent refusal is not retried', async () => {
  const { url, bodies } = await startAnswers([422])
  const error = await refusalOf(openGitHub(url, tokensOf(TOKEN)).setStatus(statusOf()))
  expect([bodies.length, isPermanentError(error), describeGitHubError(error)]).toEqual([
    1,
    true,
    'GitHub answered 422: answer 1',
  ])
})

test('errors are described in one line of at most 300 characters', () => {
  expect(describeGitHubError(new Error('connect ECONNREFUSED\nat x'))).toBe(
    'GitHub could not be reached: connect ECONNREFUSED',
  )
  expect(describeGitHubError('gone')).toBe('GitHub could not be reached: gone')
  expect(describeGitHubError({ status: 500, message: 'x'.repeat(1000) })).toHaveLength(300)
})
