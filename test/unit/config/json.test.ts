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
  [
    '{"cmd": "make\n"}',
    'line 1, column 9: expected a value, found a string that is invalid or not terminated.',
  ],
  ['{"a": [1, 2}', 'line 1, column 12: expected a comma or the closing bracket, found "}".'],
  ['{} {}', 'line 1, column 4: expected the end of the file, found "{".'],
  ['{"a": 01}', 'line 1, column 8: expected a comma or the closing bracket, found "1".'],
])('%j', (text, expected) => {
  expect(() => parseJson('.lambci.json', text)).toThrow(
    new UserError(`.lambci.json is not valid JSON: ${expected}`),
  )
})

test('a byte order mark is accepted', () => {
  expect(parseJson('.lambci.json', '\uFEFF{"cmd": "make"}')).toEqual({ cmd: 'make' })
})

test('256 KB are read, more is refused', () => {
  const file = (bytes: number) => `"${'ü'.repeat((bytes - 2) / 2)}"`
  expect(parseJson('a.json', file(256 * 1024))).toHaveLength(128 * 1024 - 1)
  expect(() => parseJson('a.json', file(256 * 1024 + 2))).toThrow('a.json is larger than 256 KB')
})

test('a position is found for every text that JSON.parse refuses, and only for these', () => {
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
      const message = describeSyntaxError(text)
      expect(message).toMatch(/^line \d+, column \d+: expected .+, found .+\.$/s)
      expect(message.endsWith('expected the end of the file, found the end of the file.')).toBe(isJson)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['brackets', '['.repeat(250_000)],
  ['an unterminated string', `{"a": "${'\\n'.repeat(100_000)}`],
  ['a long string before the error', `{"a": "${'x'.repeat(250_000)}" 1`],
])('hostile: %s', (_, text) => {
  expect(() => parseJson('a.json', text)).toThrow(UserError)
})
