import { expect, test } from 'vitest'
import { escapeControls } from '../../../src/model/escape-controls.ts'
import { groupJobs } from '../../../src/pages/job-groups.ts'
import { renderJobList, renderShown } from '../../../src/pages/job-list.ts'
import { fileNameOf } from '../../../src/pages/log.ts'
import { earlyLogOf, findLog, firstLog, identityOf, leadLogOf } from '../../../src/pages/shown-log.ts'
import type { View } from '../../../src/records/view.ts'
import { HOSTILE } from '../../support/payloads.ts'
import { JOB_STATES, viewWith, viewWithJobs } from '../../support/records.ts'

const shards = (count: number, states: Record<number, object> = {}) =>
  Array.from({ length: count }, (_, index) => ({
    shard: { index: index + 1, count },
    ...(states[index + 1] && { state: states[index + 1] }),
  }))
const needs = (...names: string[]) => names.map(job => ({ job, hasArtifacts: true }))
const list = (view: View, shown = firstLog(view).job) =>
  String(renderJobList({ view, shown, withKey: path => `${path}?key=k` }))
/** What people read, a line for each row. */
const textOf = (page: string) =>
  page
    .replace(/<(?:li|\/summary|h2|p)\b[^>]*>/g, '\n')
    .replace(/<[^>]*>/g, '')
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean)

test('a build of one job has an empty list', () => {
  expect(list(viewWith())).toBe('<nav id="jobs" aria-label="Jobs"></nav>')
  expect(String(renderShown(viewWith(), leadLogOf(viewWith()), path => path))).toBe('<div id="shown"></div>')
})

test('each job has its state, duration, place and reason; what did not run has no log to open', () => {
  const view = viewWithJobs(
    [
      { name: 'lint', allowFailure: true, state: { ...JOB_STATES.failed, reason: 'eslint . failed' } },
      { name: 'build', state: JOB_STATES.failed },
      { name: 'unit', needs: needs('build'), state: JOB_STATES.skipped },
      { name: 'e2e', needs: needs('build', 'unit'), state: JOB_STATES.waiting },
    ],
    { plan: { leftOut: [{ name: 'docs', reason: 'No file below docs/ has changed.' }] } },
  )
  const page = list(view)
  expect(textOf(page)).toEqual([
    ...['5 jobs', '1 failed, 1 failed as allowed, 1 skipped, 1 waiting, 1 left out'],
    ...['lint failed, allowed', '42 s on Lambda', 'eslint . failed'],
    ...['build failed', '42 s on Lambda', 'npm test ended with exit code 1'],
    ...['unit skipped', 'unit failed', 'needs build'],
    ...['e2e waiting', 'needs build, unit'],
    ...['docs left out', 'No file below docs/ has changed.'],
  ])
  expect(page.match(/href="[^"]*"/g)).toEqual([
    'href="/gh/ada/web/builds/7/jobs/0?key=k"',
    'href="/gh/ada/web/builds/7/jobs/1?key=k"',
  ])
  expect(page.match(/<a [^>]*aria-current[^>]*>/g)).toEqual([expect.stringContaining('jobs/1?')])
  expect(page.match(/depth-\d/g)).toEqual(['depth-0', 'depth-0', 'depth-1', 'depth-2', 'depth-0'])
})

test('shards and cells are one row, which is open if one of them is red', () => {
  const view = viewWithJobs([
    ...shards(8, { 4: JOB_STATES.failed, 5: JOB_STATES.running }),
    { name: 'node', cell: { NODE: '22' } },
    { name: 'node', cell: { NODE: '24' } },
    { name: 'both', cell: { NODE: '22' }, shard: { index: 1, count: 2 } },
    { name: 'both', cell: { NODE: '22' }, shard: { index: 2, count: 2 } },
    { name: 'deploy', isDeploy: true, needs: needs('unit', 'node', 'both'), state: JOB_STATES.waiting },
  ])
  const page = list(view)
  expect(page.match(/<details[^>]*>/g)).toEqual([
    '<details data-open="true" open>',
    '<details data-open="false">',
    '<details data-open="false">',
  ])
  const text = textOf(page)
  expect(text).toContain('unit 8 shards: 6 passed, 1 failed, 1 running')
  expect(text).toContain('node 2 cells: 2 passed')
  expect(text).toContain('both (NODE=22) 2 shards: 2 passed')
  expect(text.slice(-2)).toEqual(['deploy waiting', 'after all other jobs'])
})

test('100 shards are one row, and many needs are counted', () => {
  const many = Array.from({ length: 20 }, (_, index) => ({ name: `job-${index}` }))
  const last = { name: 'last', needs: needs(...many.map(({ name }) => name)) }
  const view = viewWithJobs([{ name: 'first' }, ...shards(100), ...many, last])
  expect(groupJobs(view.jobs, null)).toHaveLength(23)
  expect(textOf(list(view)).at(-1)).toBe('needs job-0, job-1, job-2, job-3, job-4, job-5 and 14 more')
})

test('a page begins with the first red log, or else the first that runs', () => {
  const first = (...states: object[]) =>
    firstLog(viewWithJobs(states.map((state, index) => ({ name: `job-${index}`, state })))).job?.name
  const { failed, running, waiting, skipped } = JOB_STATES
  expect(first({}, running, failed, failed)).toBe('job-2')
  expect(first({}, waiting, running)).toBe('job-2')
  expect(first(skipped, {}, {})).toBe('job-1')
  const allowed = viewWithJobs([{ name: 'free' }, { name: 'lint', allowFailure: true, state: failed }])
  expect(firstLog(allowed).job?.name).toBe('free')
  expect(firstLog(viewWith())).toMatchObject({ job: null, path: '/gh/ada/web/builds/7' })
})

test('a path names a job of the build, or the one that has planned it', () => {
  const view = viewWithJobs([{ key: 1 }, { key: 2, name: 'later', state: JOB_STATES.waiting }])
  expect(findLog(view, '1')).toMatchObject({
    path: '/gh/ada/web/builds/7/jobs/1',
    isRed: false,
    isOver: true,
  })
  expect(findLog(view, '2')).toMatchObject({ ref: null, isOver: false })
  expect(findLog(view, '0')).toMatchObject({ job: null, ref: { key: 0, attempt: 1 } })
  for (const wrong of ['3', '01', '-1', '1e0', '1000', '', '__proto__', 'unit', ' 1'])
    expect(findLog(view, wrong)).toBeNull()
})

test('another attempt is another log', () => {
  const view = viewWithJobs([{ state: { ...JOB_STATES.running, attempt: 2 } }])
  expect(identityOf(firstLog(view))).toBe('0/2')
  expect(identityOf(leadLogOf(view))).toBe('0/1')
  expect(identityOf(leadLogOf(viewWith()))).toBe('0/1')
  // A page without jobs changes to one of them, unless it shows that one already.
  expect(identityOf(earlyLogOf(viewWith()))).toBe('0/1')
  expect(identityOf(earlyLogOf(viewWithJobs([{}, { name: 'red', state: JOB_STATES.failed }])))).toBe('0/1')
  expect(identityOf(earlyLogOf(viewWithJobs([{ key: 1 }])))).toBe('1/1')
})

test.each([...HOSTILE, '"><script>alert(1)</script>', '\u202egnp.exe', '</summary></nav><img src=x>'])(
  '%j stays text in the list',
  text => {
    const jobs = (value: string) =>
      viewWithJobs(
        [
          { name: 'node', cell: { A: value }, state: { ...JOB_STATES.failed, reason: value } },
          { name: 'node' },
        ],
        { plan: { leftOut: [{ name: 'docs', reason: value }] } },
      )
    const [hostile, plain] = [jobs(text), jobs('x')].map(
      view => `${list(view)}${renderShown(view, firstLog(view), path => path)}`,
    )
    const tagsOf = (page = '') => page.match(/<[^>]*>?/g)
    expect(tagsOf(hostile)).toEqual(tagsOf(plain))
    const line = hostile?.replaceAll('\n', '') ?? ''
    expect(escapeControls(line)).toBe(line)
    expect(fileNameOf(hostileRef, `node (A=${text})`)).toMatch(/^ada-web-7-node-[A-Za-z0-9._-]*\.txt$/)
  },
)
const hostileRef = { project: 'gh/ada/web', number: 7 }

const PASSED_IN = { build: 3, key: 0, attempt: 2, startedAt: null, endedAt: null }

test('a job that was taken over says in which build it has passed, and opens the log that it has there', () => {
  const taken = { key: 1, passedIn: PASSED_IN, state: { publications: 0 } }
  const view = viewWithJobs(
    [
      { name: 'lint', ...taken },
      { name: 'unit', key: 2 },
    ],
    { build: { retryOf: 5 } },
  )
  const page = list(view)
  expect(textOf(page)).toEqual([
    ...['2 jobs', '2 passed (1 earlier)'],
    ...['lint passed in #3', '42 s on Lambda', 'unit passed', '42 s on Lambda'],
  ])
  expect(page).toContain('href="/gh/ada/web/builds/7/jobs/1?key=k"')
  const found = findLog(view, '1')
  expect(found).toMatchObject({
    ref: { build: 3, key: 0, attempt: 2 },
    path: '/gh/ada/web/builds/7/jobs/1',
    isOver: true,
  })
  expect(found && identityOf(found)).toBe('3/0/2')
  // The page begins with what was run.
  expect(firstLog(view).job?.name).toBe('unit')
  const all = viewWithJobs([{ name: 'lint', ...taken }])
  expect(firstLog(all).job?.name).toBe('lint')
})

test('the log of the lead is not that of a job which an earlier lead has run', () => {
  const view = viewWithJobs([
    { name: 'lint', key: 1, passedIn: { ...PASSED_IN, attempt: 1 }, state: { publications: 0 } },
  ])
  expect(leadLogOf(view)).toMatchObject({ job: null, ref: { build: 7, key: 0, attempt: 1 } })
})
