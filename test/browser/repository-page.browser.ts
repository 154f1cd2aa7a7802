import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lambciJson, openTown, type Town } from '../stories/town.ts'
import { complaintsOfAxe } from './axe.ts'
import { openBrowser, openPage, takePicture } from './browser.ts'

let town: Town
let browser: Browser
const url = () => `${town.system.addresses.url}/gh/ada/web`
beforeAll(async () => {
  ;[town, browser] = await Promise.all([openTown(), openBrowser()])
  const rest = { stages: { master: 'dev', qa: 'qa' }, deploy: 'true' }
  const at = await town.write(lambciJson('npm test', rest))
  const builds: [branch: string, cmd: string, message: string][] = [
    ['master', 'true', 'Paint it green'],
    ['qa', 'true', 'Paint it green for qa'],
    ['topic/<b>bold</b>', 'exit 1', 'Try <script>alert(1)</script> red'],
    ['master', 'true', 'Add a border'],
  ]
  for (const [index, [branch, cmd, message]] of builds.entries()) {
    await town.push(at, 'ada/web', branch, lambciJson(cmd, rest), message)
    await town.ended({ project: 'gh/ada/web', number: index + 1 })
  }
})
afterAll(() => Promise.all([browser?.close(), town?.close()]))

test('builds, branches and the badge, to look at and to filter', async () => {
  const { page, complaints, requests } = await openPage(browser, url(), {
    viewport: { width: 1200, height: 900 },
  })
  expect(await page.locator('.list > li').count()).toBe(4)
  expect(await page.locator('.places').first().textContent()).toMatch(/topic\/<b>bold<\/b> #3 failed/)
  await takePicture(page, 'repository')
  await page.getByLabel('Branch', { exact: true }).fill('master')
  await page.getByRole('button', { name: 'Show' }).click()
  expect(await page.locator('.list .number').allTextContents()).toEqual(['#4', '#1'])
  await page.getByLabel('Branch', { exact: true }).fill('')
  await page.getByLabel('State').selectOption('failed')
  await page.getByRole('button', { name: 'Show' }).click()
  expect(await page.locator('.list .number').allTextContents()).toEqual(['#3'])
  await page.getByRole('link', { name: '#3' }).first().click()
  expect(await page.locator('h1').textContent()).toBe('ada/web #3')
  await page.locator('.line').first().waitFor()
  await page.getByRole('link', { name: 'ada/web' }).click()
  expect(await page.locator('.list > li').count()).toBe(4)
  expect(complaints).toEqual([])
  expect(
    requests.filter(each => !each.startsWith(town.system.addresses.url) && !each.startsWith('data:')),
  ).toEqual([])
  await page.close()
})

test.each([
  ['light', { width: 1200, height: 900 }],
  ['dark', { width: 1200, height: 900 }],
  ['phone', { width: 390, height: 844 }],
] as const)('%s: can be read by everyone', async (name, viewport) => {
  const colorScheme = name === 'dark' ? 'dark' : 'light'
  const { page } = await openPage(browser, url(), { viewport, colorScheme })
  expect(await complaintsOfAxe(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  await takePicture(page, `repository-${name}`)
  await page.close()
})
