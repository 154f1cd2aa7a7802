import { html } from 'hono/html'
import { escapeControls } from '../model/escape-controls.ts'
import {
  describeCounts,
  failedTests,
  type TestFailure,
  type TestRecord,
  titleOfTest,
  totalOf,
} from '../model/tests.ts'
import { placeOf } from '../records/failure-wording.ts'
import { allJobsOf } from '../records/json-view.ts'
import type { Store } from '../records/store.ts'
import { readTestRecord } from '../records/test-record.ts'
import type { JobView, View } from '../records/view.ts'

/** A page reads the reports of at most this many red jobs. */
const MOST_READ = 20

/** The results of one job, with its failures as far as they are recorded and were read. */
export type JobTests = { job: JobView; record: TestRecord | null; isRead: boolean }

const testedJobs = (view: View) => allJobsOf(view).filter(({ tests }) => tests !== null)

/** How many tests the jobs of a build have reported; null if none has. */
export function countTests(view: View): number | null {
  const tested = testedJobs(view)
  const count = tested.reduce((sum, { tests }) => sum + (tests ? totalOf(tests) : 0), 0)
  return tested.length === 0 ? null : count
}

/** Reads the failures of the jobs of a build. Files that a job has left after it failed decide nothing. */
export async function readTests(store: Store, view: View): Promise<JobTests[]> {
  const tested = testedJobs(view)
  const red = tested.filter(({ ref, tests }) => ref && tests && failedTests(tests) > 0).slice(0, MOST_READ)
  return Promise.all(
    tested.map(async job => {
      const { ref } = job
      const isRead = ref !== null && red.includes(job)
      const of = isRead ? { project: view.project, number: ref.build } : null
      return { job, isRead, record: of && ref ? await readTestRecord(store, of, ref) : null }
    }),
  )
}

/** Renders the tests of a build, the failures first. */
export function renderTests(tests: readonly JobTests[]) {
  if (tests.length === 0)
    return html`<p>No job of this build has reported its tests. Name its reports in <code>"tests"</code> to see them here.</p>`
  const isOne = tests.length === 1
  const sorted = tests.toSorted((one, other) => failures(other) - failures(one))
  return html`${sorted.map(each => renderJob(each, isOne))}`
}

const failures = ({ job }: JobTests) => (job.tests ? failedTests(job.tests) : 0)

function renderJob({ job, record, isRead }: JobTests, isOne: boolean) {
  const { tests, title } = job
  if (!tests) return ''
  const failed = failedTests(tests)
  const listed = record?.failures ?? []
  const left = failed - listed.length
  const more = isRead && left > 0 ? html`<p class="soft">and ${left} more, in the log</p>` : ''
  return html`<section><h2>${isOne ? 'Tests' : escapeControls(title)}: ${describeCounts(tests)}</h2>
${listed.length > 0 ? html`<ul class="rows">${listed.map(renderFailure)}</ul>` : ''}${more}</section>`
}

function renderFailure(failure: TestFailure) {
  const place = placeOf(failure)
  const { message } = failure
  const text = message
    .split('\n')
    .map(line => escapeControls(line.replaceAll('\t', '    ')))
    .join('\n')
  return html`<li><details><summary><b class="red">${escapeControls(titleOfTest(failure))}</b>${place === null ? '' : html` <code>${escapeControls(place)}</code>`}</summary>${text === '' ? '' : html`<pre tabindex="0">${text}</pre>`}</details></li>`
}
