import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BuildRef, buildKeys, jobKeys } from '../../src/records/keys.ts'
import type { JobState } from '../../src/records/report-record.ts'
import { after, JOB_STATES, recordsWithJobs } from '../support/records.ts'
import { openTestSystem, type TestSystem } from '../support/test-system.ts'
import { axeViolations } from './axe.ts'
import { openBrowser, openPage, takeScreenshot } from './browser.ts'

let ci: TestSystem
let browser: Browser
beforeAll(async () => {
  ;[ci, browser] = await Promise.all([openTestSystem(), openBrowser()])
})
afterAll(() => Promise.all([browser?.close(), ci?.close()]))

const WIDE = { viewport: { width: 1200, height: 900 } }
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }

const TESTS = Array.from({ length: 60 }, (_, index) => `ok ${index + 1} - paints square ${index + 1}\n`).join(
  '',
)
type Jobs = Parameters<typeof recordsWithJobs>[0]
const put = (key: string, value: object) =>
  ci.system.store.put(key, JSON.stringify(value), 'application/json')

/** Stores a build with these jobs, each with a log of its own. Returns its URL and a way to change its jobs. */
async function store(name: string, jobs: Jobs, changes: Parameters<typeof recordsWithJobs>[1] = {}) {
  const project = `gh/ada/${name}`
  const build = { project, number: 1, ...changes.build }
  const records = recordsWithJobs(jobs, { ...changes, build })
  const ref: BuildRef = records.build
  const keys = buildKeys(ref)
  await Promise.all([
    put(keys.build, records.build),
    put(keys.plan, records.plan),
    put(keys.report, records.report),
    ...records.report.jobs.map(({ key, attempt, endedAt }) => {
      const { log } = jobKeys(ref, { key, attempt })
      const text = `$ npm run job-${key}\n${TESTS}the end of job-${key}\n`
      return endedAt ? ci.system.store.put(log.whole, text, 'text/plain') : null
    }),
  ])
  return {
    url: `${ci.system.addresses.url}/${project}/builds/1`,
    change: async (
      change: Record<number, Partial<JobState>>,
      jobs = records.report.jobs,
      more: object = {},
    ) => {
      const states = jobs.map(state => ({ ...state, ...change[state.key] }))
      await put(keys.report, { ...records.report, ...more, jobs: states })
    },
  }
}

const shards = (count: number, states: Record<number, object> = {}) =>
  Array.from({ length: count }, (_, index) => ({
    shard: { index: index + 1, count },
    ...(states[index + 1] && { state: states[index + 1] }),
  }))
const needs = (...names: string[]) => names.map(job => ({ job, hasArtifacts: true }))
const { failed, running, queued, waiting, skipped } = JOB_STATES
const ALL: Jobs = [
  { name: 'lint', allowFailure: true, state: { ...failed, reason: 'npm run lint ended with exit code 2' } },
  { name: 'build' },
  ...shards(8, { 4: failed, 7: running, 8: queued }).map(job => ({ ...job, needs: needs('build') })),
  { name: 'node', cell: { NODE: '22' } },
  { name: 'node', cell: { NODE: '24' } },
  { name: 'e2e', needs: needs('build', 'unit'), state: skipped },
  { name: 'deploy', isDeploy: true, needs: needs('lint', 'build', 'unit', 'node', 'e2e'), state: waiting },
]
/** The same, when all have ended. */
const ENDED: Jobs = ALL.map(job => {
  const { state, ...rest } = job as Jobs[number]
  if (state === running || state === queued) return rest
  return state === waiting ? { ...rest, state: skipped } : job
})
const LEFT_OUT = {
  plan: { leftOut: [{ name: 'docs', reason: 'No file that matches docs/** has changed.' }] },
}
const end = {
  conclusion: 'failed',
  reason: '1 of 14 jobs failed: unit (4/8)',
  deploy: null,
  endedAt: after(60).toISOString(),
} as const

const top = (page: Page) => page.evaluate(() => scrollY)
const jobsOf = (page: Page) => page.getByRole('navigation', { name: 'Jobs' })

test('the list leads to the log of each job, by keyboard as well', async () => {
  const { url } = await store('list', ENDED, { ...LEFT_OUT, report: { end } })
  const { page, warnings } = await openPage(browser, url, WIDE)
  await page.getByText('the end of job-5').waitFor()
  expect(await page.locator('#shown').textContent()).toMatch(/^unit \(4\/8\)failed: npm test/)
  await page.getByRole('button', { name: 'First error' }).waitFor()
  await takeScreenshot(page, 'build-jobs')
  expect(await page.getByRole('link', { name: 'unit (8/8)' }).count()).toBe(1)
  const node = jobsOf(page).locator('summary', { hasText: 'node' })
  await node.focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('node (NODE=22)')
  await page.keyboard.press('Enter')
  await page.getByText('the end of job-10').waitFor()
  expect(new URL(page.url()).pathname).toBe('/gh/ada/list/builds/1/jobs/10')
  expect(await page.getByRole('button', { name: 'First error' }).isVisible()).toBe(false)
  expect(await jobsOf(page).locator('[aria-current]').textContent()).toContain('node (NODE=22)')
  expect(warnings).toEqual([])
  await page.close()
})

test('while jobs run, only what changes is drawn again', async () => {
  const { url, change } = await store('live', ALL, LEFT_OUT)
  const { page, warnings } = await openPage(browser, `${url}/jobs/1`, WIDE)
  await page.getByText('the end of job-1').waitFor()
  const node = jobsOf(page).locator('details', { hasText: 'node' })
  await node.locator('summary').click()
  await page.getByRole('link', { name: 'node (NODE=24)' }).focus()
  const unit = jobsOf(page).locator('details', { hasText: 'unit' }).first()
  // An element that is drawn anew loses this property.
  await unit.evaluate(element => Object.assign(element, { isSame: true }))
  await page.evaluate(() => scrollTo(0, 400))
  const line = page.locator('[data-line="30"]')
  const before = await line.boundingBox()
  const passed = { conclusion: 'passed', endedAt: after(50).toISOString() } as const
  await change({ 8: passed, 9: { startedAt: after(3).toISOString() } })
  await page.getByText('9 passed, 1 failed').waitFor()
  await jobsOf(page).getByText('6 passed, 1 failed, 1 running').waitFor()
  expect(await node.evaluate(element => (element as HTMLDetailsElement).open)).toBe(true)
  expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('node (NODE=24)')
  expect(await unit.evaluate(element => 'isSame' in element)).toBe(true)
  expect(await line.boundingBox()).toEqual(before)
  // A red one opens; the shown log stays.
  await change({ 8: passed, 10: failed }, undefined, { end })
  await page.waitForFunction(() => document.title.startsWith('failed'))
  expect(await page.locator('#shown h2').textContent()).toBe('build')
  expect(warnings).toEqual([])
  await page.close()
})

test('a page that was opened before the jobs were known shows one of them', async () => {
  const jobs = [
    { key: 1, state: running },
    { key: 2, name: 'lint', state: queued },
  ]
  const { url, change } = await store('early', jobs)
  await change({}, [])
  const { page, warnings } = await openPage(browser, url, WIDE)
  await page.locator('body.scripted').waitFor()
  expect(await page.locator('#shown').textContent()).toBe('')
  await change({})
  await page.locator('#shown h2').waitFor()
  expect(await page.locator('#shown').textContent()).toBe('unitrunning')
  expect(warnings).toEqual([])
  await page.close()
})

test.each([
  ['light', WIDE],
  ['dark', WIDE],
  ['phone', PHONE],
] as const)('%s: 100 jobs are accessible, and the log stays near', async (name, viewport) => {
  const many = Array.from({ length: 50 }, (_, index) => ({
    name: `package-${index}`,
    ...(index > 0 && index % 7 === 0 && { needs: needs(`package-${index - 1}`) }),
    ...(index > 45 && { state: waiting }),
  }))
  const { url } = await store(
    `many-${name}`,
    [...ALL.slice(0, -1), ...shards(40).map(job => ({ ...job, name: 'slow' })), ...many],
    LEFT_OUT,
  )
  const colorScheme = name === 'dark' ? 'dark' : 'light'
  const { page } = await openPage(browser, url, { ...viewport, colorScheme })
  await page.locator('.line').first().waitFor()
  expect(await axeViolations(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  const top = await page.locator('#log').evaluate(element => element.getBoundingClientRect().top)
  expect(top).toBeLessThan(viewport.viewport.height * 1.5)
  await takeScreenshot(page, `build-jobs-${name}`)
  await page.close()
})

test('the row of the shown job is in view, however long the list is', async () => {
  const { url } = await store('long', shards(100, { 90: failed }))
  const { page } = await openPage(browser, url, WIDE)
  await page.getByText('the end of job-89').waitFor()
  const row = await jobsOf(page).locator('[aria-current]').boundingBox()
  expect(row?.y).toBeLessThan(900)
  expect(await top(page)).toBe(0)
  await page.close()
})

test('without JavaScript the list and the shown log are there', async () => {
  const { url } = await store('plain', ENDED, { ...LEFT_OUT, report: { end } })
  const { page } = await openPage(browser, url, { ...WIDE, javaScriptEnabled: false })
  expect(await page.locator('#log pre').textContent()).toMatch(/the end of job-5/)
  await jobsOf(page).getByRole('link', { name: 'build' }).click()
  expect(await page.locator('#log pre').textContent()).toMatch(/the end of job-1$/)
  await jobsOf(page).locator('summary', { hasText: 'node' }).click()
  expect(await page.getByRole('link', { name: 'node (NODE=24)' }).isVisible()).toBe(true)
  await takeScreenshot(page, 'build-jobs-plain')
  await page.close()
})
