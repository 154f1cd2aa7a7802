import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findWebLinks } from '../../../src/pages/browser/web-links.ts'
import { CODE_POINT } from '../../support/code-points.ts'

const linksIn = (text: string) => findWebLinks(text).map(({ from, to }) => text.slice(from, to))

test.each<[text: string, links: string[]]>([
  ['Deployed to https://dev.example.com/', ['https://dev.example.com/']],
  [
    'see http://127.0.0.1:4300/gh/you/project?a=1&b=2#L3.',
    ['http://127.0.0.1:4300/gh/you/project?a=1&b=2#L3'],
  ],
  ['(https://example.com/a_(b)), and more', ['https://example.com/a_(b)']],
  ['[docs](https://example.com/docs)', ['https://example.com/docs']],
  ['http://[::1]:8080/x', ['http://[::1]:8080/x']],
  ['"https://one.example","https://two.example/x"', ['https://one.example', 'https://two.example/x']],
  ['<a href="https://example.com/?q=1">', ['https://example.com/?q=1']],
  ['**https://example.com/x**!', ['https://example.com/x']],
  ['ünï https://exämple.com/ä', ['https://exämple.com/ä']],
  ['HTTPS://EXAMPLE.COM', ['HTTPS://EXAMPLE.COM']],
])('%s', (text, links) => {
  expect(linksIn(text)).toEqual(links)
})

test.each([
  'javascript://example.com/%0aalert(1)',
  'file:///etc/passwd',
  'xhttps://example.com',
  'https://',
  'https:// example.com',
  'https://github.com@evil.example/',
  'https://user:password@example.com/',
  'https://example.com/?token=***',
  'https://example.com:99999/',
  `https://example.com/${'x'.repeat(3000)}`,
  's3://bucket/key',
])('%s is no link', text => {
  expect(linksIn(text)).toEqual([])
})

test('whatever a line contains, links are within it, in order, and lead to the web alone', () => {
  // `fc.webUrl` builds a table of a million strings first.
  const character = fc.oneof(
    fc.constantFrom(...'abcXYZ019'),
    fc.constantFrom(..."/?#-._~!$&'()*+,;=:@"),
    CODE_POINT.map(encodeURIComponent),
  )
  const url = fc
    .tuple(fc.constantFrom('http', 'https'), fc.domain(), fc.string({ unit: character }))
    .map(([scheme, domain, rest]) => `${scheme}://${domain}/${rest}`)
  const part = fc.oneof(
    fc.string(),
    url,
    fc.constantFrom('http://', 'https://', '@', ')', '(', '***', '\u001b]8;;', 'javascript:', ' '),
  )
  fc.assert(
    fc.property(fc.array(part), parts => {
      const text = parts.join('')
      let end = 0
      for (const { from, to, href } of findWebLinks(text)) {
        expect(from).toBeGreaterThanOrEqual(end)
        expect(to).toBeGreaterThan(from)
        expect(to).toBeLessThanOrEqual(text.length)
        expect(href).toMatch(/^https?:\/\/[^@/]+(\/|$)/)
        end = to
      }
    }),
    { numRuns: 300 },
  )
})
