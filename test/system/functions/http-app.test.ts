import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hono } from 'hono'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { httpEvent } from '../../../loopback/lambda/http-event.ts'
import { type Scheduler, startScheduler } from '../../../loopback/scheduler/scheduler.ts'
import { type Sns, startSns } from '../../../loopback/sns/sns.ts'
import { openRunnerSecrets } from '../../../src/account/secrets.ts'
import type { JobMessage } from '../../../src/admission/grants.ts'
import { createHttpApp } from '../../../src/functions/http-app.ts'
import { digestOf } from '../../../src/github/delivery.ts'
import { requestSecret } from '../../../src/github/hook-secrets.ts'
import type { Build } from '../../../src/model/build.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import { buildKeys, counterKey, jobKeys, runnerSecretsKey, settingsKeys } from '../../../src/records/keys.ts'
import { buildPath, keyOfPath } from '../../../src/records/links.ts'
import { BUCKET, type Bucket, keysIn, openDirectBucket, putJson } from '../../support/bucket.ts'
import { pointAwsAt } from '../../support/loopback-aws.ts'
import {
  HOSTILE,
  headersOf,
  pullRequestPayload,
  pushOf,
  pushPayload,
  requestBody,
  signatureOf,
} from '../../support/payloads.ts'
import {
  after,
  endedRun,
  grantIssuerOf,
  makeBuild,
  reportOf,
  runKey,
  runOf,
  unknownToGit,
} from '../../support/records.ts'

const SECRET = 'a-webhook-secret'
const LINK_KEY = 'a-link-key-of-these-tests'
const ORIGIN = 'https://ci.example.com'

let bucket: Bucket
let app: Hono
let messages: JobMessage[] = []

beforeAll(async () => {
  bucket = await openDirectBucket()
  const secrets = {
    webhookSecrets: ['another', SECRET],
    githubToken: 'writes',
    cloneToken: 'reads',
    linkKey: LINK_KEY,
  }
  await putJson(bucket.store, runnerSecretsKey, secrets)
  await putJson(bucket.store, settingsKeys('')[0], { allow: ['Codertocat', 'ada'] })
  app = createHttpApp({
    store: bucket.store,
    secrets: openRunnerSecrets(bucket.store),
    publish: async message => void messages.push(message),
    deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
    grantIssuer: grantIssuerOf('reads'),
    compare: unknownToGit,
    countCommits: async () => null,
    githubUrl: 'https://github.com',
    findOnGitHub: async () => null,
    invokeReport: async () => {},
    now: () => new Date(),
  })
})
beforeEach(() => {
  messages = []
})
afterAll(() => bucket.close())

type Sent = { body?: string; headers?: Record<string, string> }
const post = (event: string, payload: unknown, { body = JSON.stringify(payload), headers = {} }: Sent = {}) =>
  app.request(`${ORIGIN}/webhook`, {
    method: 'POST',
    body,
    headers: { ...headersOf(event, body, SECRET), ...headers },
  })
/** Sends a request of the command line. */
const request = (event: string, payload: object) => {
  const body = requestBody(event, payload)
  return post(event, null, { body, headers: headersOf(event, body, requestSecret(SECRET)) })
}
const get = (path: string, headers: Record<string, string> = {}) =>
  app.request(`${ORIGIN}${path}`, { headers })

describe('the webhook', () => {
  test('a push is accepted and answered with its build and link', async () => {
    const answer = await post('push', pushPayload())
    expect(answer.status).toBe(202)
    const project = 'gh/codertocat/hello-world'
    const url = `${ORIGIN}/${project}/builds/1`
    expect(await answer.json()).toEqual({ project, number: 1, trigger: 'push/master', url })
    expect(messages).toMatchObject([
      { build: { project, number: 1, trust: 'protected', baseUrl: ORIGIN }, grants: { buildUrl: url } },
    ])
  })

  test('a form-encoded pull request from a fork is accepted with trust "fork"', async () => {
    const body = new URLSearchParams({
      payload: JSON.stringify(pullRequestPayload({ head: 'fork' })),
    }).toString()
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    expect((await post('pull_request', null, { body, headers })).status).toBe(202)
    expect(messages).toMatchObject([{ build: { trust: 'fork', isFork: true }, grants: { cloneToken: null } }])
  })

  test('a rebuild of an ended build is a new build of its commit', async () => {
    const project = 'gh/ada/again'
    const build = makeBuild({ project, number: 3, trust: 'branch', latestEnd: after(1e7).toISOString() })
    await putJson(bucket.store, buildKeys(build).build, build)
    await putJson(bucket.store, counterKey(project), { number: 3 })
    const again = { project, number: 3 }
    const early = await request('lambci_rebuild', again)
    expect([early.status, await early.json()]).toEqual([
      409,
      { error: 'Build #3 of ada/again has not ended yet: it is queued.' },
    ])
    await putJson(bucket.store, jobKeys(build).record('end'), endedRun())
    const answer = await request('lambci_rebuild', again)
    expect([answer.status, await answer.json()]).toMatchObject([202, { project, number: 4 }])
    const { number: _, trust: __, nonce, delivery: ___, queuedAt, latestEnd, settings, ...same } = build
    // Without a base commit, a rebuild is never skipped because of its changed files.
    expect(messages).toMatchObject([
      { build: { ...same, number: 4, rebuildOf: 3, trust: 'protected', baseCommit: null } },
    ])
    expect(messages[0]?.build.nonce).not.toBe(nonce)
  })

  test.each<[number, object, RegExp]>([
    [404, { project: 'gh/ada/again', number: 99 }, /There is no build #99 of gh\/ada\/again/],
    [404, { project: '../secrets', number: 1 }, /There is no build/],
    [400, { project: 'gh/ada/web' }, /^Invalid rebuild request: check number\.$/],
    [400, { project: 'gh/ada/web', number: 7, failed: 'yes' }, /^Invalid rebuild request: check failed\.$/],
  ])('%i for the rebuild request %j', async (status, payload, error) => {
    const answer = await request('lambci_rebuild', payload)
    expect([answer.status, await answer.json()]).toEqual([status, { error: expect.stringMatching(error) }])
  })

  const { repository } = pushPayload()
  const large = `{"zen": "${'x'.repeat(25 * 1024 * 1024)}"}`
  const cut = '{"zen": '
  const forged = { headers: { 'X-Hub-Signature-256': signatureOf('{}', 'guessed') } }
  const stranger = { ...pushPayload(), repository: { ...repository, full_name: 'stranger/web' } }

  test.each<[number, string, string, unknown, Sent, RegExp]>([
    [
      400,
      'a missing header',
      'push',
      pushPayload(),
      { headers: { 'X-GitHub-Event': '' } },
      /it lacks x-github-event/,
    ],
    [
      400,
      'a malformed header',
      'push',
      pushPayload(),
      { headers: { 'X-GitHub-Delivery': '../x' } },
      /x-github-delivery is malformed/,
    ],
    [400, 'malformed JSON', 'push', null, { body: cut }, /not valid JSON/],
    [
      400,
      'a form without a payload',
      'push',
      null,
      { body: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      /not valid JSON/,
    ],
    [400, 'a malformed payload', 'push', { ...pushPayload(), after: 1 }, {}, /malformed at "after"/],
    [400, 'an invalid commit', 'push', pushPayload({ after: '--help' }), {}, /commit is not valid/],
    [401, 'a wrong signature', 'push', pushPayload(), forged, /signature does not match/],
    [
      401,
      'a wrong signature over malformed JSON',
      'push',
      null,
      { body: cut, ...forged },
      /signature does not match/,
    ],
    [
      401,
      'an empty body with a wrong signature',
      'push',
      null,
      { body: '', ...forged },
      /signature does not match/,
    ],
    [
      403,
      'a repository that is not allowed',
      'push',
      stranger,
      {},
      /^stranger\/web is not among the repositories/,
    ],
    [400, 'a list', 'push', [], {}, /not valid JSON/],
    [400, 'a push that calls itself a pull request', 'pull_request', pushPayload(), {}, /malformed at "ref"/],
    [
      401,
      'a request of the command line that GitHub has signed',
      'lambci_rebuild',
      null,
      { body: requestBody('lambci_rebuild', { project: 'gh/ada/again', number: 3 }) },
      /signed with a key of their own/,
    ],
    [413, 'a body that is too large', 'push', null, { body: large }, /larger than 25 MB/],
    [200, 'an unknown event', 'issues', {}, {}, /"issues" starts no build/],
    [200, 'an event with a hostile name', 'constructor', {}, {}, /"constructor" starts no build/],
  ])('%i for %s, with the reason, and without a record', async (status, _, event, payload, sent, reason) => {
    const before = await keysIn(bucket)
    const answer = await post(event, payload, sent)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(await answer.json()).toEqual({ error: expect.stringMatching(reason) })
    expect(await keysIn(bucket)).toEqual(before)
    expect(messages).toEqual([])
  })

  test.each<[string, string, unknown, object]>([
    ['a ping', 'ping', { zen: 'Keep it logically awesome.' }, { pong: 'The webhook works.' }],
    [
      'a tag',
      'push',
      pushPayload({ ref: 'refs/tags/v1' }),
      { ignored: expect.stringContaining('refs/tags/v1') },
    ],
    [
      'a skip word on a branch of which nothing was built',
      'push',
      pushOf({ message: '[ci skip]' }, { ref: 'refs/heads/unbuilt' }),
      { ignored: expect.stringContaining('[ci skip]') },
    ],
  ])('200 for %s, without a record', async (_, event, payload, expected) => {
    const before = await keysIn(bucket)
    const answer = await post(event, payload)
    expect([answer.status, await answer.json()]).toEqual([200, expected])
    expect(await keysIn(bucket)).toEqual(before)
  })

  test('200 for a skip word, with a record that lets the branch leave its commit, and no build', async () => {
    const ref = 'refs/heads/skipping'
    const { number } = (await (await post('push', pushPayload({ ref }))).json()) as { number: number }
    const before = await keysIn(bucket)
    messages = []
    const skipped = pushOf({ message: '[ci skip]' }, { ref, after: 'd'.repeat(40) })
    const answer = await post('push', skipped)
    expect(answer.status).toBe(200)
    const added = (await keysIn(bucket)).filter(key => !before.includes(key))
    const { gone } = buildKeys({ project: 'gh/codertocat/hello-world', number })
    const claim = `deliveries/${skipped.repository.id}/${digestOf(JSON.stringify(skipped))}.skipped.json`
    expect(added).toEqual([claim, gone])
    expect(messages).toEqual([])
    // Sent again later, it says nothing new.
    await bucket.store.remove(gone)
    expect((await post('push', skipped)).status).toBe(200)
    expect(await keysIn(bucket)).not.toContain(gone)
  })

  test('an answer has no key to a private build, however often the delivery is sent', async () => {
    const pushed = pushPayload({ ref: 'refs/heads/secretive' })
    const closed = { ...pushed.repository, id: 4711, full_name: 'Codertocat/Closed' }
    const send = async (isPrivate: boolean, after: string) =>
      (await post('push', { ...pushed, after, repository: { ...closed, private: isPrivate } })).json()
    const path = 'gh/codertocat/closed/builds'
    const commits = ['a', 'b'].map(letter => letter.repeat(40)) as [string, string]
    expect(await send(false, commits[0])).toMatchObject({ url: `${ORIGIN}/${path}/1` })
    expect(await send(true, commits[1])).toMatchObject({ url: `${ORIGIN}/${path}/2` })
    await putJson(
      bucket.store,
      jobKeys({ project: 'gh/codertocat/closed', number: 1 }).record('end'),
      endedRun(),
    )
    expect(await send(false, commits[0])).toMatchObject({ number: 3, url: `${ORIGIN}/${path}/3` })
    // The person at the command line, who can read the bucket, gets the link.
    const again = await request('lambci_rebuild', { project: 'gh/codertocat/closed', number: 1 })
    const { number, url } = (await again.json()) as { number: number; url: string }
    expect(url).toBe(`${ORIGIN}/${path}/4?key=${keyOfPath(`/${path}/${number}`, LINK_KEY)}`)
    expect((await get(url.slice(ORIGIN.length))).status).toBe(200)
    expect((await get(`/${path}/3`)).status).toBe(404)
  })

  test('an internal error is logged and not shown to the client', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const broken = createHttpApp({
      store: bucket.store,
      secrets: async () => {
        throw new Error('the secret ghp_x')
      },
      publish: async () => {},
      deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
      grantIssuer: grantIssuerOf('reads'),
      compare: unknownToGit,
      countCommits: async () => null,
      githubUrl: 'https://github.com',
      findOnGitHub: async () => null,
      invokeReport: async () => {},
      now: () => new Date(),
    })
    const body = JSON.stringify(pushPayload())
    const answer = await broken.request('/webhook', {
      method: 'POST',
      body,
      headers: headersOf('push', body, SECRET),
    })
    expect(answer.status).toBe(500)
    expect(await answer.text()).toMatch(/^\{"error":"[^"]*"\}$/)
    expect(error).toHaveBeenCalledOnce()
    error.mockRestore()
  })
})

let numbers = 100
async function record(
  change: Partial<Build> = {},
  run: object | null = endedRun(),
  log?: Uint8Array | string,
) {
  const build = makeBuild({ number: ++numbers, ...change })
  const keys = buildKeys(build)
  await putJson(bucket.store, keys.build, build)
  if (run) await putJson(bucket.store, runKey(build, run as JobRun), run)
  if (log !== undefined) await bucket.store.put(jobKeys(build).log.whole, log, 'text/html')
  return { build, keys: jobKeys(build), path: buildPath(build) }
}

describe('pages', () => {
  test('health', async () => {
    expect(await (await get('/health')).json()).toEqual({ status: 'ok' })
  })

  test('a build as HTML', async () => {
    const { path } = await record({}, endedRun(), 'one\ntwo\n')
    const answer = await get(path, { accept: 'text/html,application/xhtml+xml' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=UTF-8')
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    const page = await answer.text()
    expect(page).toContain('Passed in 42 s')
    expect(page.includes('<pre>one\ntwo</pre>')).toBe(true)
    expect(page).toContain(`href="${path}/log.txt"`)
  })

  test('the summary of a build as an HTML fragment', async () => {
    const { path } = await record({}, runOf())
    const answer = await get(`${path}/summary`)
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
    expect(await answer.text()).toMatch(/^<section id="summary" data-title="running · ada\/web #\d+"/)
  })

  test('a build as JSON', async () => {
    const { build, path } = await record()
    const answer = await get(path, { accept: 'application/json' })
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    const text = await answer.text()
    expect(JSON.parse(text)).toMatchObject({
      project: build.project,
      number: build.number,
      status: 'passed',
      trust: 'protected',
    })
    expect(text).not.toMatch(new RegExp(`nonce|settings|${build.nonce}|${build.delivery}`))
  })

  const elementsOf = async (text: string) => {
    const author = { name: text.slice(0, 100), login: null }
    const build = { message: text, branch: text, checkoutBranch: text, author }
    const { path } = await record(build, endedRun({ conclusion: 'failed', reason: text }), text)
    return (await (await get(path)).text()).match(/<[a-z]+/g)
  }

  test.each([...HOSTILE, '</pre><script>alert(1)</script>', '"onload="alert(1)'])(
    'a build in which every text is %j has the same HTML elements as any other',
    async text => {
      expect(await elementsOf(text)).toEqual(await elementsOf('plain'))
    },
  )

  test.each([
    '/nothing',
    '/gh',
    '/gh/ada/web/builds/9999',
    '/gh/ada/web/builds/0',
    '/gh/ada/%2e%2e/builds/1',
    '/gh/ada/web/builds/x',
    '/gh/%E0%A4%A/web/builds/1',
  ])('404 for %s', async path => {
    const answer = await get(path)
    expect(answer.status).toBe(404)
    expect(await answer.json()).toEqual({ error: expect.stringMatching(/^There is nothing here/) })
    const page = await get(path, { accept: 'text/html' })
    expect([page.status, page.headers.get('content-security-policy')]).toEqual([
      404,
      expect.stringContaining("default-src 'none'"),
    ])
    const text = await page.text()
    expect(text).toContain('<h1>Not found</h1>')
    // Nothing of the address comes back.
    expect(text).not.toMatch(/9999|\/gh\//)
  })
})

// Colours, a truncated character, bytes that are not UTF-8, and a NUL.
const BYTES = Uint8Array.of(0x1b, 0x5b, 0x33, 0x31, 0x6d, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0xf0, 0x9f, 0x0a)

describe('logs', () => {
  test.each([
    [undefined, 0, true],
    ['0', 0, true],
    ['5', 5, true],
    ['12', 12, true],
    ['13', 13, true],
    ['500', 500, true],
  ])('a complete log from byte %j', async (from, first, ended) => {
    const { path } = await record({}, endedRun(), BYTES)
    const answer = await get(`${path}/log${from === undefined ? '' : `?from=${from}`}`)
    expect(answer.status).toBe(200)
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(BYTES.slice(first)))
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('lambci-log-next')).toBe(String(Math.max(first, BYTES.length)))
    expect(answer.headers.get('lambci-log-ended')).toBe(String(ended))
  })

  test('a growing log is read from the last offset', async () => {
    const { path, keys } = await record({}, runOf())
    const read = async (from: string | null) => {
      const answer = await get(`${path}/log?from=${from}`)
      const { headers } = answer
      return {
        text: await answer.text(),
        next: headers.get('lambci-log-next'),
        ended: headers.get('lambci-log-ended'),
      }
    }
    expect(await read('0')).toEqual({ text: '', next: '0', ended: 'false' })
    await bucket.store.put(keys.log.segment(0), 'one\n', 'text/plain')
    await bucket.store.put(keys.log.segment(4), 'two\n', 'text/plain')
    expect(await read('2')).toEqual({ text: 'e\ntwo\n', next: '8', ended: 'false' })
    await bucket.store.put(keys.log.whole, 'one\ntwo\nthree\n', 'text/plain')
    expect(await read('8')).toEqual({ text: 'three\n', next: '14', ended: 'true' })
    expect(await read('14')).toEqual({ text: '', next: '14', ended: 'true' })
  })

  test.each(['-1', 'x', '1.5', '1e3', '9999999999999', ''])('400 for from=%s', async from => {
    const { path } = await record({}, endedRun(), BYTES)
    const answer = await get(`${path}/log?from=${from}`)
    expect([answer.status, await answer.json()]).toEqual([400, { error: expect.stringContaining('?from=0') }])
  })

  test('the complete log is a presigned link with a fixed content type', async () => {
    const { path } = await record({}, endedRun(), '<script>alert(1)</script>')
    const answer = await get(`${path}/log.txt`)
    expect(answer.status).toBe(303)
    const location = answer.headers.get('location') ?? ''
    const log = await fetch(location)
    expect([log.status, log.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
    expect(await log.text()).toBe('<script>alert(1)</script>')
    const retyped = location.replace(/response-content-type=[^&]*/, 'response-content-type=text%2Fhtml')
    expect((await fetch(retyped)).status).toBe(403)
  })

  test.each([
    ['length=4', 'one\n', 'false'],
    ['from=4&length=3', 'two', 'false'],
    ['from=4&length=5', 'two\n', 'true'],
    ['length=999999999', 'one\ntwo\n', 'true'],
    ['length=0', 'o', 'false'],
  ])('%s returns part of the log', async (query, text, ended) => {
    const { path } = await record({}, endedRun(), 'one\ntwo\n')
    const answer = await get(`${path}/log?${query}`)
    expect([await answer.text(), answer.headers.get('lambci-log-ended')]).toEqual([text, ended])
  })

  test('the index of lines is returned only if the build has written a valid one', async () => {
    const { path, keys } = await record({}, runOf())
    expect(await (await get(`${path}/lines`)).json()).toBeNull()
    await putJson(bucket.store, keys.log.lines, { stride: 65536, lines: [0, 12], more: '<script>' })
    expect(await (await get(`${path}/lines`)).json()).toEqual({ stride: 65536, lines: [0, 12] })
    await putJson(bucket.store, keys.log.lines, { stride: 65536, lines: ['<script>'] })
    expect(await (await get(`${path}/lines`)).json()).toBeNull()
  })

  test('the outline of a log is returned if the job has recorded it at an end that counts', async () => {
    const outline = {
      phases: [
        ['setup', 1, 0],
        ['command', 4, 2.5],
      ],
      groups: [[5, 9, 1]],
      times: [[1, 0]],
    } as JobRun['outline']
    const read = async (path: string) => (await get(`${path}/outline`)).json()
    const running = await record({}, runOf({ outline }))
    const { startedAt, endedAt } = endedRun()
    const facts = { startedAt, endedAt: null, hasFailed: false, failureLine: null, outline: null }
    expect(await read(running.path)).toEqual(facts)
    const failure: JobRun['failure'] = {
      source: 'log',
      test: 'a › b',
      excerpt: [],
      file: null,
      line: null,
      logLine: 7,
    }
    const ended = await record({}, endedRun({ conclusion: 'failed', outline, failure }), 'one\n')
    const known = { ...facts, endedAt, hasFailed: true, failureLine: 7, outline }
    expect(await read(ended.path)).toEqual(known)
    // The excerpt of the end of an output does not say where the failure is.
    const unnamed = await record(
      {},
      endedRun({ outline, failure: { ...failure, source: 'end', test: null } }),
      'one\n',
    )
    expect(await read(unnamed.path)).toMatchObject({ failureLine: null, outline })
    // A record that came after the end does not exist, and one with a wrong outline is a record without any.
    const end = {
      conclusion: 'errored',
      reason: 'The job died',
      deploy: null,
      endedAt: endedAt ?? '',
    } as const
    const late = await record({}, endedRun({ outline }), 'one\n')
    await putJson(bucket.store, buildKeys(late.build).report, reportOf({ end, leadRecord: 'claim' }))
    expect(await read(late.path)).toMatchObject({ outline: null })
    for (const wrong of [
      { ...outline, phases: [['<script>', 1, 0]] },
      'x',
      { phases: [], groups: [[0, 1, 1]] },
    ]) {
      const { path } = await record({}, { ...endedRun(), outline: wrong }, 'one\n')
      expect(await read(path)).toMatchObject({ endedAt, outline: null })
    }
  })

  test('an index of lines that was written after the end is not returned', async () => {
    const { path, keys } = await record({}, endedRun(), 'one\n')
    await putJson(bucket.store, keys.log.lines, { stride: 65536, lines: [0, 12] })
    expect(await (await get(`${path}/lines`)).json()).toBeNull()
  })

  test('the downloaded log has a file name', async () => {
    const { path } = await record({}, endedRun(), 'one\n')
    const answer = await get(`${path}/log.txt?download=1`)
    const file = await fetch(answer.headers.get('location') ?? '')
    expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="ada-web-\d+\.txt"$/)
  })

  test('during a build, log.txt redirects to the log so far', async () => {
    const { path } = await record({}, runOf())
    const answer = await get(`${path}/log.txt?key=k`)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${path}/log?key=k`])
  })
})

describe('a private build', () => {
  const paths = ['', '/summary', '/lines', '/outline', '/log', '/log.txt']

  test.each(paths)('%s without its key is answered like a build that does not exist', async suffix => {
    const { path } = await record({ isPrivate: true }, endedRun(), 'private')
    const other = await record({ isPrivate: true })
    const wrong = [
      '',
      '?key=',
      '?key=x',
      `?key=${'x'.repeat(32)}`,
      `?key=${keyOfPath(other.path, LINK_KEY)}`,
      '?from=x',
    ]
    for (const query of wrong) {
      for (const accept of ['text/html', 'application/json']) {
        const unknown = await get(`/gh/ada/web/builds/99999${suffix}`, { accept })
        const expected = [unknown.status, await unknown.text(), unknown.headers.get('content-type')]
        expect(expected[0]).toBe(404)
        const answer = await get(`${path}${suffix}${query}`, { accept })
        expect([answer.status, await answer.text(), answer.headers.get('content-type')]).toEqual(expected)
      }
    }
  })

  test('is accessible with its key, and its links contain the key', async () => {
    const { path } = await record({ isPrivate: true }, endedRun(), 'private')
    const key = keyOfPath(path, LINK_KEY)
    const page = await get(`${path}?key=${key}`)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain(`href="${path}/log.txt?key=${key}"`)
    expect(await (await get(`${path}/log?key=${key}`)).text()).toBe('private')
    const whole = await get(`${path}/log.txt?key=${key}`)
    expect(whole.status).toBe(303)
    expect(whole.headers.get('location')).not.toContain(key)
  })
})

describe('the http function', () => {
  type Answered = {
    statusCode: number
    body: string
    isBase64Encoded: boolean
    headers: Record<string, string>
  }
  let directory: string
  let sns: Sns
  let scheduler: Scheduler
  let handler: (event: never) => Promise<Answered>

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lambci-http-'))
    sns = await startSns({
      directory: join(directory, 'sns'),
      topics: [{ name: 'jobs' }],
      onLambda: () => {},
      onMail: () => {},
    })
    scheduler = await startScheduler({
      directory: join(directory, 'scheduler'),
      groups: ['ci'],
      onTarget: async () => {},
    })
    pointAwsAt({ s3: bucket.url, sns: sns.url, scheduler: scheduler.url })
    vi.stubEnv('LAMBCI_STACK', 'ci')
    vi.stubEnv('LAMBCI_BUCKET', BUCKET)
    vi.stubEnv('LAMBCI_JOBS_TOPIC', sns.topicArn('jobs'))
    handler = (await import('../../../src/functions/http.ts')).handler as never
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await Promise.all([sns.close(), scheduler.close()])
    await rm(directory, { recursive: true, force: true })
  })

  /** In the format of a function URL: header names in lower case, the body in base64 unless it is known to be text. */
  const invoke = (method: string, target: string, headers: Record<string, string> = {}, body = '') => {
    const names = Object.entries({ host: 'abc.lambda-url.us-east-1.on.aws', ...headers })
    const request = {
      method,
      target,
      httpVersion: '1.1',
      headers: Object.fromEntries(names.map(([name, value]) => [name.toLowerCase(), [value]])),
      sourceIp: '127.0.0.1',
      body: Buffer.from(body),
    }
    return httpEvent(request, { region: 'us-east-1', account: '123456789012' } as never, 'id', new Date())
  }

  test.each([
    ['as text', false],
    ['in base64', true],
  ])('accepts a push %s', async (_, inBase64) => {
    // Published to the topic, because the branch may not deploy.
    const body = JSON.stringify({ ...pushOf({ message: 'grüße 🎉' }), ref: 'refs/heads/topic' })
    const event = invoke('POST', '/webhook', headersOf('push', body, SECRET), body)
    const encoded = inBase64
      ? { ...event, isBase64Encoded: true, body: Buffer.from(body).toString('base64') }
      : { ...event, isBase64Encoded: false, body }
    const answer = await handler(encoded as never)
    expect(answer.statusCode).toBe(202)
    const { url } = JSON.parse(answer.body)
    expect(url).toMatch(/\/gh\/codertocat\/hello-world\/builds\/\d+$/)
    expect(new URL(url).host).toBe('abc.lambda-url.us-east-1.on.aws')
    expect(scheduler.schedules().length).toBeGreaterThan(0)
  })

  test('returns the bytes of a log unchanged', async () => {
    const { path } = await record({}, endedRun(), BYTES)
    const answer: Answered = JSON.parse(
      JSON.stringify(await handler(invoke('GET', `${path}/log?from=3`) as never)),
    )
    expect(answer.statusCode).toBe(200)
    expect(answer.isBase64Encoded).toBe(true)
    expect(Buffer.from(answer.body, 'base64')).toEqual(Buffer.from(BYTES.slice(3)))
    expect(answer.headers['lambci-log-next']).toBe(String(BYTES.length))
  })

  test('returns a page as text', async () => {
    const { path } = await record()
    const answer = await handler(invoke('GET', path, { Accept: 'text/html' }) as never)
    expect([answer.statusCode, answer.isBase64Encoded]).toEqual([200, false])
    expect(answer.body).toMatch(/^<!doctype html>/)
  })
})
