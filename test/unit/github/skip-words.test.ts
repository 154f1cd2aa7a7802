import { expect, test } from 'vitest'
import { findSkipWord } from '../../../src/github/skip-words.ts'

test.each([
  ['Fix it [skip ci]', '[skip ci]'],
  ['[ci skip] Fix it', '[ci skip]'],
  ['Fix it\n\nLater. [no ci] or not', '[no ci]'],
  ['Fix it [skip actions]', '[skip actions]'],
  ['Fix [actions skip] it', '[actions skip]'],
  ['Fix it\n\n\nskip-checks: true', 'skip-checks: true'],
  ['Fix it\n\nskip-checks:true\n', 'skip-checks:true'],
  ['Fix it\r\n\r\nMore.\r\n\r\nCo-authored-by: a\r\nskip-checks: true', 'skip-checks: true'],
])('%j skips the build', (message, word) => {
  expect(findSkipWord(message)).toBe(word)
})

test.each([
  ['Fix it'],
  [''],
  ['[skipci]'],
  ['skip ci'],
  // Not trailers: in the subject, or not in the last paragraph.
  ['skip-checks: true'],
  ['Fix it\n\nskip-checks: true\n\nMore.'],
  ['Fix it\n\nskip-checks: false'],
  ['Fix it\n\nSee skip-checks: true'],
])('%j skips nothing', message => {
  expect(findSkipWord(message)).toBeNull()
})
