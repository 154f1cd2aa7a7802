import { expect, test } from 'vitest'
import { printFailure } from '../../../src/cli/commands/print-failure.ts'
import { processIo } from '../../../src/cli/io.ts'
import type { JobFailure } from '../../../src/model/failure.ts'
import { firstLog } from '../../../src/pages/shown-log.ts'
import { renderSummary } from '../../../src/pages/summary.ts'
import { describeFailure, headingOf } from '../../../src/records/failure-wording.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import { jobKeys } from '../../../src/records/keys.ts'
import { readFailed } from '../../../src/records/read-records.ts'
import type { JobState } from '../../../src/records/report-record.ts'
import { type View, viewOf } from '../../../src/records/view.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { publicLinks } from '../../support/page-links.ts'
import { after, endedRun, recordsWithJobs, viewWith } from '../../support/records.ts'

const failureOf = (test: string): JobFailure => ({
  ...{ source: 'log', test, excerpt: ['5 !== 6', '\tat cart.js:3'], file: 'cart.js', line: 3, logLine: 12 },
})
const END: JobFailure = {
  ...{ source: 'end', test: null, excerpt: ['why'], file: null, line: null, logLine: 40 },
}
const FAILED = {
  conclusion: 'failed',
  exit: { kind: 'exited', code: 1 },
  reason: 'x',
  record: 'end',
} as const
const NAMED = { ...FAILED, isNamed: true } as const
const DIED = { conclusion: 'errored', exit: null, reason: 'The job died', record: 'claim' } as const

type Job = { name: string; state?: Partial<JobState>; failure?: unknown } & Partial<
  Record<'allowFailure' | 'isDeploy', boolean>
>

/** The view of a build of these jobs, as it is read from the bucket. */
async function viewOfJobs(jobs: readonly Job[], isOver = true): Promise<View> {
  const store = openMemoryStore(() => after(50))
  const end = { conclusion: 'failed', reason: 'x', deploy: null, endedAt: after(44).toISOString() } as const
  const planned = jobs.map(({ failure: _, ...job }) => job)
  const records = recordsWithJobs(planned, isOver ? { report: { end } } : {})
  for (const [key, { failure, state }] of jobs.entries()) {
    const run = endedRun({ ...state, failure } as Partial<JobRun>)
    const keys = jobKeys(records.build, { key, attempt: 1 })
    await store.put(keys.record('end'), JSON.stringify(run), 'application/json')
  }
  return viewOf({ ...records, failed: await readFailed(store, records.build, records) })
}

test.each<[string, readonly Job[], string | null]>([
  [
    'the first job that names a test',
    [
      { name: 'lint', state: FAILED, failure: END },
      { name: 'unit', state: NAMED, failure: failureOf('a') },
      { name: 'e2e', state: NAMED, failure: failureOf('b') },
    ],
    'unit: a (cart.js:3)',
  ],
  [
    'the first red job, if none names anything',
    [
      { name: 'docs' },
      { name: 'lint', state: FAILED, failure: END },
      { name: 'e2e', state: FAILED, failure: END },
    ],
    'lint',
  ],
  [
    'no job that may fail',
    [
      { name: 'lint', state: NAMED, failure: failureOf('a'), allowFailure: true },
      { name: 'unit', state: NAMED, failure: failureOf('b') },
    ],
    'unit: b (cart.js:3)',
  ],
  [
    'the only job, without its name',
    [{ name: 'unit', state: NAMED, failure: failureOf('a') }],
    'a (cart.js:3)',
  ],
  [
    'the only job beside a deploy, without its name',
    [
      { name: 'unit', state: NAMED, failure: failureOf('a') },
      { name: 'deploy', isDeploy: true, state: { conclusion: 'skipped', publications: 0, exit: null } },
    ],
    'a (cart.js:3)',
  ],
  ['nothing of a job that died', [{ name: 'lint', state: DIED }, { name: 'unit' }], null],
  [
    'nothing of a record that cannot be believed',
    [
      { name: 'lint', state: NAMED, failure: { ...failureOf('a'), excerpt: ['x'.repeat(9999)] } },
      { name: 'unit' },
    ],
    null,
  ],
])('a red build is about %s', async (_, jobs, described) => {
  const { failure } = await viewOfJobs(jobs)
  expect(failure && describeFailure(failure)).toBe(described)
})

test('before the end of a build, nothing has made it red', async () => {
  const jobs = [{ name: 'unit', state: NAMED, failure: failureOf('a') }, { name: 'lint' }]
  expect((await viewOfJobs(jobs, false)).failure).toBeNull()
})

const SEVERAL: readonly Job[] = [
  { name: 'lint', state: FAILED, failure: END },
  { name: 'unit', state: NAMED, failure: failureOf('a') },
]

test("a page opens the log of the job that has made the build red, and leads there from another job's", async () => {
  const view = await viewOfJobs(SEVERAL)
  const links = { ...publicLinks(view), withKey: (path: string) => `${path}?key=k` }
  const shown = firstLog(view)
  expect(shown.job?.name).toBe('unit')
  expect(String(renderSummary(view, links, shown))).toContain('<a href="#L12">Line 12 of the log</a>')
  const [lint = null] = view.jobs
  expect(String(renderSummary(view, links, { ...shown, job: lint }))).toContain(
    '<a href="/gh/ada/web/builds/7/jobs/1?key=k#L12">Line 12 of the log</a>',
  )
})

/** What `lambci logs` adds to a log. */
function printed(view: View, jobs?: View['jobs']): string {
  let text = ''
  const stderr = { write: (written: string) => (text += written) } as unknown as typeof processIo.stderr
  printFailure(view, { ...processIo, stderr }, jobs)
  return text
}

test('the command line prints after the log of a job what made the build red, unless that is the end of the log', async () => {
  const view = await viewOfJobs(SEVERAL)
  const [lint, unit] = view.jobs
  expect(printed(view)).toBe(
    '\nThe first test that failed: unit: a (cart.js:3), line 12 of its log\n    5 !== 6\n        at cart.js:3\n',
  )
  expect(printed(view, unit && [unit])).toBe(printed(view))
  expect(printed(view, lint && [lint])).toBe('')
  expect(printed(viewWith({ run: { ...FAILED, failure: END } }))).toBe('')
  const hostile = { ...failureOf('\u001b[2J\u202e'), excerpt: ['\u001b]0;x\u0007'], logLine: null }
  expect(printed(viewWith({ run: { ...FAILED, failure: hostile } }))).toBe(
    '\nThe first test that failed: \\x1b[2J\\u202e (cart.js:3)\n    \\x1b]0;x\\x07\n',
  )
})

test.each<[Partial<JobFailure>, string | null, string]>([
  [{}, 'unit: a (cart.js:3)', 'The first test that failed'],
  [{ line: null }, 'unit: a (cart.js)', 'The first test that failed'],
  [{ file: null }, 'unit: a', 'The first test that failed'],
  [{ test: null }, 'unit: cart.js:3', 'The first error'],
  [END, 'unit', 'The last line of the output'],
  [{ ...END, excerpt: ['a', 'b'] }, 'unit', 'The last 2 lines of the output'],
])('%o reads %j', (change, described, heading) => {
  const failure = { ...failureOf('a'), ...change, job: 'unit', key: 1, flakiness: null }
  expect([describeFailure(failure), headingOf(failure)]).toEqual([described, heading])
  const unnamed = describeFailure({ ...failure, job: null })
  expect(unnamed).toBe(described === 'unit' ? null : described?.slice('unit: '.length))
})
