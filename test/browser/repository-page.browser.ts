import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { axeViolations } from './axe.ts'
import { openBrowser, openPage, takeScreenshot } from './browser.ts'

let ci: TestSystem
let browser: Browser
const url = () => `${ci.system.addresses.url}/gh/ada/web`
beforeAll(async () => {
  ;[ci, browser] = await Promise.all([openTestSystem(), openBrowser()])
  const rest = { stages: { master: 'dev', qa: 'qa' }, deploy: 'true' }
  const at = await ci.write(lambciJson('npm test', rest))
  const builds: [branch: string, cmd: string, message: string][] = [
    ['master', 'true', 'Paint it green'],
    ['qa', 'true', 'Paint it green for qa'],
    ['topic', 'exit 1', 'Try it in red'],
    ['master', 'true', 'Add a border'],
  ]
  for (const [index, [branch, cmd, message]] of builds.entries()) {
    await ci.push(at, 'ada/web', branch, lambciJson(cmd, rest), message)
    await ci.ended({ project: 'gh/ada/web', number: index + 1 })
  }
})
afterAll(() => Promise.all([browser?.close(), ci?.close()]))

test('shows and filters builds, and shows stages and branches', async () => {
  const { page, warnings, requests } = await openPage(browser, url(), {
    viewport: { width: 1200, height: 900 },
  })
  expect(await page.locator('ol.rows > li').count()).toBe(4)
  const stages = page.getByRole('list', { name: 'Deployed to each stage' })
  expect(await stages.getByRole('listitem').allTextContents()).toEqual([
    expect.stringMatching(/dev [0-9a-f]{10} #4/),
    expect.stringMatching(/qa [0-9a-f]{10} #2/),
  ])
  const branches = page.getByRole('list', { name: 'Newest build of each branch' })
  expect(await branches.textContent()).toMatch(/failed\s+topic #3/)
  await takeScreenshot(page, 'repository')
  await page.getByLabel('Branch', { exact: true }).fill('master')
  await page.getByRole('button', { name: 'Show' }).click()
  expect(await page.locator('ol.rows .number').allTextContents()).toEqual(['#4', '#1'])
  await page.getByLabel('Branch', { exact: true }).fill('')
  await page.getByLabel('State').selectOption('failed')
  await page.getByRole('button', { name: 'Show' }).click()
  expect(await page.locator('ol.rows .number').allTextContents()).toEqual(['#3'])
  await page.getByRole('link', { name: '#3' }).first().click()
  expect(await page.locator('h1').textContent()).toMatch(/Try it in red #3$/)
  await page.locator('.line').first().waitFor()
  await page.getByRole('link', { name: 'web', exact: true }).click()
  expect(await page.locator('ol.rows > li').count()).toBe(4)
  expect(warnings).toEqual([])
  expect(
    requests.filter(each => !each.startsWith(ci.system.addresses.url) && !each.startsWith('data:')),
  ).toEqual([])
  await page.close()
})

test.each([
  ['light', { width: 1200, height: 900 }],
  ['dark', { width: 1200, height: 900 }],
  ['phone', { width: 390, height: 844 }],
] as const)('%s: accessible and without horizontal scrolling', async (name, viewport) => {
  const colorScheme = name === 'dark' ? 'dark' : 'light'
  const { page } = await openPage(browser, url(), { viewport, colorScheme })
  expect(await axeViolations(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  await takeScreenshot(page, `repository-${name}`)
  await page.close()
})

test('hostile names of branches and commits are shown as text', async () => {
  const at = await ci.write(lambciJson('exit 1', { branches: { '/./': true } }))
  await ci.push(at, 'ada/odd', 'x/<img/src=x/onerror=alert(1)>', {}, 'Try <script>alert(1)</script> red')
  await ci.ended({ project: 'gh/ada/odd', number: 1 })
  const { page, warnings, requests } = await openPage(browser, `${ci.system.addresses.url}/gh/ada/odd`)
  expect(await page.locator('ol.rows p').first().textContent()).toBe('#1 Try <script>alert(1)</script> red')
  expect(await page.locator('ul.rows').textContent()).toMatch(/x\/<img\/src=x\/onerror=alert\(1\)> #1/)
  expect(await page.locator('.rows img').count()).toBe(0)
  expect(await page.locator('script').count()).toBe(1)
  expect(warnings).toEqual([])
  expect(requests.every(url => url.startsWith(ci.system.addresses.url) || url.startsWith('data:'))).toBe(true)
  await page.close()
})

test('is kept up to date, and leaves alone what has not changed', async () => {
  const { page, warnings } = await openPage(browser, url())
  const rows = page.locator('ol.rows > li')
  const before = await rows.count()
  const stage = await page.locator('ul.rows > li').first().elementHandle()
  await page.getByLabel('Branch', { exact: true }).fill('being typed')
  // The page waits for a minute while nothing runs.
  await page.evaluate(() => document.getElementById('live')?.setAttribute('data-live', 'true'))
  const at = await ci.write(lambciJson('true'))
  await ci.push(at, 'ada/web', 'topic', lambciJson('true', { branches: { topic: true } }), 'Try it in green')
  await page.getByText('Try it in green').first().waitFor()
  await ci.ended({ project: 'gh/ada/web', number: before + 1 })
  expect(await page.getByLabel('Branch', { exact: true }).inputValue()).toBe('being typed')
  expect(await stage?.evaluate(element => element.isConnected)).toBe(true)
  expect(warnings).toEqual([])
  await page.close()
})

test('home leads to the builds of each repository, by its rows', async () => {
  const { page, warnings } = await openPage(browser, ci.system.addresses.url, {
    viewport: { width: 1200, height: 700 },
  })
  expect(await axeViolations(page)).toEqual([])
  await takeScreenshot(page, 'home')
  await page.getByRole('link', { name: 'ada/web' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1 }).filter({ hasText: 'ada/web' }).waitFor()
  // The whole row is a link.
  await page
    .locator('ol.rows > li')
    .first()
    .click({ position: { x: 300, y: 5 } })
  await page.locator('.line').first().waitFor()
  expect(warnings).toEqual([])
  await page.close()
})
