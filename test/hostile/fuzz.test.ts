import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NO_FILES } from '../../src/config/files.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { requestSecret } from '../../src/github/hook-secrets.ts'
import { UserError } from '../../src/model/user-error.ts'
import { layOutLine } from '../../src/pages/browser/terminal-line.ts'
import { PLAIN } from '../../src/pages/browser/text-style.ts'
import { renderSummary } from '../../src/pages/summary.ts'
import { planBuild } from '../../src/planning/plan.ts'
import { parseJobRun, RUN_RECORD_LIMIT } from '../../src/records/job-run.ts'
import { viewOf } from '../../src/records/view.ts'
import { publicLinks } from '../support/page-links.ts'
import { examplesOf, pullRequestPayload, pushPayload, requestBody } from '../support/payloads.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY } from '../support/plans.ts'
import { endedRun, makeBuild } from '../support/records.ts'
import { openFastHttpApp, openHttpApp, SECRET } from './http-app.ts'

let http: Awaited<ReturnType<typeof openHttpApp>>
let fast: Awaited<ReturnType<typeof openFastHttpApp>>
beforeAll(async () => {
  http = await openHttpApp()
  fast = await openFastHttpApp()
})
/** Most cases have a store in memory: those with a bucket show what only that refuses. */
const STORES = [
  ['a bucket', () => http, 30],
  ['a store in memory', () => fast, 270],
] as const
afterAll(async () => {
  await http.bucket.close()
  // No input has polluted a prototype.
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

const ODD_STRING = fc.oneof(
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
  key: ODD_STRING,
  values: [ODD_STRING, fc.double(), fc.boolean(), fc.constant(null)],
  maxDepth: 3,
})

/** The paths of all values in a payload. */
function pathsIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, [...path, key]))]
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
    ['check_run', { ...examplesOf('check_run')[0], action: 'requested_action' }],
    ['check_suite', { ...examplesOf('check_suite')[0], action: 'rerequested' }],
  ] as const

  test.each(STORES)(
    'answers a payload in which any field has any value, without a fault: %s',
    async (_, app, numRuns) => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...PAYLOADS),
          fc.nat(),
          anything,
          async ([event, payload], index, value) => {
            const paths = pathsIn(payload)
            const changed = withChange(payload, paths[index % paths.length] ?? [], value)
            const answer = await app().deliver(event, JSON.stringify(changed) ?? 'null')
            expect([200, 202, 400, 403]).toContain(answer.status)
            expect(await answer.json()).toEqual(expect.any(Object))
          },
        ),
        { numRuns },
      )
    },
  )

  test('answers the push and the deletion of any branch without a fault, and builds none whose name cannot be a key', async () => {
    const name = fc.oneof(
      ODD_STRING,
      fc.nat(3000).map(length => 'x'.repeat(length)),
    )
    const cases = fc.asyncProperty(name, fc.boolean(), async (branch, deleted) => {
      const answer = await http.deliver(
        'push',
        JSON.stringify({ ...pushPayload(), ref: `refs/heads/${branch}`, deleted }),
      )
      const isKey = branch.isWellFormed() && Buffer.byteLength(branch) <= 255
      expect([200, 202, isKey ? 200 : 400]).toContain(answer.status)
      expect(answer.status === 400).toBe(!isKey)
    })
    await fc.assert(cases, {
      numRuns: 60,
      examples: [
        ['\ud800', true],
        ['\ud800', false],
        ['x'.repeat(2000), true],
      ],
    })
  })

  test('answers any body, event and header without a fault', async () => {
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
        const answer = await http.deliver(event, text.toWellFormed(), {
          'x-github-delivery': id,
          'content-type': type,
        })
        expect(answer.status).toBeLessThan(500)
      }),
      { numRuns: 300 },
    )
  })

  test.each(['lambci_rebuild', 'lambci_deploy'])('answers any %s request without a fault', async event => {
    const request = fc.record({
      project: fc.oneof(ODD_STRING, fc.constant('gh/ada/web')),
      number: anything,
      stage: ODD_STRING,
      order: anything,
    })
    await fc.assert(
      fc.asyncProperty(request, async payload => {
        const answer = await http.deliver(event, requestBody(event, payload), {}, requestSecret(SECRET))
        expect(answer.status).not.toBe(401)
        expect(answer.status).toBeLessThan(500)
      }),
      { numRuns: 150 },
    )
  })
})

test.each(STORES)('pages answer any path and query without a fault: %s', async (_, app, numRuns) => {
  const PATHS = [
    '',
    '/builds/1',
    '/builds/1/log',
    '/builds/1/lines',
    '/builds/1/outline',
    '/builds/1/summary',
    '/builds/1/log.txt',
    '/badge.svg',
  ]
  const part = fc.oneof(ODD_STRING, fc.constantFrom('ada', 'web', '1', '..', '%2e%2e'))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...PATHS),
      part,
      part,
      fc.dictionary(fc.constantFrom('from', 'length', 'key', 'branch', 'status', 'download'), ODD_STRING),
      async (path, owner, repository, query) => {
        const names = [owner, repository].map(name => encodeURIComponent(name.toWellFormed()))
        const search = new URLSearchParams(query)
        for (const where of [`/gh/${names.join('/')}${path}`, `/gh/ada/web${path}`]) {
          const answer = await app().get(`${where}?${search}`)
          expect(answer.status).toBeLessThan(500)
          await answer.arrayBuffer()
        }
      },
    ),
    { numRuns },
  )
})

describe('a hostile record of a job', () => {
  const record = endedRun({ draft: draftWith([draftedJob('build')], { deploys: [PLANNED_DEPLOY] }) })

  test('is read or makes an errored build, and can be shown', () => {
    fc.assert(
      fc.property(fc.nat(), anything, (index, value) => {
        const paths = pathsIn(record)
        const changed = withChange(record, paths[index % paths.length] ?? [], value)
        const run = parseJobRun(Buffer.from(JSON.stringify(changed) ?? ''))
        const view = viewOf({ build: makeBuild(), run, report: null })
        const page = String(renderSummary(view, publicLinks(view)))
        expect(page).not.toMatch(/<script|javascript:/i)
      }),
      { numRuns: 500 },
    )
  })

  test('of any bytes and any size does not throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), bytes => void parseJobRun(bytes)),
      { numRuns: 300 },
    )
    expect(parseJobRun(Buffer.alloc(RUN_RECORD_LIMIT + 1, 'x'))).toMatchObject({ conclusion: 'errored' })
    expect(parseJobRun(Buffer.from('['.repeat(60_000)))).toMatchObject({ conclusion: 'errored' })
  })
})

test('any .lambci.json makes a plan or a UserError', () => {
  const file = fc.oneof(
    fc.json(),
    anything.map(value => JSON.stringify(value) ?? ''),
    fc.string({ unit: 'binary' }),
  )
  const build = { ...makeBuild(), settings: {} }
  fc.assert(
    fc.property(file, fc.boolean(), (text, isFork) => {
      const files = { ...NO_FILES, lambciJson: text }
      try {
        const subject = { ...build, trust: isFork ? ('fork' as const) : build.trust }
        planBuild(subject, resolveConfig({ build: subject, account: {}, base: files, head: files }))
      } catch (error) {
        expect(error).toBeInstanceOf(UserError)
        expect((error as Error).message.length).toBeLessThan(20_000)
      }
    }),
    { numRuns: 500 },
  )
})

test('any line of a log is laid out, and does not become longer', () => {
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
      // The cursor may move to the last column, and no further.
      expect(length).toBeLessThanOrEqual(Math.max(4001, text.length))
    }),
    { numRuns: 1000 },
  )
})
