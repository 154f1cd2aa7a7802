import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSecretRedactor } from '../../../src/log/secret-redactor.ts'
import { MIN_SECRET_LENGTH, secretTexts } from '../../../src/log/secret-texts.ts'
import { runs } from '../../support/runs.ts'

const mask = (text: string, secrets: string[]) => createSecretRedactor(secrets).redactText(text)
const secret = fc
  .string({ unit: 'grapheme', minLength: 12, maxLength: 80 })
  .filter(text => text.trim().length >= 12)
const padding = fc.string({ unit: 'grapheme', maxLength: 5 })

/** `encoded` is the part that depends on the secret alone: up to two characters at either end may survive. */
function expectMasked(encoded: string, around: string, secrets: string[]) {
  const masked = mask(around, secrets)
  expect(masked).toContain('***')
  expect(masked).not.toContain(encoded)
}

describe('secretForms', () => {
  it('does not mask very short values', () => {
    expect(secretTexts(['1', 'true', 'dev', ' \n', ''])).toEqual([])
    expect(mask('true story', ['true'])).toBe('true story')
    expect(mask('abcdef', ['a'.repeat(MIN_SECRET_LENGTH)])).toBe('abcdef')
  })

  it('masks the value itself, with or without a final line break', () => {
    expect(mask('token=hunter22!', ['hunter22\n'])).toBe('token=***!')
  })

  it('masks base64 at any offset of the secret in the encoded bytes', () => {
    fc.assert(
      fc.property(secret, padding, padding, (value, before, after) => {
        const whole = Buffer.from(before + value.trim() + after)
        for (const encoding of ['base64', 'base64url'] as const) {
          const start = Buffer.byteLength(before)
          const end = start + Buffer.byteLength(value.trim())
          const encoded = whole.toString(encoding)
          const core = encoded.slice(Math.ceil((start * 8) / 6), Math.floor((end * 8) / 6))
          expectMasked(core, encoded, [value])
        }
      }),
      runs(100),
    )
  })

  it('masks base64 in lines of 76 characters, as the `base64` command writes it', () => {
    const value = 'correct horse battery staple '.repeat(5)
    const lines = Buffer.from(value.trim()).toString('base64').replace(/.{76}/g, '$&\n')
    expect(mask(lines, [value]).replace(/=+$/, '')).toBe('***\n***\n***')
  })

  it('masks URL-encoded and JSON forms', () => {
    fc.assert(
      fc.property(secret, value => {
        const clean = value.trim().toWellFormed()
        for (const form of [
          encodeURIComponent(clean),
          new URLSearchParams({ x: clean }).toString().slice(2),
          JSON.stringify(clean).slice(1, -1),
        ])
          expectMasked(form, `<${form}>`, [value])
      }),
      runs(100),
    )
  })

  it('masks each line of a key', () => {
    const key = `-----BEGIN KEY-----\n${'MIIEvQIBADANBgkqh'.repeat(3)}\nkiG9w0BAQEFAASC\n-----END KEY-----\n`
    expect(mask('> MIIEvQIBADANBgkqhMIIEvQIBADANBgkqhMIIEvQIBADANBgkqh\r\n> kiG9w0BAQEFAASC\n', [key])).toBe(
      '> ***\r\n> ***\n',
    )
    expect(mask(JSON.stringify({ key: key.trim() }), [key])).toBe('{"key":"***"}')
  })
})
