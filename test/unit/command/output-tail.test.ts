import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OutputTail } from '../../../src/command/output-tail.ts'

test('the end of the output is kept, however it is cut, and not much more', () => {
  const chunk = fc.string({ unit: 'grapheme-ascii', maxLength: 30 })
  fc.assert(
    fc.property(fc.array(chunk), fc.integer({ min: 1, max: 40 }), (chunks, limit) => {
      const tail = new OutputTail(limit)
      for (const text of chunks) tail.write(Buffer.from(text))
      const all = chunks.join('')
      expect(all.endsWith(tail.text)).toBe(true)
      expect(tail.text.endsWith(all.slice(-limit))).toBe(true)
      expect(tail.text.length).toBeLessThan(2 * limit)
    }),
  )
})
