import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { holdStage } from '../../src/deploy/hold.ts'
import { type Files, lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { openBrowser, openPage } from './browser.ts'

/**
 * `npm run screenshots [DIR]`: builds projects in a system of its own, and takes pictures of their pages into `docs/images`. It
 * prints what status and mail say of the failed ones.
 */
const ROOT = join(import.meta.dirname, '..', '..')
const target = process.argv[2] ?? join(ROOT, 'docs', 'images')
const OUTPUTS = join(ROOT, 'test', 'fixtures', 'outputs')

const WIDE = { viewport: { width: 1200, height: 900 } }
const DARK = { ...WIDE, colorScheme: 'dark' } as const
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }

const SHOP: Files = {
  '.lambci.json': JSON.stringify({
    setup: 'echo installed 214 packages in 3 s',
    jobs: {
      lint: 'echo No problems found',
      unit: { cmd: 'seq 1 200 | sed "s/^/ok - paints square /"', shards: 3 },
      pack: {
        cmd: 'mkdir -p dist && seq 1 5000 > dist/shop.js',
        artifacts: ['dist'],
        needs: ['lint', 'unit'],
      },
    },
    stages: { master: ['staging', { stage: 'production', url: 'https://shop.example.com' }] },
    deploy: 'echo deployed',
  }),
}

/** A project whose command prints what a real tool has printed, and fails. */
async function failing(tool: string, command: string, file: string): Promise<Files> {
  const output = await readFile(join(OUTPUTS, `${tool}-assertion.txt`), 'utf8')
  const source = '\n'.repeat(20)
  return { 'output.txt': output, [file]: source, ...lambciJson(`cat output.txt; exit 1 # ${command}`) }
}

async function prepare(ci: TestSystem) {
  const shop = await ci.write(SHOP)
  for (const message of ['Open the shop', 'Show prices with taxes']) {
    await ci.push(shop, 'acme/shop', 'master', {}, message)
    await ci.ended({ project: 'gh/acme/shop', number: message.startsWith('Open') ? 1 : 2 })
  }
  const at = new Date().toISOString()
  await holdStage(ci.system.store, { project: 'gh/acme/shop', stage: 'production' }, { by: 'grace', at })
  await ci.push(shop, 'acme/shop', 'master', {}, 'Round totals')
  await ci.ended({ project: 'gh/acme/shop', number: 3 })
  for (const [tool, command, file] of [
    ['jest', 'npx jest', 'assertion/cart.test.js'],
    ['pytest', 'pytest', 'tests/test_assertion.py'],
    ['go', 'go test ./...', 'assertion/cart_test.go'],
  ] as const) {
    const files = await failing(tool, command, file)
    await ci.push(
      await ci.write(files),
      `acme/${tool}`,
      'master',
      {},
      'Multiply by quantity\n\nCarts had ignored it.',
    )
    await ci.ended({ project: `gh/acme/${tool}`, number: 1 })
  }
  const matrix = { os: ['alpine', 'debian', 'fedora'], NODE: ['20', '22', '24', '25'] }
  const cells = {
    jobs: { test: { cmd: 'echo $os $NODE; test $NODE != 25', matrix } },
    branches: { '/./': true },
  }
  await ci.push(
    await ci.write({ '.lambci.json': JSON.stringify(cells) }),
    'acme/matrix',
    'master',
    {},
    'Test on Node 25',
  )
  await ci.ended({ project: 'gh/acme/matrix', number: 1 })
  await ci.system.store.put('config/gh/acme/shards.json', '{"maxJobs": 120}', 'application/json')
  const shards = {
    jobs: { unit: { cmd: 'test $LAMBCI_SHARD != 37', shards: 100 } },
    branches: { '/./': true },
  }
  await ci.push(
    await ci.write({ '.lambci.json': JSON.stringify(shards) }),
    'acme/shards',
    'master',
    {},
    'Divide tests by 100',
  )
  await ci.ended({ project: 'gh/acme/shards', number: 1 })
}

/** The messages for people who do not open a page: the status of a commit, and the mail. */
async function describeFailures(ci: TestSystem): Promise<string> {
  const parts = await Promise.all(
    ['jest', 'pytest', 'go'].map(async tool => {
      const view = await ci.view({ project: `gh/acme/${tool}`, number: 1 })
      const statuses = await ci.statuses(`acme/${tool}`, view?.commit ?? '')
      const mail = ci.mails.find(({ subject }) => subject?.includes(`acme/${tool} `))
      return `== ${tool}\n\nStatus: ${statuses.at(-1)}\n\nSubject: ${mail?.subject}\n\n${mail?.text}\n`
    }),
  )
  return parts.join('\n')
}

async function shoot(
  browser: Browser,
  url: string,
  name: string,
  options: BrowserContextOptions,
  wait?: (page: Page) => Promise<unknown>,
) {
  const { page } = await openPage(browser, url, options)
  await (wait ? wait(page) : page.locator('h1').waitFor())
  await page.waitForLoadState('networkidle').catch(() => {})
  await page.screenshot({ path: join(target, `${name}.png`) })
  await page.context().close()
  console.log(`${name}.png`)
}

await mkdir(target, { recursive: true })
const [ci, browser] = await Promise.all([openTestSystem({ timeoutMs: 300_000 }), openBrowser()])
try {
  await prepare(ci)
  const { url } = ci.system.addresses
  const build = (name: string, number = 1) => `${url}/gh/acme/${name}/builds/${number}`
  const line = (page: Page) => page.locator('.line').first().waitFor()
  console.log(await describeFailures(ci))
  await shoot(browser, url, 'home', WIDE)
  await shoot(browser, url, 'home-phone', PHONE)
  await shoot(browser, `${url}/gh/acme/shop`, 'repository', WIDE)
  await shoot(browser, `${url}/gh/acme/shop`, 'repository-dark', DARK)
  await shoot(browser, `${url}/gh/acme/shop`, 'repository-phone', PHONE)
  for (const tool of ['jest', 'pytest', 'go'])
    await shoot(browser, build(tool), `build-failed-${tool}`, WIDE, line)
  await shoot(browser, build('jest'), 'build-dark', DARK, line)
  await shoot(browser, build('jest'), 'build-phone', PHONE, line)
  await shoot(browser, build('shop', 2), 'build-passed', WIDE, line)
  await shoot(browser, build('shop', 3), 'build-held', WIDE, line)
  await shoot(browser, build('matrix'), 'build-matrix', WIDE, line)
  await shoot(browser, build('shards'), 'build-shards', WIDE)
  await shoot(browser, `${build('shop', 2)}/artifacts`, 'artifacts', WIDE)
  await shoot(browser, build('nothing', 9), 'not-found', WIDE)
  const gate = ci.gate()
  const running = lambciJson(`seq 1 60 | sed 's/^/ok - paints square /'; ${gate.wait}`)
  await ci.push(await ci.write(running), 'acme/slow', 'master', {}, 'Wait for the paint')
  await ci.logged({ project: 'gh/acme/slow', number: 1 }, 'square 60')
  await shoot(browser, build('slow'), 'build-running', WIDE, page =>
    page.getByText('square 60').first().waitFor(),
  )
  await gate.open()
  await ci.ended({ project: 'gh/acme/slow', number: 1 })
} finally {
  await Promise.all([browser.close(), ci.close()])
}
