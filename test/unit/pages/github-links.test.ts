import { expect, test } from 'vitest'
import { githubLinks } from '../../../src/pages/github-links.ts'
import { HOSTILE } from '../../support/payloads.ts'
import { FORKED, PULL, viewWith } from '../../support/records.ts'

const linksOf = (build: Parameters<typeof viewWith>[0] = {}, url = 'https://github.com') =>
  githubLinks(viewWith(build), url)
const [COMMIT, BASE] = ['a'.repeat(40), 'b'.repeat(40)]

test('a push leads to its commit, its branch, what it has brought, and its author', () => {
  const author = { name: 'Ada', login: 'ada-l' }
  const { placeIn, ...links } = linksOf({ build: { checkoutBranch: 'fix/a b#1', baseCommit: BASE, author } })
  expect(links).toEqual({
    commit: `https://github.com/ada/web/commit/${COMMIT}`,
    branch: 'https://github.com/ada/web/tree/fix/a%20b%231',
    pullRequest: null,
    comparison: `https://github.com/ada/web/compare/${BASE}...${COMMIT}`,
    author: 'https://github.com/ada-l',
  })
  expect(placeIn('src/a b.ts', 7)).toBe(`https://github.com/ada/web/blob/${COMMIT}/src/a%20b.ts#L7`)
  expect(linksOf({ build: { baseCommit: null } }).comparison).toBeNull()
})

test('a pull request leads to itself, and to the branch where it comes from', () => {
  expect(linksOf({ build: PULL }).pullRequest).toBe('https://github.com/ada/web/pull/12')
  expect(linksOf({ build: FORKED }).branch).toBe('https://github.com/stranger/web/tree/topic')
  expect(linksOf({ build: { ...FORKED, cloneRepository: null } }).branch).toBeNull()
})

test('another GitHub is where the account has it', () => {
  expect(linksOf({}, 'https://git.example.com/').commit).toBe(
    `https://git.example.com/ada/web/commit/${COMMIT}`,
  )
})

test.each([
  ...HOSTILE,
  '..',
  '../../login',
  '.',
  'a/../../x',
  '?x',
  '#x',
  '\\\\evil.example',
  '@evil.example',
])('whatever strangers write, the links stay where they belong: %j', text => {
  const author = { name: text, login: text.slice(0, 100) }
  const { placeIn, ...links } = linksOf({ build: { checkoutBranch: text, author } })
  const urls = [...Object.values(links), placeIn(text, 1)].filter(link => link !== null)
  for (const url of urls) {
    const { origin, pathname } = new URL(url)
    expect([origin, pathname.startsWith('/ada/web/')]).toEqual(['https://github.com', url !== links.author])
  }
})
