import { expect, test } from 'vitest'
import { renderHome } from '../../../src/pages/home-page.ts'

const empty = (areAll: boolean, older: string | null) =>
  String(renderHome({ owner: null, repositories: [], next: older === null ? null : 10, areAll }, older))

test('a page without repositories says why: none has been built, none is public, or none of the newest is', () => {
  expect(empty(true, null)).toContain('Nothing has been built yet.')
  expect(empty(false, null)).toContain('No public repository has been built here yet.')
  const more = empty(false, '/?from=10')
  expect(more).toContain('None of the newest repositories is public.')
  expect(more).toContain('href="/?from=10">More repositories')
  expect(more).not.toContain('has been built here yet')
})
