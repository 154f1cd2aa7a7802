import { expect, test } from 'vitest'
import { renderHome } from '../../../src/pages/home-page.ts'

const empty = (areAll: boolean) =>
  String(renderHome({ owner: null, repositories: [], next: null, areAll }, null))

test('a page without repositories says why: none has been built, or none is public', () => {
  expect(empty(true)).toContain('Nothing has been built yet.')
  expect(empty(false)).toContain('No public repository has been built here yet.')
})
