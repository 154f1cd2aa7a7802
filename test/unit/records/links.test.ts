import { expect, test } from 'vitest'
import { buildPath, buildUrl, keyOfPath, opensPath } from '../../../src/records/links.ts'
import { makeBuild } from '../../support/records.ts'

const LINK_KEY = 'a-link-key-of-these-tests'
const path = buildPath({ project: 'gh/ada/web', number: 7 })
const key = keyOfPath(path, LINK_KEY)

test('the link to a private build has a key, the link to a public one has none', () => {
  expect(buildUrl(makeBuild(), LINK_KEY)).toBe('https://ci.example.com/gh/ada/web/builds/7')
  const url = new URL(buildUrl(makeBuild({ isPrivate: true }), LINK_KEY))
  expect([url.pathname, url.searchParams.get('key')]).toEqual([path, key])
})

test.each<[string, string, string | undefined, string, boolean]>([
  ['accepts its own key', path, key, LINK_KEY, true],
  ['rejects no key', path, undefined, LINK_KEY, false],
  ['rejects an empty key', path, '', LINK_KEY, false],
  ['rejects half a key', path, key.slice(0, 16), LINK_KEY, false],
  ['rejects a longer key', path, `${key}x`, LINK_KEY, false],
  ['rejects a key of as many bytes in fewer characters', path, 'ä'.repeat(16), LINK_KEY, false],
  [
    'rejects one wrong character',
    path,
    `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`,
    LINK_KEY,
    false,
  ],
  ["rejects another build's key", '/gh/ada/web/builds/8', key, LINK_KEY, false],
  ['rejects a key from before a new link key', path, key, 'another-link-key-altogether', false],
])('%s', (_, at, given, linkKey, expected) => {
  expect(opensPath(at, given, linkKey)).toBe(expected)
})

test('keys are 32 URL-safe characters, and distinct for each path', () => {
  const keys = Array.from({ length: 200 }, (_, number) => keyOfPath(`/gh/ada/web/builds/${number}`, LINK_KEY))
  expect(new Set(keys).size).toBe(200)
  expect(keys.filter(each => !/^[A-Za-z0-9_-]{32}$/.test(each))).toEqual([])
})
