import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError } from '../../../src/model/user-error.ts'

const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code)),
})
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u

test('a text is one line, and a list has a line for each, whatever they quote', () => {
  fc.assert(
    fc.property(anyText, fc.array(anyText, { minLength: 1 }), (text, texts) => {
      expect(new UserError(text).message).not.toMatch(CONTROLS)
      const { message, lines } = new UserError(texts)
      expect(message.split('\n')).toEqual(lines)
      expect(lines).toHaveLength(texts.length)
      for (const line of lines) expect(line).not.toMatch(CONTROLS)
    }),
  )
  expect(new UserError('x\n▸ Passed\x1b[8m').message).toBe('x\\n▸ Passed\\x1b[8m')
})
