import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** The directory of screenshots; overridden by `SCREENSHOTS`. */
const SCREENSHOTS = process.env.SCREENSHOTS ?? join(import.meta.dirname, '..', '..', '.screenshots')
const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Starts the system's Chromium, or the one whose path is in `CHROMIUM`. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? PATHS.find(existsSync)
  if (!executablePath)
    throw new Error('Chromium was not found. Install the package chromium, or set CHROMIUM to its path.')
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

export type OpenedPage = { page: Page; warnings: string[]; requests: string[] }

/** Opens a page and records its console errors and warnings, dialogs and requests. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ timezoneId: 'Europe/Berlin', locale: 'en-GB', ...options })
  const page = await context.newPage()
  const warnings: string[] = []
  const requests: string[] = []
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) warnings.push(message.text())
  })
  page.on('pageerror', error => warnings.push(String(error)))
  page.on('dialog', dialog => {
    warnings.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', request => requests.push(request.url()))
  await page.goto(url)
  return { page, warnings, requests }
}

export async function takeScreenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
}
