import { expect, test } from 'vitest'
import { buildPath, buildUrl, keyOfPath, opensPath } from '../../../src/records/links.ts'
import { makeBuild } from '../../support/records.ts'

const LINK_KEY = 'a-link-key-of-these-tests'
const path = buildPath({ project: 'gh/ada/web', number: 7 })
const key = keyOfPath(path, LINK_KEY)

test('a public build has a plain link, a private one carries its key', () => {
  expect(buildUrl(makeBuild(), LINK_KEY)).toBe('https://ci.example.com/gh/ada/web/builds/7')
  const url = new URL(buildUrl(makeBuild({ isPrivate: true }), LINK_KEY))
  expect([url.pathname, url.searchParams.get('key')]).toEqual([path, key])
})

test.each<[string, string, string | undefined, string, boolean]>([
  ['its own key', path, key, LINK_KEY, true],
  ['no key', path, undefined, LINK_KEY, false],
  ['an empty key', path, '', LINK_KEY, false],
  ['half a key', path, key.slice(0, 16), LINK_KEY, false],
  ['a longer key', path, `${key}x`, LINK_KEY, false],
  ['a key of as many bytes in fewer characters', path, 'ä'.repeat(16), LINK_KEY, false],
  ['one wrong character', path, `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`, LINK_KEY, false],
  ["another build's key", '/gh/ada/web/builds/8', key, LINK_KEY, false],
  ['a key of the time before a new link key', path, key, 'another-link-key-altogether', false],
])('%s', (_, at, given, linkKey, expected) => {
  expect(opensPath(at, given, linkKey)).toBe(expected)
})

test('keys have one length, fit a URL, and each path has its own', () => {
  const keys = Array.from({ length: 200 }, (_, number) => keyOfPath(`/gh/ada/web/builds/${number}`, LINK_KEY))
  expect(new Set(keys).size).toBe(200)
  expect(keys.filter(each => !/^[A-Za-z0-9_-]{32}$/.test(each))).toEqual([])
})
