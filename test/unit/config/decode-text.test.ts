import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeText } from '../../../src/config/decode-text.ts'
import { UserError } from '../../../src/model/user-error.ts'

const TEXT = '{\n"cmd": "make"}'
const swapped = Buffer.from(TEXT, 'utf16le').swap16()
const bom = (...bytes: number[]) => Buffer.from(bytes)

test.each([
  ['UTF-16 with a byte order mark', Buffer.concat([bom(0xff, 0xfe), Buffer.from(TEXT, 'utf16le')]), 'UTF-16'],
  ['big-endian UTF-16 with one', Buffer.concat([bom(0xfe, 0xff), swapped]), 'UTF-16'],
  ['UTF-16 without one', Buffer.from(TEXT, 'utf16le'), 'UTF-16'],
  ['big-endian UTF-16 without one', swapped, 'UTF-16'],
  ['UTF-32', bom(0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0), 'UTF-32'],
  ['big-endian UTF-32 without a mark', bom(0, 0, 0, 0x7b), 'UTF-32'],
])('%s is named', (_, bytes, encoding) => {
  expect(() => decodeText('.lambci.json', bytes)).toThrow(
    new UserError(`.lambci.json is encoded in ${encoding}. Save it as UTF-8.`),
  )
})

test.each([
  ['Latin-1', Buffer.from(`{\n"cmd": "prüfe"}`, 'latin1'), 'line 2 has the byte 0xFC'],
  ['a character that is cut off', Buffer.from('{}\n\nü').subarray(0, -1), 'line 3 has the byte 0xC3'],
])('%s is named with its line', (_, bytes, expected) => {
  expect(() => decodeText('a.json', bytes)).toThrow(
    new UserError(`a.json is not valid UTF-8: ${expected}. Save it as UTF-8.`),
  )
})

test('every text in UTF-8 is read as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      const json = JSON.stringify({ cmd: text })
      expect(decodeText('a.json', Buffer.from(json))).toBe(json)
      expect(decodeText('a.json', Buffer.from(`\uFEFF${json}`))).toBe(`\uFEFF${json}`)
    }),
  )
})
