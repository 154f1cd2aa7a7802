import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson, parseLayerJson } from '../../../src/config/json.ts'
import { scanJson } from '../../../src/config/json-scan.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { runs } from '../../support/runs.ts'

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
  [
    "{'cmd': 1}",
    'line 1, column 2: expected a key in double quotes or "}", found "\'" (JSON has only double quotes).',
  ],
  ['{"cmd" "make"}', 'line 1, column 8: expected a colon, found "\\"".'],
  ['{"cmd": make}', 'line 1, column 9: expected a value, found "make" (put text in double quotes).'],
  [
    '{"cmd": "make\n"}',
    'line 1, column 9: expected a value, found a string that is invalid or not terminated.',
  ],
  ['{"a": [1, 2}', 'line 1, column 12: expected a comma or the closing bracket, found "}".'],
  ['{} {}', 'line 1, column 4: expected the end of the file, found "{".'],
  ['{"a": 01}', 'line 1, column 7: expected a value, found "01" (put text in double quotes).'],
  ['{"a": 0x1F}', 'line 1, column 7: expected a value, found "0x1F" (put text in double quotes).'],
  ['[1, .5]', 'line 1, column 5: expected a value, found ".5" (put text in double quotes).'],
  ['{"a": True}', 'line 1, column 7: expected a value, found "True" (put text in double quotes).'],
  ['{\u0000}', 'line 1, column 2: expected a key in double quotes or "}", found a NUL character.'],
  [
    '{\u00a0}',
    'line 1, column 2: expected a key in double quotes or "}", found the invisible character U+00A0.',
  ],
])('%j', (text, expected) => {
  expect(() => parseJson('.lambci.json', text)).toThrow(
    new UserError(`.lambci.json is not valid JSON: ${expected}`),
  )
})

test('a byte order mark is accepted', () => {
  expect(parseJson('.lambci.json', '\uFEFF{"cmd": "make"}')).toEqual({ cmd: 'make' })
})

test.each([
  ['at the top', '{\n"cmd": "a",\n"env": {},\n"cmd": "b"}', 'cmd is given twice, on lines 2 and 4.'],
  ['on one line', '{"env": {"A": 1, "A": 1}}', 'env.A is given twice, on line 1.'],
  ['written differently', '{"a/b": 1, "a\\/b": 2}', '["a/b"] is given twice, on line 1.'],
  ['in a list', '{"cache": [{}, {"key": 1, "key": 2}]}', 'cache[1].key is given twice, on line 1.'],
  ['__proto__', '{"__proto__": 1, "__proto__": 1}', '__proto__ is given twice, on line 1.'],
])('a key that is given twice is named: %s', (_, text, expected) => {
  expect(() => parseJson('a.json', text)).toThrow(new UserError(`a.json: ${expected} Remove one of them.`))
})

test('the same key in different objects is no error', () => {
  expect(parseJson('a.json', '{"a": {"b": 1}, "c": [{"b": 1}, {"b": 2}], "b": "a"}')).toHaveProperty('c')
})

test('of package.json only what is in "lambci" counts', () => {
  const parse = (text: string) => parseLayerJson('package.json', text, 'package')
  expect(parse('{"a": 1.10, "a": 1.10, "lambci": {"env": {"A": 1.10}}}')).toEqual({
    a: 1.1,
    lambci: { env: { A: '1.10' } },
  })
  expect(() => parse('{"lambci": {"env": {"A": 1, "A": 2}}}')).toThrow('lambci.env.A is given twice')
  expect(() => parse('{"lambci": {}, "lambci": {}}')).toThrow('lambci is given twice')
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
      const { error } = scanJson(text)
      expect(error === null).toBe(isJson)
      if (error !== null) expect(error).toMatch(/^line \d+, column \d+: expected .+, found .+\.$/s)
    }),
    runs(2000),
  )
})

test.each([
  ['brackets', '['.repeat(250_000)],
  ['closed brackets', `${'['.repeat(120_000)}${']'.repeat(120_000)}`],
  [
    'keys given twice, deep',
    `${'{"a":'.repeat(30_000)}{${'"b":1,'.repeat(10_000)}"b":1}${'}'.repeat(30_000)}`,
  ],
  ['an unterminated string', `{"a": "${'\\n'.repeat(100_000)}`],
  ['a long string before the error', `{"a": "${'x'.repeat(250_000)}" 1`],
])('hostile: %s', (_, text) => {
  expect(() => parseJson('a.json', text)).toThrow(UserError)
})
