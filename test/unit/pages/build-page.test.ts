import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { JobFailure } from '../../../src/model/failure.ts'
import { BROWSER_SCRIPT } from '../../../src/pages/browser-script.ts'
import { renderBuildPage } from '../../../src/pages/build-page.ts'
import { SCRIPTED_PAGE_HEADERS } from '../../../src/pages/layout.ts'
import { firstLog } from '../../../src/pages/shown-log.ts'
import { HOSTILE } from '../../support/payloads.ts'
import { after, FORKED, PULL, viewWith } from '../../support/records.ts'

const links = {
  ...{
    whole: '/whole',
    download: '/download',
    live: '/live',
    repository: '/gh/ada/web',
    all: null,
    retried: null,
  },
  withKey: (path: string) => path,
}
const whole = (view = viewWith(), logText = '') =>
  String(renderBuildPage({ view, shown: firstLog(view), logText, links }))
/** Without the script and the style, which are the same on every page. */
const render = (...page: Parameters<typeof whole>) =>
  whole(...page)
    .replace(BROWSER_SCRIPT, '')
    .replace(/<style>[^<]*/, '<style>')

test('the page of a build that passed', () => {
  const page = render(viewWith(), 'one\ntwo')
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
  expect(page).toContain('<title>passed · ada/web #7</title>')
  expect(page).toContain('<p class="status passed" role="status">Passed in 42 s</p>')
  expect(page).toContain('<dt>Commit</dt><dd><code>aaaaaaaaaa</code></dd>')
  expect(page).toContain('<p class="message">Paint it green</p>')
  expect(page).toContain('<dt>Duration</dt><dd>42 s</dd>')
  expect(page).toMatch(/<pre>one\ntwo<\/pre>/)
  expect(page).toContain('href="/whole"')
  expect(page).not.toContain('http-equiv')
})

const deploy = {
  stage: 'dev',
  status: 'failed',
  reason: 'zappa update ended with exit code 1',
  exit: null,
  url: null,
} as const

test('the page of a build with a test that failed begins with it', () => {
  const tests = { passed: 1, failed: 1, errored: 0, skipped: 1, flaky: 0 }
  const failure: JobFailure = {
    ...{ source: 'log', test: 'cart › <b>adds', excerpt: ['expected 6', '\t</pre><script>\u202e'] },
    ...{ file: 'a"b.js', line: 3, logLine: 120 },
  }
  const run = { conclusion: 'failed', reason: '1 of 3 tests failed', tests, failure } as const
  const page = render(viewWith({ run }))
  expect(page).toContain('<h2>cart › &lt;b&gt;adds (a&quot;b.js:3)</h2>')
  expect(page).toContain('expected 6\n    &lt;/pre&gt;&lt;script&gt;\\u202e</pre>')
  expect(page).toContain('<dt>Tests</dt><dd>1 passed, 1 failed, 1 skipped</dd>')
  expect(page).not.toContain('<b>adds')
  expect(page).toContain('<a href="#L120">Line 120 of the log</a>')
  expect(render(viewWith({ run: { tests, failure } }))).not.toContain('id="failure"')
})

test('the page of a retry leads to the build that it repeats', () => {
  const view = viewWith({ build: { retryOf: 5 } })
  const retried = '/gh/ada/web/builds/5?key=k'
  const page = String(
    renderBuildPage({ view, shown: firstLog(view), logText: '', links: { ...links, retried } }),
  )
  expect(page).toContain(`<dt>Retry of</dt><dd><a href="${retried}">#5</a></dd>`)
  expect(render(viewWith())).not.toContain('Retry of')
})

test('the page of a rebuild leads to the build that it repeats, and says how to deploy what it has tested', () => {
  const withheld = { ...deploy, status: 'cancelled', reason: 'A rebuild only tests' } as const
  const end = {
    conclusion: 'passed',
    reason: null,
    deploy: withheld,
    endedAt: after(44).toISOString(),
  } as const
  const pageOf = (rebuildOf: number | null) => {
    const view = viewWith({ build: { rebuildOf }, report: { end } })
    const retried = rebuildOf === null ? null : '/gh/ada/web/builds/5'
    return String(renderBuildPage({ view, shown: firstLog(view), logText: '', links: { ...links, retried } }))
  }
  const page = pageOf(5)
  expect(page).toContain('<dt>Rebuild of</dt><dd><a href="/gh/ada/web/builds/5">#5</a></dd>')
  expect(page).toContain('Passed in 42 s, not deployed to dev: a rebuild only tests</p>')
  expect(page).toContain('<dt>To deploy it</dt><dd><code>lambci deploy ada/web dev --build 7</code></dd>')
  // One that was withheld for another reason may not have to be deployed.
  expect(pageOf(null)).not.toContain('To deploy it')
})

test('the page of a pull request says whether its head or its merge is tested', () => {
  const commit = (...parts: Parameters<typeof viewWith>) =>
    /<dt>Commit<\/dt><dd>(.*?)<\/dd>/.exec(render(viewWith(...parts)))?.[1]
  expect(commit({ build: PULL })).toBe('<code>aaaaaaaaaa</code>, the head')
  const plan = { build: true, reason: 'x', cmd: 'true', stage: null, merge: 'c'.repeat(40) }
  expect(commit({ build: { ...PULL, branch: '<b>' }, run: { plan } })).toBe(
    '<code>aaaaaaaaaa</code> merged into &lt;b&gt; (<code>cccccccccc</code>)',
  )
})

test.each<[string, Parameters<typeof viewWith>[0], string[]]>([
  [
    'a running build, reloading itself',
    { run: { phase: 'running', endedAt: null } },
    ['http-equiv="refresh"', 'href="/live"', 'class="status running"'],
  ],
  ['a queued build', { run: null }, ['http-equiv="refresh"', 'status queued" role="status">Queued<']],
  [
    'a failed build',
    { run: { conclusion: 'failed', reason: 'why' } },
    ['status red" role="status">Failed: why<', 'href="/whole"'],
  ],
  [
    'a failed deploy',
    {
      report: {
        end: {
          conclusion: 'failed',
          reason: 'Tests passed, deploy to dev failed: ./d.sh ended with exit code 1',
          deploy,
          endedAt: after(44).toISOString(),
        },
      },
    },
    [
      'status red" role="status">Tests passed, deploy to dev failed: ./d.sh ended with exit code 1<',
      '<dd>dev: failed, zappa update ended with exit code 1</dd>',
    ],
  ],
  ['a pull request', { build: PULL }, ['<dt>Pull request</dt><dd>#12, topic into master</dd>']],
  ['a build of a fork', { build: FORKED }, ['<dt>Trust</dt><dd>fork</dd>']],
])('the page of %s', (_, changes, parts) => {
  const page = render(viewWith(changes))
  for (const part of parts) expect(page).toContain(part)
})

test.each([
  ...HOSTILE,
  '</pre><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '<!--',
  ']]>',
  '&lt;b&gt;',
])('%j stays text everywhere on the page', text => {
  const person = { name: text, login: text }
  const build = { message: text, branch: text, checkoutBranch: text, author: person }
  const reason = { conclusion: 'failed' as const, reason: text }
  const pages = [build, { ...FORKED, ...build }].map(each =>
    render(viewWith({ build: each, run: reason }), text),
  )
  // It creates no tag, attribute or comment: the page has the same elements as with plain text.
  const plain = { message: 'x', branch: 'x', checkoutBranch: 'x', author: { name: 'x', login: 'x' } }
  const tagsOf = (page: string) => page.match(/<[^>]*>?/g)
  for (const [index, each] of [plain, { ...FORKED, ...plain }].entries()) {
    const expected = render(viewWith({ build: each, run: { conclusion: 'failed', reason: 'x' } }), 'x')
    expect(tagsOf(pages[index] ?? '')).toEqual(tagsOf(expected))
  }
})

test('escape sequences are removed from the log', () => {
  expect(render(viewWith(), '\u001b[31mred\u001b[0m')).toMatch(/<pre>red<\/pre>/)
})

test('the policy allows the page to run its own script and to load nothing else', () => {
  const page = whole()
  const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const [, style = ''] = /<style>([^<]*)/.exec(page) ?? []
  expect(SCRIPTED_PAGE_HEADERS['content-security-policy']).toBe(
    `default-src 'none'; style-src ${hashOf(style)}; base-uri 'none'; script-src ${hashOf(BROWSER_SCRIPT)}; ` +
      "connect-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'",
  )
  expect(page.match(/<script[^>]*>/g)).toEqual(['<script>'])
  expect(page.replace(BROWSER_SCRIPT, '')).not.toMatch(/ style=|<img|@import|url\(|<link rel="(?!icon")/)
})

test('the times of all phases are a bar and a legend', () => {
  const timings = { fetch: 900, cache: 1500, command: 39_000, log: 100 }
  const page = render(viewWith({ run: { timings } }))
  expect(page.match(/<rect class="phase-\d" x=/g)).toHaveLength(5)
  for (const words of [
    'Wait <b>2.0 s</b>',
    'Fetch <b>0.9 s</b>',
    'Restore cache <b>1.5 s</b>',
    'Command <b>39 s</b>',
    'Save log <b>0.1 s</b>',
  ])
    expect(page).toContain(words)
})

test('an unknown phase is shown by its recorded name, as text', () => {
  const timings = { 'a <new> phase': 900, constructor: 100 }
  const page = render(viewWith({ run: { timings } }))
  expect(page).toContain('a &lt;new&gt; phase <b>0.9 s</b>')
  expect(page).toContain('constructor <b>0.1 s</b>')
  expect(page.match(/<rect class="phase-\d" x=/g)).toHaveLength(3)
})
