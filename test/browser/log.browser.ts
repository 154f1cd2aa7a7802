import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
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

const urlOf = (repository: string) => `${ci.system.addresses.url}/gh/${repository}/builds/1`
const WIDE = { viewport: { width: 1200, height: 900 } }
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }

/** Pushes a repository whose build runs this script. */
async function build(repository: string, script: string): Promise<void> {
  const at = await ci.write({ ...lambciJson('./test.sh'), 'test.sh': `#!/bin/bash\n${script}` })
  await ci.push(at, repository, 'master', {}, 'Paint it green\n\nAll of it.')
}
const ended = (repository: string) => ci.ended({ project: `gh/${repository}`, number: 1 })

/** The heads of the folds on the page: their text, and whether they are open. */
const heads = (page: Page) =>
  page
    .locator('.head button')
    .evaluateAll(buttons =>
      buttons.map(button => [button.textContent, button.getAttribute('aria-expanded') === 'true'] as const),
    )
/** The first lines on the page: more are drawn ahead. */
const numbers = (page: Page) =>
  page
    .locator('.line')
    .evaluateAll(lines =>
      lines.map(line => Number((line as HTMLElement).dataset.line)).filter(line => line < 100),
    )
const headOf = (page: Page, title: string) => page.locator('.head button', { hasText: title })
const top = (page: Page) => page.evaluate(() => scrollY)

const FOLDED = [
  'echo "::group::Install"',
  'for i in $(seq 40); do echo "added package $i"; done',
  'echo "::endgroup::"',
  String.raw`printf '\033[1m::group::Compile\n'`,
  'for i in $(seq 40); do echo "compiled file $i"; done',
  'echo "error: file 41 does not compile"',
  'echo "::endgroup::"',
  'for i in $(seq 80); do echo "linked file $i"; done',
  'exit 1',
].join('\n')

test('a log is folded by phase and group; search, links and errors open what they lead to', async () => {
  await build('ada/folds', FOLDED)
  await ended('ada/folds')
  const { page, warnings } = await openPage(browser, urlOf('ada/folds'), WIDE)
  await page.getByText('linked file 1', { exact: true }).waitFor({ state: 'attached' })
  await takeScreenshot(page, 'log-folds')
  expect(await heads(page)).toEqual([
    [expect.stringMatching(/^FetchBuild #1 of ada\/folds.*[\d.]+ s ✓$/), false],
    [expect.stringMatching(/^SetupBuild +Branch "master".*[\d.]+ s ✓$/), false],
    [expect.stringMatching(/^Command\$ \.\/test\.sh[\d.]+ s ✗$/), true],
    [expect.stringMatching(/^Install[\d.]+ s$/), false],
    [expect.stringMatching(/^Compile/), false],
  ])
  const before = await numbers(page)
  expect(before).not.toContain(12)

  // What is found is opened, and only that.
  await page.keyboard.press('/')
  await page.keyboard.type('added package 7')
  await page.keyboard.press('Enter')
  await page.locator('.current').waitFor()
  expect(await page.locator('.current .text').textContent()).toBe('added package 7')
  await expect
    .poll(async () => (await heads(page)).map(([, isOpen]) => isOpen))
    .toEqual([false, false, true, true, false])
  const all = await numbers(page)
  expect(all).toEqual(all.toSorted((one, other) => one - other))
  expect(all).toEqual(expect.arrayContaining(before))
  await page.keyboard.press('Escape')

  // A head is a button: it keeps the focus and its place.
  await headOf(page, 'Install').focus()
  const place = () => headOf(page, 'Install').evaluate(head => head.getBoundingClientRect().top)
  const at = await place()
  await page.keyboard.press('Enter')
  await expect.poll(() => numbers(page)).toEqual(before)
  expect(Math.abs((await place()) - at)).toBeLessThan(2)
  await page.keyboard.press('Space')
  await expect.poll(() => numbers(page)).toEqual(all)
  expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Install/)

  // Without a search, failures are found.
  await page.keyboard.press('n')
  await expect
    .poll(() => page.locator('.current .text').textContent())
    .toBe('error: file 41 does not compile')
  expect(await page.locator('output').textContent()).toMatch(/^failure 1 of \d+$/)
  await page.keyboard.press('p')
  await expect.poll(() => page.locator('.current .text').textContent()).toMatch(/exit code 1|failed after/)

  await page.goto(`${urlOf('ada/folds')}#L4`)
  await page.reload()
  await page.locator('[data-line="4"].marked').waitFor()
  expect(await headOf(page, 'Setup').getAttribute('aria-expanded')).toBe('true')
  expect(warnings).toEqual([])
  await page.close()
})

test('web addresses in a log are links, whatever colours they have, and lead nowhere else than they say', async () => {
  await build(
    'ada/links',
    [
      String.raw`printf 'Ready on \033[36mhttp://127.0.0.1:\033[1m8080\033[22m/app?a=1&b=2\033[39m.\n'`,
      `echo 'Deployed to https://dev.example.com/ and https://github.com@evil.example/'`,
      `echo 'javascript://example.com/%0aalert(1) <a href="https://example.com/x">'`,
    ].join('\n'),
  )
  await ended('ada/links')
  const { page, warnings } = await openPage(browser, urlOf('ada/links'), WIDE)
  await page.locator('.text a').nth(2).waitFor()
  const links = await page
    .locator('.text a')
    .evaluateAll(found =>
      found.map(link => [link.textContent, (link as HTMLAnchorElement).href, link.getAttribute('rel')]),
    )
  const rel = 'noreferrer nofollow'
  expect(links).toEqual([
    ['http://127.0.0.1:8080/app?a=1&b=2', 'http://127.0.0.1:8080/app?a=1&b=2', rel],
    ['https://dev.example.com/', 'https://dev.example.com/', rel],
    ['https://example.com/x', 'https://example.com/x', rel],
  ])
  expect(await page.locator('.line', { hasText: 'Ready on' }).locator('.text').textContent()).toBe(
    'Ready on http://127.0.0.1:8080/app?a=1&b=2.',
  )
  expect(await axeViolations(page)).toEqual([])
  expect(warnings).toEqual([])
  await page.close()
})

test('each command of a list has a fold; the one that failed is open', async () => {
  const jobs = { unit: ['seq 100', 'echo "8 files linted"', 'seq 20; echo "Error: broken"; exit 2', 'seq 3'] }
  const config = JSON.stringify({ setup: ['echo one', 'echo two'], jobs, branches: { '/.*/': true } })
  await ci.push(await ci.write({ '.lambci.json': config }), 'ada/list', 'master', {}, 'Lint')
  await ended('ada/list')
  const { page, warnings } = await openPage(browser, urlOf('ada/list'), WIDE)
  await headOf(page, 'ended with exit code 2').scrollIntoViewIfNeeded()
  await takeScreenshot(page, 'log-list')
  expect(await heads(page)).toEqual([
    [expect.stringMatching(/^FetchBuild #1/), false],
    [expect.stringMatching(/^SetupBuild +Branch/), false],
    [expect.stringMatching(/^Setup\$ echo one[\d.]+ s ✓$/), false],
    [expect.stringMatching(/^Setup\$ echo two[\d.]+ s ✓$/), false],
    [expect.stringMatching(/^Command\$ seq 100[\d.]+ s ✓$/), false],
    [expect.stringMatching(/^Command\$ echo "8 files linted"[\d.]+ s ✓$/), false],
    [expect.stringMatching(/^Command\$ seq 20; echo "Error: broken"; exit 2[\d.]+ s ✗$/), true],
    [expect.stringMatching(/^Results/), true],
  ])
  expect(await page.locator('#summary').textContent()).toContain('exit 2 ended with exit code 2')
  expect(warnings).toEqual([])
  await page.close()
})

test('keys do what their list describes, and nothing while somebody types', async () => {
  const { page, warnings } = await openPage(browser, urlOf('ada/folds'), WIDE)
  await headOf(page, 'Setup').waitFor()
  await page.keyboard.press('?')
  const list = page.getByRole('dialog', { name: 'Keys' })
  expect(await list.isVisible()).toBe(true)
  expect(await axeViolations(page)).toEqual([])
  await takeScreenshot(page, 'log-keys')
  await page.keyboard.press('t')
  await page.keyboard.press('Escape')
  expect(await list.isVisible()).toBe(false)
  const log = page.locator('#log')
  const classes = () => log.getAttribute('class')
  expect(await classes()).toBe('wrap')
  await page.keyboard.press('w')
  expect(await classes()).toBe('')
  await page.keyboard.press('Control+t')
  await page.keyboard.press('t')
  expect(await classes()).toBe('times')
  const number = page.locator('[data-line="1"] a')
  expect(await number.evaluate(link => getComputedStyle(link, '::before').content)).toMatch(/^"\d+s"$/)
  expect(await number.getAttribute('title')).toMatch(/^\d\d:\d\d:\d\d$/)
  await takeScreenshot(page, 'log-times')
  await page.keyboard.press('/')
  await page.keyboard.type('wt?gG')
  expect(await classes()).toBe('times')
  expect(await list.isVisible()).toBe(false)
  await page.keyboard.press('Escape')
  await page.keyboard.press('G')
  await expect.poll(() => top(page)).toBeGreaterThan(100)
  await page.keyboard.press('g')
  await expect.poll(() => top(page)).toBe(0)
  // The choice holds for the next page.
  await page.reload()
  await headOf(page, 'Setup').waitFor()
  expect(await classes()).toBe('wrap times')
  expect(warnings).toEqual([])
  await page.close()
})

test('while a build runs, groups close as they end, drawn rows stay, and the page follows until somebody reads', async () => {
  const gates = [ci.gate(), ci.gate(), ci.gate()] as const
  await build(
    'ada/grow',
    [
      'seq 200',
      'echo "::group::Install"; echo one',
      gates[0].wait,
      'echo two; echo "::endgroup::"; echo "::group::Check"; seq 600 660; echo three',
      gates[1].wait,
      'seq 300 320; echo "::endgroup::"; seq 400 440',
      gates[2].wait,
      'seq 500 540',
    ].join('\n'),
  )
  await ci.until(
    'the start',
    async () => (await ci.view({ project: 'gh/ada/grow', number: 1 }))?.status === 'running',
  )
  const { page, warnings } = await openPage(browser, urlOf('ada/grow'), WIDE)
  const state = page.locator('[data-do="follow"]')
  await headOf(page, 'Install').waitFor()
  expect(await state.textContent()).toBe('Following')
  await expect.poll(() => page.getByText('one', { exact: true }).isVisible()).toBe(true)
  await takeScreenshot(page, 'log-running')
  await page.evaluate(() => {
    const rows = [...document.querySelectorAll('.line')].slice(0, -2)
    Object.assign(window, { rows })
  })
  await gates[0].open()
  await headOf(page, 'Check').waitFor()
  // The group has ended, and closed.
  expect(await headOf(page, 'Install').getAttribute('aria-expanded')).toBe('false')
  expect(await headOf(page, 'Check').getAttribute('aria-expanded')).toBe('true')
  await expect.poll(() => page.getByText('three', { exact: true }).isVisible()).toBe(true)
  const changed = await page.evaluate(() => {
    const { rows } = window as unknown as { rows: Element[] }
    return rows.filter(row => !row.isConnected).map(row => row.textContent)
  })
  expect(changed).toEqual([])

  // What somebody reads stays where it is.
  await page.mouse.move(600, 500)
  await page.mouse.wheel(0, -300)
  await expect.poll(() => state.textContent()).toBe('Paused')
  const here = await top(page)
  const height = await page.evaluate(() => document.documentElement.scrollHeight)
  await gates[1].open()
  await page.waitForFunction(before => document.documentElement.scrollHeight > before + 400, height)
  expect(await top(page)).toBe(here)
  expect(await headOf(page, 'Check').getAttribute('aria-expanded')).toBe('true')
  await page.keyboard.press('f')
  await expect.poll(() => state.textContent()).toBe('Following')
  await expect.poll(() => page.getByText('440', { exact: true }).last().isVisible()).toBe(true)
  await gates[2].open()
  await page.getByText('Passed after').waitFor()
  await expect.poll(() => state.isVisible()).toBe(false)
  expect(await headOf(page, 'Results').getAttribute('aria-expanded')).toBe('true')
  expect(warnings).toEqual([])
  await page.close()
})

test('on a phone, what can be touched is large enough', async () => {
  const { page } = await openPage(browser, urlOf('ada/folds'), PHONE)
  await headOf(page, 'Setup').waitFor()
  const small = await page
    .locator('.line > a, .line > button, #bar button, #bar a, #bar input')
    .evaluateAll(targets =>
      targets
        .map(target => [target.textContent, target.getBoundingClientRect()] as const)
        .filter(([, { width, height }]) => width > 0 && (width < 24 || height < 24))
        .map(([text, { width, height }]) => `${text}: ${width} × ${height}`),
    )
  expect(small).toEqual([])
  expect(await axeViolations(page)).toEqual([])
  await page.evaluate(() => document.querySelector('#bar')?.scrollIntoView())
  await takeScreenshot(page, 'log-phone')
  await page.close()
})

const LOGS = join(import.meta.dirname, '..', 'fixtures', 'logs')
const STYLES = ['', '1;', '2;', '7;', '2;7;']
const numbersTo = (count: number) => Array.from({ length: count }, (_, index) => index)
/** Every colour on every background, in every style, and colours of the larger palettes. */
function* palette(): Generator<string> {
  const codes = [...numbersTo(8), ...numbersTo(8).map(code => code + 60)]
  for (const style of STYLES)
    for (const background of codes) {
      const cells = codes.map(code => `\u001b[${style}${30 + code};${40 + background}m${code}\u001b[0m`)
      yield `${cells.join(' ')} \u001b[${style}${40 + background}mdefault\u001b[0m`
    }
  for (const style of STYLES.slice(0, 2))
    for (const color of numbersTo(32))
      yield numbersTo(8)
        .map(
          index =>
            `\u001b[${style}38;5;${8 * color + index}m${index}\u001b[0;48;5;${8 * color + index}m${index}\u001b[0m`,
        )
        .join(' ')
}

test.each(['light', 'dark'] as const)(
  '%s: all colours of real tools can be read, also on marked lines',
  async colorScheme => {
    const tools = ['jest', 'pytest', 'go', 'cargo'].map(name => readFileSync(join(LOGS, `${name}.txt`)))
    const project = `gh/ada/${colorScheme}`
    await storeLog(ci.system.store, project, [...tools, Buffer.from([...palette(), ''].join('\n'))])
    // So high that all lines are drawn.
    const options = { viewport: { width: 1200, height: 12_000 }, colorScheme }
    const { page } = await openPage(browser, urlOf(project.slice(3)), options)
    await page.locator('.line', { hasText: /^45\d/ }).last().waitFor()
    expect(await axeViolations(page)).toEqual([])
    await page.goto(`${page.url()}#L1-L9999`)
    await page.locator('.marked').last().waitFor()
    expect(await axeViolations(page)).toEqual([])
    await page.close()
  },
)
