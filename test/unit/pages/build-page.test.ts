import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Build } from '../../../src/model/build.ts'
import type { JobFailure } from '../../../src/model/failure.ts'
import { BROWSER_SCRIPT } from '../../../src/pages/browser-script.ts'
import { renderBuildPage } from '../../../src/pages/build-page.ts'
import { SCRIPTED_PAGE_HEADERS } from '../../../src/pages/layout.ts'
import type { RelatedBuilds } from '../../../src/pages/related-builds.ts'
import { firstLog } from '../../../src/pages/shown-log.ts'
import { NOTHING_AROUND, publicLinks } from '../../support/page-links.ts'
import { HOSTILE } from '../../support/payloads.ts'
import { after, FORKED, PULL, viewWith } from '../../support/records.ts'

const whole = (view = viewWith(), logText = '') =>
  String(
    renderBuildPage({ view, shown: firstLog(view), logText, links: publicLinks(view), ...NOTHING_AROUND }),
  )
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
  const commit = `https://github.com/ada/web/commit/${'a'.repeat(40)}`
  expect(page).toContain(
    `<dt>Commit</dt><dd><a href="${commit}" rel="noreferrer"><code>aaaaaaaaaa</code></a>`,
  )
  expect(page).toMatch(/<h1>.*<\/span> Paint it green <span class="soft">#7<\/span><\/h1>/)
  expect(page).toContain('<code tabindex="0" aria-label="To build it again">lambci rebuild ada/web#7</code>')
  expect(page).toContain('<dt>Duration</dt><dd>42 s</dd>')
  expect(page).toMatch(/<pre>one\ntwo<\/pre>/)
  expect(page).toContain('href="/gh/ada/web/builds/7/log.txt"')
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
  expect(page).toContain(`href="https://github.com/ada/web/blob/${'a'.repeat(40)}/a%22b.js#L3"`)
  expect(render(viewWith({ run: { tests, failure } }))).not.toContain('id="failure"')
})

test('the page of a build leads to those around it, and to the one that it repeats', () => {
  const pageOf = (build: Partial<Build>, related: RelatedBuilds) => {
    const view = viewWith({ build })
    const page = renderBuildPage({
      ...{ view, shown: firstLog(view), logText: '', links: publicLinks(view) },
      ...{ ...NOTHING_AROUND, related },
    })
    const [, around = ''] = /<nav id="related"[^>]*>(.*?)<\/nav>/s.exec(String(page)) ?? []
    return around
      .replaceAll('</span><span>', '; ')
      .replaceAll(/<[^>]+>/g, '')
      .trim()
  }
  const related = { previous: 6, next: 9, ofCommit: [9, 5, 4] }
  expect(pageOf({ retryOf: 5 }, related)).toBe('Previous #6; Next #9; Retry of #5; Of the same commit #4')
  expect(pageOf({ rebuildOf: 2 }, NOTHING_AROUND.related)).toBe('Rebuild of #2')
  expect(pageOf({}, NOTHING_AROUND.related)).toBe('')
})

test('the page of a rebuild shows how to deploy what it has tested', () => {
  const withheld = { ...deploy, status: 'cancelled', reason: 'A rebuild only tests' } as const
  const end = {
    conclusion: 'passed',
    reason: null,
    deploy: withheld,
    endedAt: after(44).toISOString(),
  } as const
  const pageOf = (rebuildOf: number | null) => render(viewWith({ build: { rebuildOf }, report: { end } }))
  const page = pageOf(5)
  expect(page).toContain('Passed in 42 s, not deployed to dev: a rebuild only tests</p>')
  expect(page).toContain('aria-label="To deploy it">lambci deploy ada/web dev --build 7</code>')
  // One that was withheld for another reason may not have to be deployed.
  expect(pageOf(null)).not.toContain('To deploy it')
})

test.each<[string, Parameters<typeof viewWith>[0], string[]]>([
  ['passed', {}, ['rebuild ada/web#7']],
  ['runs', { run: { phase: 'running', endedAt: null } }, ['cancel ada/web#7']],
  ['waits', { build: { approval: 'stranger' }, run: null }, ['approve ada/web#7']],
  ['only repeats a job', { build: { rebuildOf: 5, repeats: { job: "unit (X=')", times: 2 } } }, []],
])('the page of a build that %s has the commands to copy', (_, changes, expected) => {
  const page = render(viewWith(changes))
  const commands = [...page.matchAll(/<code tabindex="0" aria-label="To [^"]+">lambci ([^<]+)<\/code>/g)]
  expect(commands.map(([, command]) => command)).toEqual(expected)
})

test('a long message is folded, and its first line is the title', () => {
  const page = render(viewWith({ build: { message: 'Paint it <green>\n\nIt was red.\nToo red.' } }))
  expect(page).toMatch(/<h1>.* Paint it &lt;green&gt; /)
  expect(page).toContain('Paint it &lt;green&gt;\n\nIt was red.\nToo red.</pre></details>')
  expect(render(viewWith({ build: { message: 'One line' } }))).not.toContain('The whole message')
})

test('the page of a pull request says whether its head or its merge is tested', () => {
  const commit = (...parts: Parameters<typeof viewWith>) =>
    /<dt>Commit<\/dt><dd>(.*?)<\/dd>/.exec(render(viewWith(...parts)))?.[1]
  const head = `<a href="https://github.com/ada/web/commit/${'a'.repeat(40)}" rel="noreferrer"><code>aaaaaaaaaa</code></a>`
  expect(commit({ build: PULL })).toBe(`${head}, the head`)
  const plan = { build: true, reason: 'x', cmd: 'true', stage: null, merge: 'c'.repeat(40) }
  expect(commit({ build: { ...PULL, branch: '<b>' }, run: { plan } })).toBe(
    `${head} merged into &lt;b&gt; (<code>cccccccccc</code>)`,
  )
})

test.each<[string, Parameters<typeof viewWith>[0], string[]]>([
  [
    'a running build, reloading itself',
    { run: { phase: 'running', endedAt: null } },
    ['http-equiv="refresh"', 'href="/gh/ada/web/builds/7/log"', 'class="status running"'],
  ],
  ['a queued build', { run: null }, ['http-equiv="refresh"', 'status queued" role="status">Queued<']],
  [
    'a failed build',
    { run: { conclusion: 'failed', reason: 'why' } },
    ['status red" role="status">Failed: why<', 'href="/gh/ada/web/builds/7/log.txt"'],
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
      '<dd>dev deploy failed: zappa update ended with exit code 1</dd>',
    ],
  ],
  ['a pull request', { build: PULL }, ['href="https://github.com/ada/web/pull/12" rel="noreferrer">#12</a>']],
  [
    'a build of a fork',
    { build: FORKED },
    ['<dt>Rights</dt><dd>of a fork: no secrets</dd>', '>stranger:topic</a>'],
  ],
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
  const tagsOf = (page: string) =>
    page
      // Only a possible login is a link.
      .replace(/(<dt>Author<\/dt><dd>)<a [^>]*>([^<]*)<\/a>/, '$1$2')
      .replaceAll(/href="https:\/\/github\.com\/[^"]*"/g, 'href')
      .match(/<[^>]*>?/g)
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
