import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeSyntaxError, parseJson } from '../../../src/config/json.ts'
import { UserError } from '../../../src/model/user-error.ts'

test.each([
  ['', 'line 1, column 1: expected a value, found the end of the file.'],
  ['{"cmd": "make",}', 'line 1, column 16: expected a key in double quotes, found "}".'],
  [
    '{\n  "cmd": "make"\n  "build": true\n}',
    'line 3, column 3: expected a comma or the closing bracket, found "\\"".',
  ],
  [
    '{\n  // a comment\n}',
    'line 2, column 3: expected a key in double quotes or "}", found a comment (JSON has none).',
  ],
  ["{'cmd': 1}", 'line 1, column 2: expected a key in double quotes or "}", found "\'".'],
  ['{"cmd" "make"}', 'line 1, column 8: expected a colon, found "\\"".'],
  ['{"cmd": make}', 'line 1, column 9: expected a value, found "m".'],
  ['{"cmd": "make\n"}', 'line 1, column 9: expected a value, found a string that is broken or does not end.'],
  ['{"a": [1, 2}', 'line 1, column 12: expected a comma or the closing bracket, found "}".'],
  ['{} {}', 'line 1, column 4: expected nothing more, found "{".'],
  ['{"a": 01}', 'line 1, column 8: expected a comma or the closing bracket, found "1".'],
])('%j', (text, expected) => {
  expect(() => parseJson('.lambci.json', text)).toThrow(
    new UserError(`.lambci.json is not valid JSON: ${expected}`),
  )
})

test('a byte order mark is no mistake', () => {
  expect(parseJson('.lambci.json', '\uFEFF{"cmd": "make"}')).toEqual({ cmd: 'make' })
})

test('more than 256 KB is refused, as much is read', () => {
  const file = (bytes: number) => `"${'ü'.repeat((bytes - 2) / 2)}"`
  expect(parseJson('a.json', file(256 * 1024))).toHaveLength(128 * 1024 - 1)
  expect(() => parseJson('a.json', file(256 * 1024 + 2))).toThrow('a.json is larger than 256 KB')
})

test('a place is found for whatever JSON.parse refuses, before the end of the part that is right', () => {
  const mutilated = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '{', ']', ',', ':', 'x', '\\', '\n', '0', '-'))
    .map(
      ([json, at, junk]) =>
        json.slice(0, at % (json.length + 1)) + junk + json.slice((at + 1) % (json.length + 1)),
    )
  fc.assert(
    fc.property(mutilated, text => {
      let isJson = true
      try {
        JSON.parse(text)
      } catch {
        isJson = false
      }
      const said = describeSyntaxError(text)
      expect(said).toMatch(/^line \d+, column \d+: expected .+, found .+\.$/s)
      expect(said.endsWith('expected nothing more, found the end of the file.')).toBe(isJson)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['brackets', '['.repeat(250_000)],
  ['a string without an end', `{"a": "${'\\n'.repeat(100_000)}`],
  ['a long string before the mistake', `{"a": "${'x'.repeat(250_000)}" 1`],
])('hostile: %s', (_, text) => {
  expect(() => parseJson('a.json', text)).toThrow(UserError)
})
