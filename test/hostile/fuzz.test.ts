import { createHmac, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRunnerSecrets } from '../../src/account/secrets.ts'
import { buildKeys, runnerSecretsKey, settingsKeys } from '../../src/build/layout.ts'
import { parseRun, RUN_RECORD_LIMIT } from '../../src/build/run-record.ts'
import { viewOf } from '../../src/build/view.ts'
import { NO_FILES } from '../../src/config/files.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { createHttpApp } from '../../src/entry/http-app.ts'
import { layOutLine, PLAIN } from '../../src/pages/browser/terminal-line.ts'
import { renderSummary } from '../../src/pages/summary.ts'
import { planBuild } from '../../src/plan/plan.ts'
import { Problem } from '../../src/problem.ts'
import { type Bucket, openBucket, putJson } from '../bucket.ts'
import { pullRequestPayload, pushPayload } from '../payloads.ts'
import { endedRun, granterOf, jobOf } from '../records.ts'

const SECRET = 'a-webhook-secret'
let bucket: Bucket
let app: Hono
const faults: unknown[] = []
beforeAll(async () => {
  bucket = await openBucket()
  const secrets = { webhookSecrets: [SECRET], githubToken: 'writes', linkKey: 'a-link-key-of-these-tests' }
  await putJson(bucket.store, runnerSecretsKey, secrets)
  await putJson(bucket.store, settingsKeys('')[0], { allow: ['*'] })
  app = createHttpApp({
    store: bucket.store,
    secrets: openRunnerSecrets(bucket.store),
    publish: async () => {},
    deadMansSwitch: { set: async () => {}, clear: async () => {} },
    granter: granterOf(null),
    now: () => new Date(),
  })
  const job = jobOf({ project: 'gh/ada/web', number: 1 })
  await putJson(bucket.store, buildKeys(job).job, job)
  await putJson(bucket.store, buildKeys(job).run, endedRun())
  await bucket.store.put(buildKeys(job).log.whole, 'one\n', 'text/plain')
})
afterAll(async () => {
  await bucket.close()
  expect(faults).toEqual([])
  // Whatever was sent, nobody's objects have learnt anything.
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

const ODD = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '../..',
    '%00',
    '\u0000',
    '\ud800',
    '\'"><script>',
    '🎉'.repeat(50),
  ),
  fc.string({ unit: 'binary', maxLength: 80 }),
)
const anything = fc.anything({
  key: ODD,
  values: [ODD, fc.double(), fc.boolean(), fc.constant(null)],
  maxDepth: 3,
})

function deliver(event: string, body: string, headers: Record<string, string> = {}) {
  return app.request('https://ci.example.com/webhook', {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
      ...headers,
    },
  })
}

/** The places in a payload, so that one can be made into something else. */
function placesIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key]))]
}

function withChange(payload: object, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  const inner = (payload as Record<string, unknown>)[key]
  return { ...payload, [key]: rest.length === 0 ? value : withChange((inner ?? {}) as object, rest, value) }
}

describe('the webhook', () => {
  const PAYLOADS = [
    ['push', pushPayload()],
    ['pull_request', pullRequestPayload()],
    ['pull_request', pullRequestPayload({ head: 'fork' })],
  ] as const

  test('answers any field that is anything, and is never at fault', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PAYLOADS),
        fc.nat(),
        anything,
        async ([event, payload], place, value) => {
          const places = placesIn(payload)
          const changed = withChange(payload, places[place % places.length] ?? [], value)
          const answer = await deliver(event, JSON.stringify(changed) ?? 'null')
          expect([200, 202, 400, 403]).toContain(answer.status)
          expect(await answer.json()).toEqual(expect.any(Object))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('answers any body, event and header', async () => {
    const header = fc
      .string({ minLength: 1, maxLength: 60 })
      .map(text => text.replaceAll(/[^\x20-\x7e]/g, '?').trim() || 'x')
    const body = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 500 }),
      fc.json(),
      anything.map(value => JSON.stringify(value) ?? ''),
    )
    await fc.assert(
      fc.asyncProperty(body, header, header, header, async (text, event, id, type) => {
        const answer = await deliver(event, text.toWellFormed(), {
          'x-github-delivery': id,
          'content-type': type,
        })
        expect(answer.status).toBeLessThan(500)
      }),
      { numRuns: 300 },
    )
  })

  test.each(['lambci_rebuild', 'lambci_deploy'])('our own %s takes anything as well', async event => {
    const wish = fc.record({
      project: fc.oneof(ODD, fc.constant('gh/ada/web')),
      number: anything,
      stage: ODD,
      order: anything,
    })
    await fc.assert(
      fc.asyncProperty(wish, async payload => {
        expect((await deliver(event, JSON.stringify(payload))).status).toBeLessThan(500)
      }),
      { numRuns: 150 },
    )
  })
})

test('pages answer any path and query, and never with 500', async () => {
  const PATHS = [
    '',
    '/builds/1',
    '/builds/1/log',
    '/builds/1/lines',
    '/builds/1/summary',
    '/builds/1/log.txt',
    '/badge.svg',
  ]
  const part = fc.oneof(ODD, fc.constantFrom('ada', 'web', '1', '..', '%2e%2e'))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...PATHS),
      part,
      part,
      fc.dictionary(fc.constantFrom('from', 'length', 'key', 'branch', 'status', 'download'), ODD),
      async (path, owner, repository, query) => {
        const names = [owner, repository].map(name => encodeURIComponent(name.toWellFormed()))
        const search = new URLSearchParams(query)
        for (const where of [`/gh/${names.join('/')}${path}`, `/gh/ada/web${path}`]) {
          const answer = await app.request(`https://ci.example.com${where}?${search}`)
          expect(answer.status).toBeLessThan(500)
          await answer.arrayBuffer()
        }
      },
    ),
    { numRuns: 200 },
  )
})

describe('a run.json that an enemy wrote', () => {
  const record = endedRun({
    deploy: { stage: 'dev', status: 'failed', reason: 'x', exit: null, url: null, by: null },
  })

  test('is read, or is an errored build, and is shown', () => {
    fc.assert(
      fc.property(fc.nat(), anything, (place, value) => {
        const places = placesIn(record)
        const changed = withChange(record, places[place % places.length] ?? [], value)
        const run = parseRun(Buffer.from(JSON.stringify(changed) ?? ''))
        const page = String(renderSummary(viewOf({ job: jobOf(), run, report: null }), '/gh/ada/web'))
        expect(page).not.toMatch(/<script|javascript:/i)
      }),
      { numRuns: 500 },
    )
  })

  test('of any bytes and any size is no crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), bytes => void parseRun(bytes)),
      { numRuns: 300 },
    )
    expect(parseRun(Buffer.alloc(RUN_RECORD_LIMIT + 1, 'x'))).toMatchObject({ result: 'errored' })
    expect(parseRun(Buffer.from('['.repeat(60_000)))).toMatchObject({ result: 'errored' })
  })
})

test('any .lambci.json is a plan, or a problem in words', () => {
  const file = fc.oneof(
    fc.json(),
    anything.map(value => JSON.stringify(value) ?? ''),
    fc.string({ unit: 'binary' }),
  )
  const job = { ...jobOf(), settings: {} }
  fc.assert(
    fc.property(file, fc.boolean(), (text, isFork) => {
      const files = { ...NO_FILES, lambciJson: text }
      try {
        const subject = { ...job, trust: isFork ? ('fork' as const) : job.trust }
        planBuild(subject, resolveConfig({ job: subject, account: {}, base: files, head: files }))
      } catch (error) {
        expect(error).toBeInstanceOf(Problem)
        expect((error as Error).message.length).toBeLessThan(20_000)
      }
    }),
    { numRuns: 500 },
  )
})

test('any line of a log is laid out, and is no longer than it was', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .array(
        fc.constantFrom(
          '\u001b[',
          '\u001b]',
          '38;5;',
          '999999',
          'm',
          'K',
          'C',
          'D',
          'G',
          '\r',
          '\b',
          'x',
          '\u0000',
          ';',
          ':',
        ),
      )
      .map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(line, text => {
      const { spans } = layOutLine(text, PLAIN)
      const length = spans.reduce((sum, span) => sum + span.text.length, 0)
      // A cursor may leap to the last column, and no further.
      expect(length).toBeLessThanOrEqual(Math.max(4001, text.length))
    }),
    { numRuns: 1000 },
  )
})
