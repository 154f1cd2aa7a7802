import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { openBrowser, openPage } from './browser.ts'

/** The tasks that people come for, done by sight alone, from home. A stopwatch is printed. */
let ci: TestSystem
let browser: Browser
const OUTPUT = join(import.meta.dirname, '../fixtures/outputs/jest-assertion.txt')

beforeAll(async () => {
  ;[ci, browser] = await Promise.all([openTestSystem(), openBrowser()])
  const rest = { stages: { master: 'production' }, deploy: 'true' }
  const at = await ci.write({ ...lambciJson('true', rest), 'output.txt': await readFile(OUTPUT, 'utf8') })
  await ci.push(at, 'acme/shop', 'master', {}, 'Show prices with taxes')
  await ci.ended({ project: 'gh/acme/shop', number: 1 })
  await ci.push(at, 'acme/shop', 'master', lambciJson('cat output.txt; exit 1', rest), 'Multiply by quantity')
  await ci.ended({ project: 'gh/acme/shop', number: 2 })
})
afterAll(() => Promise.all([browser?.close(), ci?.close()]))

const WIDE = { viewport: { width: 1200, height: 900 } }

/** Opens home, and measures how long the task takes from there. */
async function task(name: string, work: (page: Page) => Promise<void>, options = {}): Promise<void> {
  const { page, warnings } = await openPage(browser, ci.system.addresses.url, { ...WIDE, ...options })
  const start = performance.now()
  await work(page)
  console.log(`${name}: ${Math.round(performance.now() - start)} ms`)
  expect(warnings).toEqual([])
  await page.context().close()
}

test('why build #2 failed', () =>
  task('why build #2 failed', async page => {
    await page.getByRole('link', { name: 'acme/shop' }).click()
    await page.getByRole('link', { name: '#2 Multiply by quantity' }).click()
    const failure = page.getByRole('region', { name: 'The first test that failed' })
    expect(await failure.textContent()).toMatch(/cart › multiplies by quantity.*Expected: 6.*Received: 5/s)
    await failure.getByRole('link', { name: /of the log/ }).click()
    const marked = page.locator('.line.marked')
    await marked.first().waitFor()
    expect(await marked.first().textContent()).toContain('cart › multiplies by quantity')
  }))

test('what runs on production, and who brought it', () =>
  task('what runs on production', async page => {
    await page.getByRole('link', { name: 'acme/shop' }).click()
    const stage = page.getByRole('list', { name: 'Deployed to each stage' }).getByRole('listitem')
    expect(await stage.textContent()).toMatch(
      /production [0-9a-f]{10} #1.*Show prices with taxes.*Ada Writer/s,
    )
  }))

test('the line that builds #2 again is copied', () =>
  task(
    'the line that builds #2 again',
    async page => {
      await page.getByRole('link', { name: 'acme/shop' }).click()
      await page.getByRole('link', { name: '#2 Multiply by quantity' }).click()
      await page.getByRole('button', { name: 'Copy: To build it again' }).click()
      await page.getByText('Copied').waitFor()
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('lambci rebuild acme/shop#2')
    },
    { permissions: ['clipboard-read', 'clipboard-write'] },
  ))

test('the keyboard alone leads from home to the line of the failure', () =>
  task('by keyboard', async page => {
    const press = async (until: () => Promise<boolean>) => {
      for (let presses = 0; presses < 60; presses++) {
        if (await until()) return page.keyboard.press('Enter')
        await page.keyboard.press('Tab')
      }
      throw new Error('The focus never came there')
    }
    const focused = (text: RegExp) => async () =>
      text.test(await page.evaluate(() => document.activeElement?.textContent ?? ''))
    await press(focused(/^acme\/shop$/))
    await page.getByRole('heading', { name: 'Builds' }).waitFor()
    await press(focused(/^#2 Multiply by quantity$/))
    await page.locator('.line').first().waitFor()
    await press(focused(/^Line \d+ of the log$/))
    await page.locator('.line.marked').first().waitFor()
    expect(await page.locator('.line.marked').first().textContent()).toContain('multiplies by quantity')
  }))
