import fc from 'fast-check'
import { expect, test } from 'vitest'
import { REASON_BYTES, shortenBytes, shortReason } from '../../../src/model/short-reason.ts'
import { CODE_POINT } from '../../support/code-points.ts'

const bytesOf = (text: string) => Buffer.byteLength(JSON.stringify(text)) - 2

test.each([
  ['nothing', '', 5, ''],
  ['what fits', 'abcde', 5, 'abcde'],
  ['what is too long', 'abcdef', 5, 'ab…'],
  ['characters of two bytes', 'äöü', 5, 'ä…'],
  ['a character outside of the basic plane', 'a🌍🌍', 8, 'a🌍…'],
  ['a quotation mark, which JSON escapes', '"abcd', 5, '"…'],
  ['a control character, which JSON escapes', 'a\u0001b', 7, 'a…'],
  ['half of a character', 'a\ud83c', 10, 'a\ufffd'],
])('%s', (_, text, limit, expected) => {
  expect(shortenBytes(text, limit)).toBe(expected)
})

test('any text gets as many bytes as it may have, and stays what it was if it fits', () => {
  const texts = fc.oneof(fc.string({ unit: CODE_POINT, maxLength: 400 }), fc.string({ maxLength: 400 }))
  fc.assert(
    fc.property(texts, fc.integer({ min: 3, max: 300 }), (text, limit) => {
      const short = shortenBytes(text, limit)
      expect(bytesOf(short)).toBeLessThanOrEqual(limit)
      expect(short.isWellFormed()).toBe(true)
      if (bytesOf(text.toWellFormed()) <= limit) expect(short).toBe(text.toWellFormed())
      // The next character would not have fitted.
      else {
        const kept = short.slice(0, -1)
        expect(text.toWellFormed().startsWith(kept)).toBe(true)
        const [next = ''] = text.toWellFormed().slice(kept.length)
        expect(bytesOf(`${kept}${next}…`)).toBeGreaterThan(limit)
      }
      expect(shortenBytes(short, limit)).toBe(short)
    }),
  )
})

test('a reason is cut before it takes long', () => {
  expect(bytesOf(shortReason('x'.repeat(1_000_000)))).toBe(REASON_BYTES)
})
