import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../../src/log/redactor.ts'
import { runs } from '../../support/runs.ts'
import { split } from '../../support/split.ts'

/** The reference: masks every byte of every occurrence, with one `***` for each run of such bytes. */
function maskWhole(text: Buffer, secrets: string[]): Buffer {
  const masked = new Uint8Array(text.length)
  for (const secret of secrets.map(secret => Buffer.from(secret)).filter(secret => secret.length > 0)) {
    for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1))
      masked.fill(1, at, at + secret.length)
  }
  const out: number[] = []
  text.forEach((byte, at) => {
    if (!masked[at]) out.push(byte)
    else if (!masked[at - 1]) out.push(...Buffer.from('***'))
  })
  return Buffer.from(out)
}

function redact(chunks: Uint8Array[], secrets: string[]): Buffer {
  const redactor = createRedactor(secrets)
  const redacted = chunks.map(chunk => {
    const bytes = Buffer.from(chunk)
    const released = Buffer.from(redactor.write(bytes))
    // The next chunk is read into the same buffer.
    bytes.fill('#')
    return released
  })
  return Buffer.concat([...redacted, redactor.end()])
}

// Few letters, so that secrets overlap, touch, contain and prefix each other.
const dense = fc.string({ unit: fc.constantFrom('a', 'b', 'ä'), maxLength: 6 })
const denseText = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '\n'), maxLength: 60 })

describe('createRedactor', () => {
  it('masks the same in any chunks, and changes nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(dense, fc.string()), { maxLength: 6 }),
        fc.array(fc.oneof(denseText, fc.string(), fc.nat(5)), { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (secrets, pieces, cuts) => {
          const known = (piece: string | number) =>
            typeof piece === 'number' ? (secrets[piece] ?? '') : piece
          const text = Buffer.from(pieces.map(known).join(''))
          expect(redact(split(text, cuts), secrets)).toEqual(maskWhole(text, secrets))
        },
      ),
      runs(3000),
    )
  })

  it('leaves binary data unchanged', () => {
    const bytes = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 5 }), (noise, cuts) => {
        const text = Buffer.concat([noise, Buffer.from('a long secret'), noise])
        expect(redact(split(text, cuts), ['a long secret'])).toEqual(maskWhole(text, ['a long secret']))
      }),
    )
  })

  it('masks a secret that arrives byte by byte', () => {
    const chunks = [...Buffer.from('x hunter2hunter2 hunter y')].map(byte => Uint8Array.of(byte))
    expect(redact(chunks, ['hunter2']).toString()).toBe('x *** hunter y')
  })

  it('masks overlapping secrets as one', () => {
    expect(redact([Buffer.from('-abcdef-')], ['abcd', 'cdef']).toString()).toBe('-***-')
  })

  it('holds back only what can still become a secret', () => {
    const redactor = createRedactor(['secret'])
    expect(Buffer.from(redactor.write(Buffer.from('all but sec'))).toString()).toBe('all but ')
    expect(Buffer.from(redactor.write(Buffer.from('ond'))).toString()).toBe('second')
    expect(redactor.end()).toHaveLength(0)
  })

  it('returns the beginning of a secret at the end', () => {
    expect(redact([Buffer.from('secre')], ['secret']).toString()).toBe('secre')
  })

  it('masks texts independently of the stream', () => {
    const redactor = createRedactor(['secret'])
    redactor.write(Buffer.from('sec'))
    expect(redactor.redactText('ret secret')).toBe('ret ***')
    expect(Buffer.from(redactor.write(Buffer.from('ret!'))).toString()).toBe('***!')
  })

  it('reads each byte once, even if a long secret nearly matches', () => {
    const secret = `${'a'.repeat(4000)}b`
    const chunks = Array.from({ length: 20_000 }, () => Buffer.from('a'))
    expect(redact([...chunks, Buffer.from('b')], [secret]).toString()).toBe(`${'a'.repeat(16_000)}***`)
  })
})
