import { matchesGlob } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matcherOf } from '../../../src/config/glob.ts'

test.each<[string, string, boolean]>([
  ['docs', 'docs/a/b.md', true],
  ['docs/', 'docs/a.md', true],
  ['/docs', 'docs/a.md', true],
  ['./docs', 'docs/a.md', true],
  ['docs', 'docs.md', false],
  ['docs', 'src/docs/a.md', false],
  ['**/docs', 'src/docs/a.md', true],
  ['**/docs', 'docs/a.md', true],
  ['*.md', 'README.md', true],
  ['*.md', 'docs/a.md', false],
  ['**/*.md', 'README.md', true],
  ['**/*.md', 'a/b/c.md', true],
  ['**.md', 'a/b/c.md', true],
  ['src/**', 'src/a/b', true],
  ['src/**/test.ts', 'src/test.ts', true],
  ['src/**/test.ts', 'src/a/b/test.ts', true],
  ['src/?.ts', 'src/a.ts', true],
  ['src/?.ts', 'src/ab.ts', false],
  ['src/?.ts', 'src//.ts', false],
  ['a.b', 'a+b', false],
  ['(a|b)', 'a', false],
  ['(a|b)', '(a|b)', true],
  ['[ab]', '[ab]', true],
  ['a\nb', 'a\nb', true],
  ['*', 'a\nb', true],
  ['README.md', 'README.md.bak', false],
])('%j and %j: %s', (pattern, path, expected) => {
  expect(matcherOf([pattern])(path)).toBe(expected)
})

test('an empty list matches nothing', () => {
  expect(matcherOf([])('a')).toBe(false)
})

test('patterns that Node supports match as in Node', () => {
  const name = fc.stringMatching(/^[ab]{1,3}$/)
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/'))
  const part = fc.oneof(name, fc.constantFrom('*', '**', 'a*', '*b', '?', 'a?'))
  const pattern = fc.array(part, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/'))
  fc.assert(
    fc.property(pattern, path, (pattern, path) => {
      // Unlike in Node, the name of a directory matches everything below it.
      if (matchesGlob(path, pattern)) expect(matcherOf([pattern])(path)).toBe(true)
      else expect(matcherOf([pattern])(path)).toBe(matchesGlob(path, `${pattern}/**`))
    }),
    { numRuns: 500 },
  )
})
