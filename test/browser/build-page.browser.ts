import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_SCRIPT } from '../../src/pages/browser-script.ts'
import type { JobRun } from '../../src/records/job-run.ts'
import { buildKeys } from '../../src/records/keys.ts'
import { HOSTILE } from '../support/payloads.ts'
import { makeBuild } from '../support/records.ts'
import { storeLog } from '../support/store-log.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { axeViolations } from './axe.ts'
import { openBrowser, openPage, takeScreenshot } from './browser.ts'

let ci: TestSystem
let browser: Browser
beforeAll(async () => {
  ;[ci, browser] = await Promise.all([openTestSystem(), openBrowser()])
})
afterAll(() => Promise.all([browser?.close(), ci?.close()]))

const urlOf = (repository: string, number: number) =>
  `${ci.system.addresses.url}/gh/${repository}/builds/${number}`
const WIDE = { viewport: { width: 1200, height: 900 } }
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }

/** Pushes a repository whose build runs this script. */
async function build(repository: string, script: string, rest: object = {}): Promise<void> {
  const at = await ci.write({ ...lambciJson('./test.sh', rest), 'test.sh': `#!/bin/bash\n${script}` })
  await ci.push(at, repository, 'master', {}, 'Paint it green\n\nAll of it.')
}
const ended = (repository: string) => ci.ended({ project: `gh/${repository}`, number: 1 })

const store = (project: string, log: Iterable<Uint8Array>, change: Partial<JobRun> = {}) =>
  storeLog(ci.system.store, project, log, change)

const shownLines = (page: Page) => page.locator('.line .text').allTextContents()
const textOfLine = (page: Page, line: number) => page.locator(`[data-line="${line}"] .text`).textContent()
const top = (page: Page) => page.evaluate(() => scrollY)

const COLORS = [
  String.raw`printf '\033[1mInstalling\033[0m\n'`,
  String.raw`for i in 1 2 3; do printf "\rprogress $i/3 \033[32m$(printf '#%.0s' $(seq $i))\033[0m"; sleep 0.2; done; echo`,
  String.raw`printf '\033[31mred\033[0m \033[38;5;208morange\033[0m \033[38;2;90;160;255mtrue\033[0m \033[42mground\033[0m \033[7mreverse\033[0m\n'`,
].join('\n')

test('the page follows a running build to its end', async () => {
  const gate = ci.gate()
  const tests = (from: number, to: number) =>
    `for i in $(seq ${from} ${to}); do echo "test $i passed"; sleep 0.1; done`
  await build('ada/live', `${COLORS}\n${tests(1, 20)}\n${gate.wait}\n${tests(21, 60)}`)
  await ci.until(
    'the start',
    async () => (await ci.view({ project: 'gh/ada/live', number: 1 }))?.status === 'running',
  )
  const { page, warnings, requests } = await openPage(browser, urlOf('ada/live', 1), WIDE)
  expect(await page.title()).toBe('running · ada/live #1')
  const icon = () => page.locator('link[rel=icon]').getAttribute('href')
  const before = await icon()
  await page.getByText('test 20 passed').waitFor()
  await takeScreenshot(page, 'build-running')
  const early = (await shownLines(page)).length
  await gate.open()
  await page.getByText('Passed after').waitFor()
  await page.waitForFunction(() => document.title.startsWith('passed'))
  expect(await icon()).not.toBe(before)
  const lines = await shownLines(page)
  expect(lines.length).toBeGreaterThan(early)
  expect(lines.filter(line => /^test \d+ passed$/.test(line))).toHaveLength(60)
  expect(lines).toContain('progress 3/3 ###')
  // The page has scrolled to the end of the log.
  await expect(page.getByText('Passed after').isVisible()).resolves.toBe(true)
  await page.evaluate(() => scrollTo(0, 0))
  await takeScreenshot(page, 'build-passed')
  expect(warnings).toEqual([])
  // There are no requests to other origins, and none after the end of the build.
  expect(requests.filter(url => !url.startsWith(ci.system.addresses.url))).toEqual([])
  const requestsAtEnd = requests.length
  await page.waitForTimeout(2500)
  expect(requests.length).toBe(requestsAtEnd)
  await page.close()
})

test('scrolling up stops following the log', async () => {
  const gate = ci.gate()
  await build('ada/scroll', `seq 300; ${gate.wait}; for i in $(seq 30); do seq 20; sleep 0.1; done`)
  await ci.until(
    'the start',
    async () => (await ci.view({ project: 'gh/ada/scroll', number: 1 }))?.status === 'running',
  )
  const { page } = await openPage(browser, urlOf('ada/scroll', 1), WIDE)
  await page.locator('[data-line="300"]').waitFor()
  await page.waitForFunction(() => scrollY > 1000)
  await page.mouse.move(600, 500)
  await page.mouse.wheel(0, -2000)
  await page.waitForTimeout(200)
  const here = await top(page)
  await gate.open()
  await page.waitForTimeout(2500)
  expect(await top(page)).toBe(here)
  await ended('ada/scroll')
  await page.getByRole('button', { name: 'End' }).click()
  await page.getByText('Passed after').waitFor()
  await page.close()
})

test('shows the colours and control sequences of a terminal', async () => {
  await build('ada/colors', COLORS)
  await ended('ada/colors')
  const { page, warnings } = await openPage(browser, urlOf('ada/colors', 1), WIDE)
  await page.locator('.line').first().waitFor()
  const styleOf = (text: string) => page.getByText(text, { exact: true }).first().getAttribute('style')
  const colorOf = (text: string) =>
    page
      .getByText(text, { exact: true })
      .first()
      .evaluate(element => getComputedStyle(element).color)
  expect(await styleOf('orange')).toContain('rgb(255, 135, 0)')
  expect(await colorOf('orange')).toMatch(/^oklch\(0\.5 0\.\d+ 5\d/)
  expect(await styleOf('true')).toContain('rgb(90, 160, 255)')
  expect(await colorOf('red')).toBe('rgb(179, 32, 42)')
  expect(await page.locator('.bold').first().textContent()).toBe('Installing')
  expect(warnings).toEqual([])
  await page.close()
})

const square = (number: number) => `tests/test_paint.py::test_square_${number} PASSED`

test('finds the first error, links to lines and searches the log', async () => {
  await build(
    'ada/red',
    [
      'echo "collected 3000 items"',
      String.raw`for i in $(seq 3000); do printf 'tests/test_paint.py::test_square_%d \033[32mPASSED\033[0m\n' $i; done`,
      "echo 'tests/test_paint.py:12: AssertionError: not green'",
      String.raw`printf '\033[31m1 failed\033[0m, 3000 passed\n'; exit 1`,
    ].join('\n'),
  )
  await ended('ada/red')
  const { page, warnings } = await openPage(browser, urlOf('ada/red', 1), WIDE)
  await page.getByRole('button', { name: 'First error' }).click()
  await page.locator('.marked').waitFor()
  expect(await page.locator('.marked .text').textContent()).toBe(
    'tests/test_paint.py:12: AssertionError: not green',
  )
  await takeScreenshot(page, 'build-failed')

  // A line's number is a link; a click with Shift selects a range.
  await page.locator('.marked a').click()
  const first = new URL(page.url()).hash
  expect(first).toMatch(/^#L\d+$/)
  const line = Number(first.slice(2))
  await page.locator(`[data-line="${line - 2}"] a`).click({ modifiers: ['Shift'] })
  expect(new URL(page.url()).hash).toBe(`#L${line - 2}-L${line}`)
  const { page: other } = await openPage(browser, page.url(), WIDE)
  await other.locator('.marked').first().waitFor()
  expect(await other.locator('.marked').count()).toBe(3)
  expect(await other.locator('.marked').first().isVisible()).toBe(true)
  await other.close()

  await page.keyboard.press('/')
  await page.keyboard.type('99 PASSED')
  await page.keyboard.press('Enter')
  const state = page.locator('output')
  await expect.poll(() => state.textContent()).toBe('1 of 30')
  expect(await page.locator('.current .text').textContent()).toBe(square(99))
  await page.keyboard.press('Enter')
  await expect.poll(() => page.locator('.current .text').textContent()).toBe(square(199))
  await page.keyboard.press('Shift+Enter')
  await expect.poll(() => page.locator('.current .text').textContent()).toBe(square(99))
  await page.keyboard.press('Escape')
  expect(await page.locator('.current').count()).toBe(0)
  await page.getByLabel('Search the log').fill('nowhere in it')
  await page.keyboard.press('Enter')
  await expect.poll(() => state.textContent()).toBe('not found')

  await page.getByRole('button', { name: 'Wrap' }).click()
  expect(
    await page
      .locator('.text')
      .first()
      .evaluate(element => getComputedStyle(element).whiteSpace),
  ).toBe('pre')
  expect(warnings).toEqual([])
  await page.close()
})

test('"Raw log" shows the log from the bucket, "Download" saves it', async () => {
  const { page } = await openPage(browser, urlOf('ada/red', 1), WIDE)
  await page.getByRole('link', { name: 'Raw log' }).click()
  expect(await page.locator('body').textContent()).toContain('AssertionError: not green')
  await page.goBack()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download' }).click(),
  ])
  expect(download.suggestedFilename()).toBe('ada-red-1.txt')
  expect(readFileSync((await download.path()) ?? '', 'utf8')).toContain('AssertionError: not green')
  await page.close()
})

test("times are in the reader's time zone", async () => {
  await store('gh/ada/times', [Buffer.from('one\n')])
  const { page } = await openPage(browser, urlOf('ada/times', 1), WIDE)
  await page.locator('.line').first().waitFor()
  // 10:00 UTC in winter.
  const time = page.locator('time').first()
  expect(await time.getAttribute('title')).toBe('20 Nov 2026, 11:00:00')
  expect(await time.textContent()).toMatch(/ ago$/)
  await page.close()
})

function* largeLog(bytes: number): Generator<Uint8Array> {
  const perChunk = 12_500
  for (let line = 1; line <= bytes / 80; line += perChunk) {
    const lines = Array.from({ length: perChunk }, (_, index) => `line ${line + index} `.padEnd(79, '.'))
    yield Buffer.from(`${lines.join('\n')}\n`)
  }
}

test('a log of 200 MB opens immediately: only the visible part is fetched and drawn', async () => {
  // An index of lines counts only if it is not newer than the end.
  await store('gh/ada/large', largeLog(200_000_000), {
    endedAt: new Date(Date.now() + 3_600_000).toISOString(),
  })
  const { page, warnings, requests } = await openPage(browser, urlOf('ada/large', 1), WIDE)
  let received = 0
  page.on('response', async answer => {
    received += Number((await answer.allHeaders())['content-length'] ?? 0)
  })
  await page.locator('[data-line="1"]').waitFor()
  await page.waitForTimeout(1500)
  expect(requests.filter(url => url.includes('/log?')).length).toBeLessThan(8)
  const elements = () => page.evaluate(() => document.querySelectorAll('.line').length)
  expect(await elements()).toBeLessThan(1600)

  await page.goto(`${urlOf('ada/large', 1)}#L1234567`)
  await page.reload()
  await page.locator('.marked').waitFor()
  expect(await page.locator('.marked .text').textContent()).toMatch(/^line 1234567 \.+$/)
  expect(await page.locator('.marked').isVisible()).toBe(true)

  await page.getByRole('button', { name: 'End' }).click()
  await page.locator('[data-line="2500000"]').waitFor()
  expect(await textOfLine(page, 2_500_000)).toMatch(/^line 2500000 /)

  // The page's own scrollbar covers the whole log.
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2))
  await page.waitForTimeout(1500)
  const [middle = ''] = await shownLines(page)
  expect(Number(middle.split(' ')[1])).toBeGreaterThan(1_150_000)
  expect(Number(middle.split(' ')[1])).toBeLessThan(1_350_000)
  for (let step = 0; step < 20; step++) {
    await page.mouse.wheel(0, 3000)
    await page.waitForTimeout(50)
  }
  await page.waitForTimeout(500)
  const numbers = (await shownLines(page)).map(text => Number(text.split(' ')[1]))
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
  expect(await elements()).toBeLessThan(1600)
  expect(received).toBeLessThan(40_000_000)
  expect(warnings).toEqual([])
  await page.close()
})

test('shows binary output, a line of 10 MB, progress bars, cursor movements, bad UTF-8 and NUL', async () => {
  const long = Buffer.from(`${'long '.repeat(2_000_000)}the end\n`)
  const progress = Buffer.from(
    `${Array.from({ length: 5000 }, (_, step) => `\rstep ${step} of 5000   `).join('')}\n`,
  )
  const odd = Buffer.concat([
    Buffer.from([0x66, 0xff, 0xfe, 0x00, 0x07, 0x0a]),
    Buffer.from('\u001b[2J\u001b[10;10Hplaced\u001b[A\u001b]0;a title\u0007\n'),
    Buffer.from('abc\b\bX\n12345\r\u001b[Kdone\nwindows\r\n\u001b[38;5;300;;;mstill here\u001b[0\n'),
    Buffer.from('last\n'),
  ])
  await store('gh/ada/odd', [Buffer.from('first\n'), long, progress, odd])
  const { page, warnings } = await openPage(browser, urlOf('ada/odd', 1), WIDE)
  await page.getByText('last', { exact: true }).waitFor()
  const lines = await shownLines(page)
  expect(lines[0]).toBe('first')
  expect(lines[1]).toMatch(/^long long .* … line truncated: see the raw log$/)
  expect(lines.slice(2)).toEqual([
    'step 4999 of 5000   ',
    'f\ufffd\ufffd\u2400\u2407',
    'placed',
    'aXc',
    'done',
    'windows',
    expect.stringContaining('still here'),
    'last',
  ])
  expect(warnings).toEqual([])
  await page.close()
})

const INJECTIONS = [
  ...HOSTILE,
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  '</pre><script>alert(1)</script>',
  "' onmouseover='alert(1)' x='",
  '<svg/onload=alert(1)>',
  'javascript:alert(1)',
  '<style>*{display:none}</style>',
  '<meta http-equiv="refresh" content="0;url=https://example.com">',
  '</title><script>alert(1)</script>',
  '\u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007',
  '\u001b[31;"onclick=alert(1)m',
  '\u202egnp.exe',
]

test('hostile text runs and loads nothing', async () => {
  const titles = INJECTIONS.map(text => `::group::${text}\n`)
  const log = [...INJECTIONS, ...titles].map(text => Buffer.from(`${text}\n`))
  for (const [index, text] of INJECTIONS.entries()) {
    const project = `gh/ada/inject-${index}`
    await store(project, log, { conclusion: 'failed', reason: text.slice(0, 400) })
    const person = { name: text.slice(0, 200), login: text.slice(0, 100) }
    const build = makeBuild({
      project,
      number: 1,
      message: text,
      branch: text,
      checkoutBranch: text,
      author: person,
    })
    await ci.system.store.put(buildKeys(build).build, JSON.stringify(build), 'application/json')
  }
  const { page, warnings, requests } = await openPage(browser, urlOf('ada/inject-0', 1), WIDE)
  for (const index of INJECTIONS.keys()) {
    const url = urlOf(`ada/inject-${index}`, 1)
    await page.goto(`${url}#L<img src=x onerror=alert(1)>`)
    await page.getByText('gnp.exe').last().waitFor()
    await page.locator('#summary').hover()
    await page.getByRole('button', { name: 'First error' }).click()
    await page.getByLabel('Search the log').fill('<img src=x onerror=alert(1)>')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('output').textContent()).toMatch(/of|not found/)
    const active = await page.evaluate(() =>
      [
        ...document.querySelectorAll(
          'script, iframe, img, object, [onclick], [onerror], [onload], [onmouseover]',
        ),
      ].map(element => element.outerHTML),
    )
    expect(active.filter(html => html !== `<script>${BROWSER_SCRIPT}</script>`)).toEqual([])
    expect(active.length).toBeLessThanOrEqual(1)
    expect(new URL(page.url()).origin).toBe(ci.system.addresses.url)
  }
  expect(warnings).toEqual([])
  expect(
    requests.filter(url => !url.startsWith(ci.system.addresses.url) && !url.startsWith('data:')),
  ).toEqual([])
  await page.close()
})

test.each([
  ['light', WIDE],
  ['dark', WIDE],
  ['phone', PHONE],
] as const)('%s: accessible and without horizontal scrolling', async (name, viewport) => {
  for (const repository of ['ada/colors', 'ada/red']) {
    const colorScheme = name === 'dark' ? 'dark' : 'light'
    const { page } = await openPage(browser, urlOf(repository, 1), { ...viewport, colorScheme })
    await page.locator('.line').first().waitFor()
    expect(await axeViolations(page)).toEqual([])
    const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(width).toBeLessThanOrEqual(0)
    await page.evaluate(() => scrollTo(0, 0))
    await page.waitForTimeout(300)
    await takeScreenshot(page, `build-${name}-${repository.slice(4)}`)
    await page.close()
  }
})

test('without JavaScript the log is plain text', async () => {
  const { page } = await openPage(browser, urlOf('ada/colors', 1), { ...WIDE, javaScriptEnabled: false })
  expect(await page.locator('#log pre').textContent()).toMatch(
    /Installing\n[\s\S]*red orange true ground reverse\n/,
  )
  expect(await page.getByRole('button', { name: 'End' }).count()).toBe(0)
  expect(await page.getByRole('link', { name: 'Raw log' }).isVisible()).toBe(true)
  await page.close()
})
