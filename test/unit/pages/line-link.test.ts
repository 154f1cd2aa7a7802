import { expect, test } from 'vitest'
import { lineLink, readLineLink } from '../../../src/pages/browser/line-link.ts'

test.each([
  ['#L120', { from: 120, to: 120 }, '#L120'],
  ['#L5-L9', { from: 5, to: 9 }, '#L5-L9'],
  ['#L9-5', { from: 5, to: 9 }, '#L5-L9'],
])('%s is a link to lines', (hash, lines, normalized) => {
  expect(readLineLink(hash)).toEqual(lines)
  expect(lineLink(lines)).toBe(normalized)
})

test.each(['', '#', '#L0', '#Lx', '#L1e5', '#L12345678901', '#L1-', '#L<img>', 'L1'])(
  '%j is not a link to lines',
  hash => {
    expect(readLineLink(hash)).toBeNull()
  },
)
