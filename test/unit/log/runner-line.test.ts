import fc from 'fast-check'
import { expect, it } from 'vitest'
import { runnerLine } from '../../../src/log/runner-line.ts'
import { escapeControls } from '../../../src/model/escape-controls.ts'
import { CODE_POINT } from '../../support/code-points.ts'

it('begins with the mark of the runner', () => {
  expect(runnerLine('Fetching 1a2b3c4 from owner/repo')).toBe('▸ Fetching 1a2b3c4 from owner/repo\n')
})

it('escapes line breaks and escape sequences', () => {
  expect(runnerLine('on x\n▸ Passed\r\u001b[2J\u0085\u202e')).toBe(
    '▸ on x\\n▸ Passed\\r\\x1b[2J\\x85\\u202e\n',
  )
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), text => {
      expect(escapeControls(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
    }),
  )
})

it('is exactly one line without control characters, whatever the text', () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code)) })
  fc.assert(
    fc.property(text, each => {
      expect(runnerLine(each)).toMatch(/^▸ [^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]*\n$/u)
    }),
  )
})
