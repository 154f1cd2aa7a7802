import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MOST_FAILURES as MOST_RECORDED, type TestFailure } from '../../../src/model/tests.ts'
import { annotationsOf, isInRepository } from '../../../src/notifiers/check-run/annotations.ts'
import { checkRunOf, conclusionOf } from '../../../src/notifiers/check-run/check-run.ts'
import {
  type Details,
  type FailedTest,
  MOST_FAILURES,
  readDetails,
} from '../../../src/notifiers/check-run/details.ts'
import { blockOf, codeOf } from '../../../src/notifiers/check-run/markdown.ts'
import type { CommitEntry } from '../../../src/records/commit-record.ts'
import { outPrefix } from '../../../src/records/keys.ts'
import type { View } from '../../../src/records/view.ts'
import { CODE_POINT } from '../../support/code-points.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { JOB_STATES, viewWith, viewWithJobs } from '../../support/records.ts'
import { runs } from '../../support/runs.ts'

const AT = { project: 'gh/ada/web', repository: 'ada/web', commit: 'a'.repeat(40), name: 'lambci/push' }
const URL_OF_7 = 'https://ci.example.com/gh/ada/web/builds/7?key=the-key'
const entry = (state: CommitEntry['state'], change: Partial<CommitEntry> = {}): CommitEntry => ({
  ...{ number: 7, state, description: `${state} 7`, targetUrl: URL_OF_7, context: 'lambci/push' },
  ...{ subject: 'master', headName: 'master', isFork: false, isGone: false },
  ...change,
})
const failure = (change: Partial<FailedTest> = {}): FailedTest => ({
  ...{ suite: 'cart', name: 'multiplies', message: '5 is not 6', file: 'test/cart.test.js', line: 7 },
  ...{ job: 'unit', isAllowed: false },
  ...change,
})
const FAILED = viewWithJobs([{ name: 'lint' }, { name: 'unit', key: 1, state: JOB_STATES.failed }], {
  report: {
    end: {
      conclusion: 'failed',
      reason: '1 of 2 jobs failed: unit',
      deploy: null,
      endedAt: '2026-11-20T10:00:44.000Z',
    },
    cost: 0.0021,
  },
})
const detailsOf = (change: Partial<Details> = {}): Details => ({
  ...{ view: FAILED, failures: [failure()], failed: 1, mayRetry: true },
  ...change,
})

test.each<[string, CommitEntry, string | null]>([
  ['that runs', entry('pending'), null],
  ['that waits for approval', entry('pending', { isUnstarted: true }), 'action_required'],
  ['that passed', entry('success'), 'success'],
  ['that failed', entry('failure'), 'failure'],
  ['that took too long', entry('failure', { conclusion: 'timed_out' }), 'timed_out'],
  ['that is an error, also because it is skipped by now', entry('error'), 'failure'],
  ['that was cancelled', entry('error', { conclusion: 'cancelled' }), 'cancelled'],
  ['that was not approved', entry('error', { conclusion: 'cancelled', isUnstarted: true }), 'cancelled'],
])('the conclusion of a build %s', (_, truth, expected) => {
  expect(conclusionOf(truth)).toBe(expected)
})

test('a check run has the text and the link of the status, and names its build', () => {
  expect(checkRunOf(AT, entry('pending'), null)).toEqual({
    ...{ repository: 'ada/web', commit: AT.commit, name: 'lambci/push', conclusion: null },
    ...{ externalId: 'gh/ada/web#7', detailsUrl: URL_OF_7, title: 'pending 7' },
    summary: expect.stringContaining('Log and details'),
    ...{ annotations: [], actions: [] },
  })
})

const labels = (truth: CommitEntry, details: Details | null) =>
  checkRunOf(AT, truth, details).actions.map(({ label }) => label)

test('a build that has ended can be run again, and what failed in it if that is possible', () => {
  expect(labels(entry('failure'), detailsOf())).toEqual(['Re-run failed', 'Re-run all'])
  expect(labels(entry('failure'), detailsOf({ mayRetry: false }))).toEqual(['Re-run all'])
  expect(labels(entry('success'), null)).toEqual(['Re-run all'])
  expect(labels(entry('pending', { isUnstarted: true }), null)).toEqual([])
  for (const action of checkRunOf(AT, entry('failure'), detailsOf()).actions) {
    expect(action.label.length).toBeLessThanOrEqual(20)
    expect(action.identifier.length).toBeLessThanOrEqual(20)
    expect(action.description.length).toBeLessThanOrEqual(40)
  }
})

test('the summary has the jobs with links, the cost, the first failures, and how many more there are', () => {
  const { summary } = checkRunOf(AT, entry('failure'), detailsOf({ failed: 214 }))
  const readable = decoded(summary)
  expect(readable).toContain(
    '<a href="https://ci.example.com/gh/ada/web/builds/7/jobs/1?key=the-key"><code>unit</code></a> | failed: <code>npm test ended with exit code 1</code> | 42 s |',
  )
  expect(readable).toContain('Failed tests: 214 · Cost: ~$0.0021')
  expect(readable).toContain(
    '**<code>unit</code>: <code>cart › multiplies</code>** (<code>test/cart.test.js:7</code>)\n\n<pre>5 is not 6</pre>',
  )
  expect(readable).toContain(`<a href="${URL_OF_7}">and 213 more</a>`)
})

const decoded = (text: string) => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))

const HOSTILE = [
  '<script>alert(1)</script>',
  '![x](https://evil.example/p.png)',
  '[click](javascript:alert(1))',
  '@everybody #1 ada/web#2 GH-3',
  '``` ` </code></pre>',
  'a | b \\| c \\\\| d',
  '\u001b[31mred\u001b[0m\u0007',
  'line\r\n\r\n# heading\n- item',
  'https://evil.example www.evil.example me@evil.example',
  '&lt;b&gt; &amp; &#64;',
  '\u202eelif.exe',
  '\ud800',
]

/** Letters, digits, spaces, what is not ASCII, and numeric references: nothing has a meaning in Markdown or HTML. */
const HARMLESS = /^(?:[A-Za-z0-9 ]|[^\p{ASCII}\p{Cc}\p{Cf}\p{Cs}]|&#\d+;)*$/u

test.each(HOSTILE)('%j is text in a summary, whatever brings it', text => {
  const failures = [
    failure({ suite: text, name: text, message: `${text}\n\n${text}`, file: text, job: text }),
  ]
  const view: View = {
    ...FAILED,
    jobs: FAILED.jobs.map(job => ({ ...job, title: text, reason: text })),
    deploys: [{ stage: 'dev', status: 'failed', reason: text, exit: null, url: null }],
  }
  const { summary } = checkRunOf(AT, entry('failure'), detailsOf({ view, failures }))
  const others = summary
    .replace(/<(code|pre)>(.*?)<\/\1>/gs, (_, __, inner: string) => {
      for (const line of inner.split('\n')) expect(line).toMatch(HARMLESS)
      return ''
    })
    .replace(/<a href="((?:[A-Za-z0-9]|&#\d+;)+)">(?:[A-Za-z0-9 ]*)<\/a>/g, '')
  expect(others).toMatch(/^[A-Za-z0-9 .,:&#;·|*()\n-]*$/)
  // No row of the table is broken, and no block ends early.
  expect(summary.match(/^\| .* \|$/gm)).toHaveLength(3)
  expect(summary.match(/<pre>.*?<\/pre>/gs)?.join('')).not.toContain('\n\n')
})

test('any text is text, in one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), text => {
      const block = blockOf([text], 10_000).replace(/^<pre>(.*)<\/pre>$/s, '$1')
      const lines = [codeOf(text).replace(/^<code>(.*)<\/code>$/, '$1'), ...block.split('\n')]
      return lines.every(line => HARMLESS.test(line))
    }),
    runs(50),
  )
  expect(decoded(codeOf('a < b && `c` | d @me #1'))).toBe('<code>a < b && `c` | d @me #1</code>')
})

test.each(['src/a.ts', 'a', 'a b/c.d', 'ä/ö.js', '.github/x.yml', '..a/b..', 'a..b'])(
  '%j is a file of a repository',
  path => {
    expect(isInRepository(path)).toBe(true)
  },
)

test.each([
  ...[
    '',
    '/etc/passwd',
    '../secret',
    'a/../../b',
    './a',
    'a/./b',
    'a//b',
    'a/',
    '.git/config',
    'x/.git/hooks',
  ],
  ...['C:\\x', 'c:/x', 'a\\b', 'a\nb', 'a\u0000b', '\u202ea', '\ud800'],
])('%j is no file of a repository, and gets no annotation', path => {
  expect(isInRepository(path)).toBe(false)
  expect(annotationsOf([failure({ file: path })])).toEqual([])
})

test('annotations: failures first, plain text, within the limits of GitHub', () => {
  const long = failure({
    name: 'x'.repeat(300),
    message: `\u001b[31m${'m'.repeat(4090)}\u0007`,
    line: 10_000_000,
  })
  const empty = failure({ message: '\n\u0000', line: null, job: null })
  const many = Array.from({ length: 100 }, (_, line) => failure({ line: line + 1 }))
  const [first, second, ...others] = annotationsOf([long, empty, failure({ file: null }), ...many])
  expect(first).toMatchObject({ line: 10_000_000, level: 'failure', message: 'm'.repeat(4000) })
  expect(first?.title).toHaveLength(255)
  expect(second).toEqual({
    ...{ path: 'test/cart.test.js', line: 1, level: 'failure', title: 'cart › multiplies' },
    message: 'The report has no message.',
  })
  expect(others).toHaveLength(MOST_FAILURES - 2)
  expect(annotationsOf([failure({ isAllowed: true })])).toMatchObject([{ level: 'warning' }])
})

test('a summary is within the limit of GitHub, with 256 jobs of the longest titles and failures of the longest texts', () => {
  const text = '語<'.repeat(250)
  const view: View = {
    ...FAILED,
    jobs: Array.from({ length: 256 }, (_, key) => ({
      ...(FAILED.jobs[1] as View['jobs'][number]),
      key,
      title: text,
      reason: text,
    })),
  }
  const failures = Array.from({ length: 50 }, () =>
    failure({ suite: text, name: text, message: `${text}\n`.repeat(20) }),
  )
  const { summary } = checkRunOf(AT, entry('failure'), detailsOf({ view, failures, failed: 1_000_000 }))
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(65_535)
  expect(summary).toMatch(/and \d+ more jobs</)
  expect(summary).toContain('<pre>')
  expect(summary).toMatch(/and 99999\d more</)
  expect(summary.match(/<(a|pre|code)[ >]/g)?.length).toBe(summary.match(/<\/(a|pre|code)>/g)?.length)
})

const recordOf = (failures: TestFailure[]) =>
  JSON.stringify({ ...{ passed: 1, failed: 30, errored: 0, skipped: 0, flaky: 0 }, failures, reports: [] })
const redJobs = (count: number) =>
  viewWithJobs(
    Array.from({ length: count }, (_, key) => ({
      ...{ name: `job-${key}`, key, allowFailure: key === 0 },
      state: { ...JOB_STATES.failed, tests: [1, 30, 0, 0] as [number, number, number, number] },
    })),
    {
      report: {
        end: { conclusion: 'failed', reason: 'r', deploy: null, endedAt: '2026-11-20T10:00:44.000Z' },
      },
    },
  )
const contextOf = (own: View | null, store = openMemoryStore()) => ({
  own,
  store,
  mayRetry: async () => true,
})

test('failures are read from the records of red jobs, those that are allowed last, and no more than are shown', async () => {
  const store = openMemoryStore()
  const reads: string[] = []
  const view = redJobs(200)
  const { job: _, isAllowed: __, ...recorded } = failure()
  for (const { key } of view.jobs)
    await store.put(
      `${outPrefix(view, { key: key ?? 0, attempt: 1 })}tests.json`,
      recordOf(Array.from({ length: MOST_RECORDED }, (_, line) => ({ ...recorded, line: line + 1 }))),
      'application/json',
    )
  const counted = {
    ...store,
    getRange: (...given: Parameters<typeof store.getRange>) => {
      reads.push(given[0])
      return store.getRange(...given)
    },
  }
  const details = await readDetails(view, contextOf(view, counted))
  expect(details?.failures).toHaveLength(MOST_FAILURES)
  expect(details?.failures[0]).toMatchObject({ job: 'job-1', line: 1, isAllowed: false })
  expect(details?.failed).toBe(6000)
  expect(reads.length).toBeLessThanOrEqual(5)
  const two = redJobs(2)
  const both = await readDetails(two, contextOf(two, counted))
  expect(both?.failures.map(({ job }) => job)).toEqual([
    ...Array(20).fill('job-1'),
    ...Array(20).fill('job-0'),
  ])
})

test('a record of tests that cannot be believed, or is not there, leaves the failure that the job has in its own record', async () => {
  const store = openMemoryStore()
  const view = viewWith({
    run: {
      ...{ conclusion: 'failed', exit: { kind: 'exited', code: 1 }, reason: 'npm test' },
      tests: { passed: 1, failed: 2, errored: 0, skipped: 0, flaky: 0 },
      failure: {
        ...{ source: 'report', test: 'cart › is empty', excerpt: ['no'] },
        ...{ file: null, line: null, logLine: null },
      },
    },
  })
  for (const body of [null, '{}', 'x'.repeat(300_000), '{"failures": [{"file": 7}]}']) {
    if (body)
      await store.put(`${outPrefix(view, { key: 0, attempt: 1 })}tests.json`, body, 'application/json')
    const details = await readDetails(view, contextOf(view, store))
    expect(details).toMatchObject({
      failures: [{ name: 'cart › is empty', message: 'no', job: null }],
      failed: 2,
    })
  }
})

test('settings that are not valid take a button away, and nothing else', async () => {
  const view = redJobs(1)
  const mayRetry = () => Promise.reject(new Error('config/global.json: "allow" is missing'))
  expect(await readDetails(view, { ...contextOf(view), mayRetry })).toMatchObject({ mayRetry: false })
})
