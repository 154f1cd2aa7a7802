import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { renderBuildPage } from '../../src/pages/build-page.ts'
import { PAGE_HEADERS } from '../../src/pages/frame.ts'
import { HOSTILE } from '../payloads.ts'
import { FORKED, PULL, viewWith } from '../records.ts'

const links = { whole: '/whole', live: '/live' }
const render = (view = viewWith(), logText = '') => String(renderBuildPage({ view, logText, links }))

test('the page of a build that passed', () => {
  const page = render(viewWith(), 'one\ntwo')
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
  expect(page).toContain('<title>passed · ada/web #7</title>')
  expect(page).toContain('<p class="outcome passed">Passed in 42 s</p>')
  expect(page).toContain('<dt>Commit</dt><dd>aaaaaaaaaa Paint it green</dd>')
  expect(page).toContain('<dt>Duration</dt><dd>42 s</dd>')
  expect(page).toMatch(/<pre [^>]*>one\ntwo<\/pre>/)
  expect(page).toContain('href="/whole"')
  expect(page).not.toContain('http-equiv')
})

const deploy = {
  stage: 'dev',
  status: 'failed',
  reason: 'zappa update ended with exit code 1',
  exit: null,
} as const

test.each<[string, Parameters<typeof viewWith>[0], string[]]>([
  [
    'one under way reloads itself',
    { run: { phase: 'running', endedAt: null } },
    ['http-equiv="refresh"', 'href="/live"', 'outcome running'],
  ],
  ['one that waits', { run: null }, ['http-equiv="refresh"', 'outcome queued">Queued<']],
  [
    'one that failed',
    { run: { result: 'failed', reason: 'why' } },
    ['outcome red">Failed: why<', 'href="/whole"'],
  ],
  [
    'a failed deploy',
    { run: { deploy } },
    [
      'outcome red">Passed in 42 s, but the deploy to dev failed<',
      '<dd>dev: failed, zappa update ended with exit code 1</dd>',
    ],
  ],
  ['a pull request', { job: PULL }, ['<dt>Pull request</dt><dd>#12, topic into master</dd>']],
  ["a fork's", { job: FORKED }, ['<dt>Trust</dt><dd>fork</dd>']],
])('%s', (_, changes, parts) => {
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
])('%j stays text wherever it stands', text => {
  const person = { name: text, login: text }
  const job = { message: text, branch: text, checkoutBranch: text, author: person }
  const reason = { result: 'failed' as const, reason: text }
  const pages = [job, { ...FORKED, ...job }].map(each => render(viewWith({ job: each, run: reason }), text))
  // No tag, attribute or comment comes of it: the page has the elements that it has with plain text.
  const plain = { message: 'x', branch: 'x', checkoutBranch: 'x', author: { name: 'x', login: 'x' } }
  const tagsOf = (page: string) => page.match(/<[^>]*>?/g)
  for (const [index, each] of [plain, { ...FORKED, ...plain }].entries()) {
    const expected = render(viewWith({ job: each, run: { result: 'failed', reason: 'x' } }), 'x')
    expect(tagsOf(pages[index] ?? '')).toEqual(tagsOf(expected))
  }
})

test('colours are taken out of the log', () => {
  expect(render(viewWith(), '\u001b[31mred\u001b[0m')).toMatch(/<pre [^>]*>red<\/pre>/)
})

test('the policy lets the page load and run nothing but its own style', () => {
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(render()) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  expect(PAGE_HEADERS['content-security-policy']).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
  expect(render()).not.toMatch(/ style=|<script|<img|<link|@import|url\(/)
})
